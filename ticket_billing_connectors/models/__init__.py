# Mixins come before the models that inherit from them.
from . import ticket_billing_secret_mixin  # isort: skip
from . import ticket_billing_remote_mixin  # isort: skip
from . import ticket_billing_connector_part  # isort: skip
from . import ticket_billing_import_base  # isort: skip
from . import ticket_billing_matcher  # isort: skip
from . import ticket_billing_match  # isort: skip
from . import ticket_billing_ticket_import  # isort: skip
from . import ticket_billing_entry_import  # isort: skip
from . import ticket_billing_import  # isort: skip
from . import ticket_billing_suggestion_import  # isort: skip
from . import ticket_billing_remap  # isort: skip
from . import ticket_billing_after_billing  # isort: skip
from . import ticket_billing_charge_import  # isort: skip
from . import (
    account_analytic_line,
    account_move,
    helpdesk_ticket,
    res_partner,
    ticket_billing_connector,
    ticket_billing_connector_form,
    ticket_billing_connector_oauth,
    ticket_billing_connector_people,
    ticket_billing_connector_protocol,
    ticket_billing_connector_settings,
    ticket_billing_connector_suggestion,
    ticket_billing_connector_sync,
    ticket_billing_inbox,
    ticket_billing_inbox_actions,
    ticket_billing_link,
    ticket_billing_link_decision,
    ticket_billing_mapping_rule,
    ticket_billing_oauth_token,
    ticket_billing_payload,
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
from . import (  # isort: skip
    ticket_billing_api,
    ticket_billing_api_answer,
    ticket_billing_api_call,
    ticket_billing_api_key,
    ticket_billing_api_key_show,
    ticket_billing_connector_pushed,
    ticket_billing_connector_rest,
    ticket_billing_inbox_charge,
    ticket_billing_intake,
    ticket_billing_intake_state,
    ticket_billing_link_charge,
    ticket_billing_match_customer,
)
