from . import (
    test_customer_pages,
    test_many_entries,
    test_portal_domain,
    test_portal_pages,
    test_translation,
)
