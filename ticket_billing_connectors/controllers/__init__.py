from . import hook
from . import api
