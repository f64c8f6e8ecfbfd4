from . import ticket_billing_hook_secret
