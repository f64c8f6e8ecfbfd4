from . import ticket_billing_preview, ticket_billing_preview_line
