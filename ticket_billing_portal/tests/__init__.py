from . import test_portal_domain, test_portal_pages, test_translation
