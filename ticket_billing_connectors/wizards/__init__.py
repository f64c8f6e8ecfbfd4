from . import (
    ticket_billing_file_import,
    ticket_billing_file_import_column,
    ticket_billing_file_import_line,
)
