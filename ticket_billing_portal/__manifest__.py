{
    "name": "Ticket Billing Portal",
    "summary": "Customers see what was done for them, what it costs and why, their"
    " contract and what is left of it",
    "version": "19.0.1.0.0",
    "license": "AGPL-3",
    "category": "Services/Helpdesk",
    "author": "ticket_billing contributors",
    "website": "https://github.com/ticket-billing/ticket_billing",
    "depends": ["ticket_billing", "portal", "helpdesk_mgmt", "account"],
    "demo": ["demo/ticket_billing_portal_demo.xml"],
    "data": [
        "views/portal_time_templates.xml",
        "views/portal_hours_templates.xml",
        "views/portal_home_templates.xml",
        "views/portal_contract_templates.xml",
        "report/ticket_billing_period_report.xml",
        "views/ticket_billing_policy_views.xml",
        "views/helpdesk_ticket_templates.xml",
        "views/account_move_templates.xml",
    ],
}
