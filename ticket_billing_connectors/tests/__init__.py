from . import test_access
from . import test_connector
from . import test_import
from . import test_mapping
from . import test_secret
