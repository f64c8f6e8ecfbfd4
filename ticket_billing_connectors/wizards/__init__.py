from . import (
    ticket_billing_hook_secret,
    ticket_billing_preview,
    ticket_billing_preview_line,
)
