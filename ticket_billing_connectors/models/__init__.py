# Mixins come before the models that inherit from them.
from . import ticket_billing_secret_mixin  # isort: skip
from . import ticket_billing_remote_mixin  # isort: skip
from . import ticket_billing_import_base  # isort: skip
from . import ticket_billing_match  # isort: skip
from . import ticket_billing_ticket_import  # isort: skip
from . import ticket_billing_entry_import  # isort: skip
from . import ticket_billing_import  # isort: skip
from . import ticket_billing_suggestion_import  # isort: skip
from . import (
    account_analytic_line,
    account_move,
    helpdesk_ticket,
    ticket_billing_connector,
    ticket_billing_connector_oauth,
    ticket_billing_connector_protocol,
    ticket_billing_connector_settings,
    ticket_billing_connector_suggestion,
    ticket_billing_inbox,
    ticket_billing_link,
    ticket_billing_oauth_token,
    ticket_billing_personal_data,
    ticket_billing_procedure,
    ticket_billing_suggestion,
    ticket_billing_sync_log,
)

# Parts of models above.
from . import ticket_billing_connector_hook  # isort: skip
from . import ticket_billing_connector_write_back  # isort: skip
from . import ticket_billing_import_order  # isort: skip
from . import ticket_billing_hook_event  # isort: skip
from . import ticket_billing_write_back  # isort: skip
from . import ticket_billing_write_back_sender  # isort: skip
