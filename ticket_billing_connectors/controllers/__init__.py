from . import api, hook
