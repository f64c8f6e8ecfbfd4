from . import api, hook, oauth
