from . import (
    test_access,
    test_bad_input,
    test_billing,
    test_contract,
    test_credit_note,
    test_delivery,
    test_invoice_values,
    test_item,
    test_report,
    test_run,
    test_time_entry,
    test_translation,
)
