from odoo import fields, models
from odoo.tools import SQL


class TicketBillingUnbilled(models.Model):
    """Billable work that no invoice and no finished run has settled, by its age."""

    _name = "ticket.billing.unbilled"
    _description = "Unbilled Work"
    _auto = False
    _order = "date, id"
    _rec_name = "ticket_id"
    _depends = {
        "account.analytic.line": [
            "ticket_id", "billing_contract_id", "billing_type", "raw_minutes",
            "employee_id", "date", "company_id", "billing_outdated",
        ],
        "helpdesk.ticket": ["commercial_partner_id"],
        "res.company": ["currency_id"],
        "ticket.billing.charge": [
            "ticket_id", "contract_id", "billing_type", "date", "company_id",
        ],
        "ticket.billing.contract": ["partner_id", "currency_id", "policy_id"],
        "ticket.billing.item": [
            "entry_id", "charge_id", "visit_id", "live", "settled", "reopened",
            "raw_minutes", "net", "state",
        ],
        "ticket.billing.policy": ["travel_mode"],
        "ticket.billing.visit": [
            "ticket_id", "contract_id", "billing_type", "date", "company_id",
        ],
    }  # fmt: skip

    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    contract_id = fields.Many2one("ticket.billing.contract", readonly=True)
    ticket_id = fields.Many2one("helpdesk.ticket", readonly=True)
    source = fields.Selection(
        [("entry", "Time entry"), ("charge", "Charge"), ("visit", "Visit")],
        string="Kind",
        readonly=True,
    )
    entry_id = fields.Many2one(
        "account.analytic.line", string="Time entry", readonly=True
    )
    charge_id = fields.Many2one("ticket.billing.charge", readonly=True)
    visit_id = fields.Many2one("ticket.billing.visit", readonly=True)
    employee_id = fields.Many2one("hr.employee", string="Worker", readonly=True)
    date = fields.Date(string="Work date", readonly=True)
    age = fields.Integer(string="Age in days", readonly=True, aggregator="max")
    age_class = fields.Selection(
        [
            ("a", "Up to 30 days"),
            ("b", "31 to 60 days"),
            ("c", "61 to 90 days"),
            ("d", "More than 90 days"),
        ],
        string="Age",
        readonly=True,
    )
    minutes = fields.Integer(string="Worked", readonly=True)
    value = fields.Monetary(
        readonly=True, help="Net of the proposals of the last rating."
    )
    state = fields.Selection(
        [("unrated", "Not rated"), ("open", "Open"), ("held", "Held")], readonly=True
    )

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT work.*,
                   CASE WHEN work.age <= 30 THEN 'a'
                        WHEN work.age <= 60 THEN 'b'
                        WHEN work.age <= 90 THEN 'c'
                        ELSE 'd' END AS age_class
              FROM (
                    SELECT source.id * 3 + source.number AS id, source.source,
                           source.entry_id, source.charge_id, source.visit_id,
                           source.employee_id, source.date,
                           (now() AT TIME ZONE 'UTC')::date - source.date AS age,
                           source.raw_minutes - COALESCE(proposal.settled, 0)
                               AS minutes,
                           source.company_id, ticket.id AS ticket_id,
                           contract.id AS contract_id,
                           COALESCE(contract.partner_id,
                                    ticket.commercial_partner_id) AS partner_id,
                           COALESCE(contract.currency_id, company.currency_id)
                               AS currency_id,
                           COALESCE(proposal.value, 0) AS value,
                           COALESCE(proposal.state, 'unrated') AS state
                      FROM (%(entries)s UNION ALL %(charges)s UNION ALL %(visits)s)
                           AS source
                      JOIN helpdesk_ticket ticket ON ticket.id = source.ticket_id
                      JOIN res_company company ON company.id = source.company_id
                 LEFT JOIN ticket_billing_contract contract
                           ON contract.id = source.contract_id
                 LEFT JOIN LATERAL (%(proposal)s) AS proposal ON true
                     WHERE NOT COALESCE(proposal.is_settled, false)
                        OR COALESCE(proposal.is_reopened, false)
                        OR source.is_outdated
              ) AS work
            """,
            entries=self._get_entries(),
            charges=self._get_charges(),
            visits=self._get_visits(),
            proposal=self._get_proposal(),
        )

    def _get_entries(self) -> SQL:
        return SQL(
            """
            SELECT id, 0 AS number, 'entry' AS source, id AS entry_id,
                   NULL::int AS charge_id, NULL::int AS visit_id, employee_id, date,
                   raw_minutes, company_id, ticket_id,
                   billing_contract_id AS contract_id,
                   COALESCE(billing_outdated, false) AS is_outdated
              FROM account_analytic_line
             WHERE ticket_id IS NOT NULL
               AND COALESCE(billing_type, 'billable') = 'billable'
            """
        )

    def _get_charges(self) -> SQL:
        return SQL(
            """
            SELECT id, 1, 'charge', NULL, id, NULL, NULL, date, 0, company_id,
                   ticket_id, contract_id, false
              FROM ticket_billing_charge
             WHERE billing_type = 'billable'
            """
        )

    def _get_visits(self) -> SQL:
        """Visits whose way is charged."""
        return SQL(
            """
            SELECT visit.id, 2, 'visit', NULL, NULL, visit.id, NULL, visit.date, 0,
                   visit.company_id, visit.ticket_id, visit.contract_id, false
              FROM ticket_billing_visit visit
              JOIN ticket_billing_contract contract ON contract.id = visit.contract_id
              JOIN ticket_billing_policy policy ON policy.id = contract.policy_id
             WHERE visit.billing_type = 'billable' AND policy.travel_mode <> 'none'
            """
        )

    def _get_proposal(self) -> SQL:
        """What the ledger says about one source."""
        return SQL(
            """
            SELECT bool_or(settled) AS is_settled,
                   bool_or(reopened) AS is_reopened,
                   sum(raw_minutes) FILTER (WHERE settled) AS settled,
                   sum(net) FILTER (WHERE state = 'open' AND NOT settled) AS value,
                   CASE WHEN bool_or(state = 'held') THEN 'held'
                        WHEN bool_or(NOT settled) THEN 'open' END AS state
              FROM ticket_billing_item item
             WHERE item.live
               AND (item.entry_id = source.entry_id
                    OR item.charge_id = source.charge_id
                    OR item.visit_id = source.visit_id)
            """
        )
