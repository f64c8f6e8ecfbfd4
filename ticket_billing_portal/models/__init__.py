from . import account_analytic_line, ticket_billing_allotment, ticket_billing_item
