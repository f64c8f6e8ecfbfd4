from . import (
    ticket_billing_file_import,
    ticket_billing_file_import_column,
    ticket_billing_file_import_line,
    ticket_billing_hook_secret,
    ticket_billing_preview,
    ticket_billing_preview_line,
)
