from . import (
    test_customer_pages,
    test_many_entries,
    test_portal_approval,
    test_portal_domain,
    test_portal_notices,
    test_portal_pages,
    test_portal_roles,
    test_portal_security,
    test_translation,
)
