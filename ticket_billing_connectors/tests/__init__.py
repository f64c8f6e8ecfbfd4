from . import (
    test_access,
    test_connector,
    test_declared_system,
    test_hook_event,
    test_hook_request,
    test_import,
    test_listed_time,
    test_mapping,
    test_procedure,
    test_secret,
    test_translation,
    test_write_back,
)
