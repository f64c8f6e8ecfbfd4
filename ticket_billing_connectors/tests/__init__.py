from . import (
    test_access,
    test_api,
    test_api_description,
    test_api_security,
    test_connector,
    test_declared_system,
    test_import,
    test_mapping,
    test_procedure,
    test_secret,
    test_translation,
)
