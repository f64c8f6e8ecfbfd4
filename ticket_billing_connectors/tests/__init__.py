from . import (
    test_access,
    test_connector,
    test_declared_system,
    test_import,
    test_listed_time,
    test_mapping,
    test_oauth,
    test_procedure,
    test_protocol,
    test_secret,
    test_suggestion,
    test_translation,
)
