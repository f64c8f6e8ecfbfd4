from . import hook, oauth
