from . import (
    account_analytic_line,
    account_move,
    account_move_line,
    helpdesk_ticket,
    res_partner,
    res_users,
    ticket_billing_allotment,
    ticket_billing_contract,
    ticket_billing_item,
    ticket_billing_policy,
    ticket_billing_service_report,
    ticket_billing_surcharge,
)
