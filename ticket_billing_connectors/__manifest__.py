{
    "name": "Ticket Billing Connectors",
    "summary": "Reads tickets and times from other ticket systems, each once, and"
    " holds what needs a decision",
    "version": "19.0.1.0.0",
    "license": "AGPL-3",
    "category": "Services/Helpdesk",
    "author": "ticket_billing contributors",
    "website": "https://github.com/ticket-billing/ticket_billing",
    "depends": ["ticket_billing"],
    "external_dependencies": {
        "python": ["requests", "cryptography", "jmespath", "zeep"]
    },
    "data": [
        "security/ticket_billing_connectors_groups.xml",
        "security/ir.model.access.csv",
        "security/ticket_billing_connectors_rules.xml",
        "data/mail_activity_type.xml",
        "data/ir_cron.xml",
        "views/ticket_billing_inbox_views.xml",
        "views/ticket_billing_link_views.xml",
        "views/ticket_billing_sync_log_views.xml",
        "views/ticket_billing_connector_views.xml",
        "views/ticket_billing_connector_settings_views.xml",
        "views/ticket_billing_connector_oauth_views.xml",
        "views/ticket_billing_connector_protocol_views.xml",
        "views/ticket_billing_suggestion_views.xml",
        "views/helpdesk_ticket_views.xml",
        "views/ticket_billing_connectors_menus.xml",
    ],
}
