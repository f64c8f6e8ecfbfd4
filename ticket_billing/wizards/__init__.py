from . import ticket_billing_correction
