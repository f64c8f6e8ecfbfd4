from . import (
    helpdesk_ticket,
    ticket_billing_connector,
    ticket_billing_import,
    ticket_billing_inbox,
    ticket_billing_link,
    ticket_billing_match,
    ticket_billing_secret_mixin,
    ticket_billing_sync_log,
)
