from collections import defaultdict
from typing import NamedTuple

from odoo import api, models
from odoo.tools import email_normalize

from .ticket_billing_link import MODELS


class Match(NamedTuple):
    """Who or what a remote key stands for: ``record``, or a ``reason`` why not."""

    record: models.Model | None = None
    reason: str = ""
    link: models.Model | None = None


class TicketBillingMatch(models.AbstractModel):
    """Finds customers, employees and work types for remote keys, in batches.

    What was mapped once stays. Otherwise rules are tried in order; the first that
    fits exactly one record maps it, and several hits are left to a person.
    """

    _name = "ticket.billing.match"
    _description = "Matching of Remote Records"
    _inherit = "ticket.billing.import.base"

    # Customers

    @api.model
    def _get_customer_key(self, ticket) -> str:
        """Return what identifies the customer of ``ticket``, '' if nothing does."""
        return ticket.customer_key or ticket.contact_key or ticket.contact_email

    @api.model
    def _match_customers(self, connector, tickets) -> dict:
        """Return a Match by customer key for ``tickets``."""
        facts = {}
        for ticket in tickets:
            key = self._get_customer_key(ticket)
            if key:
                facts.setdefault(key, ticket)
        links = self._ensure_links(
            connector,
            "customer",
            {
                key: {
                    "remote_name": ticket.customer_name,
                    "remote_email": ticket.contact_email,
                }
                for key, ticket in facts.items()
            },
        )
        emails = defaultdict(set)
        for ticket in tickets:
            if ticket.contact_email:
                emails[self._get_customer_key(ticket)].add(ticket.contact_email)
        rules = [
            lambda keys: self._partners_by("ref", {key: {key} for key in keys}),
            lambda keys: self._partners_by("email_normalized", emails),
            lambda keys: self._partners_by(
                "name", {key: {facts[key].customer_name or key} for key in keys}
            ),
        ]
        self._map_links(links, rules)
        return self._get_matches(links, "customer")

    @api.model
    def _partners_by(self, field, wanted) -> dict:
        """Return customers whose ``field`` is among the values wanted for a key."""
        wanted = {
            key: {self._normal(field, value) for value in values}
            for key, values in wanted.items()
        }
        every = set().union(*wanted.values())
        partners = self.env["res.partner"].search(
            [
                (field, "in", list(every)),
                ("company_id", "in", [False, self.env.company.id]),
            ]
        )
        by_value = partners.grouped(field)
        none = self.env["res.partner"]
        return {
            key: none.union(
                *(by_value.get(value, none) for value in values)
            ).commercial_partner_id
            for key, values in wanted.items()
        }

    def _normal(self, field, value):
        if field == "email_normalized":
            return email_normalize(value) or value
        return value

    @api.model
    def _match_contacts(self, connector, tickets, customers) -> dict:
        """Return the contact by ticket id, where one of the customer's is known."""
        emails = {t.contact_email for t in tickets if t.contact_email}
        partners = self.env["res.partner"].search(
            [
                ("email_normalized", "in", list(emails)),
                ("company_id", "in", [False, self.env.company.id]),
            ]
        )
        known = {(p.email_normalized, p.commercial_partner_id): p for p in partners}
        contacts = {}
        for ticket in tickets:
            customer = customers.get(self._get_customer_key(ticket), Match()).record
            contact = known.get((ticket.contact_email, customer))
            if customer and contact:
                contacts[ticket.remote_id] = contact
        return contacts

    # Agents

    @api.model
    def _learn_agents(self, connector, agents):
        """Remember what is known of agents, for matching now and later."""
        self._ensure_links(
            connector,
            "agent",
            {
                agent.key: {
                    "remote_login": agent.login,
                    "remote_name": agent.name,
                    "remote_email": agent.email,
                }
                for agent in agents
                if agent.key
            },
        )

    @api.model
    def _match_agents(self, connector, keys) -> dict:
        """Return a Match by agent key."""
        facts = {key: {} for key in keys if key}
        links = self._ensure_links(connector, "agent", facts)
        by_key = {link.remote_id: link for link in links}
        employees = self.env["hr.employee"].search(
            [("company_id", "=", connector.company_id.id)]
        )
        rules = [
            lambda keys, rule=rule: {
                key: employees.filtered(lambda e, key=key: rule(e, by_key[key]))
                for key in keys
            }
            for rule in (self._has_email, self._has_login, self._has_name)
        ]
        self._map_links(links, rules)
        return self._get_matches(links, "agent")

    def _has_email(self, employee, link):
        email = email_normalize(link.remote_email or link.remote_login or "")
        return bool(email) and email == email_normalize(employee.work_email or "")

    def _has_login(self, employee, link):
        login = (link.remote_login or "").lower()
        return bool(login) and login == (employee.user_id.login or "").lower()

    def _has_name(self, employee, link):
        return bool(link.remote_name) and link.remote_name == employee.name

    # Activities

    @api.model
    def _match_activities(self, connector, names) -> dict:
        """Return a Match by name of activity; '' is the default work type."""
        names = {name for name in names if name}
        links = self._ensure_links(
            connector, "activity", {name: {"remote_name": name} for name in names}
        )
        types = self.env["ticket.billing.work.type"].search(
            [("company_id", "in", [False, connector.company_id.id])]
        )
        rules = [
            lambda keys, field=field: {
                key: types.filtered(
                    lambda t, key=key, field=field: t[field].lower() == key.lower()
                )
                for key in keys
            }
            for field in ("code", "name")
        ]
        self._map_links(links, rules)
        matches = self._get_matches(links, "activity")
        return matches | {"": Match(connector.work_type_id)}

    # Links

    @api.model
    def _ensure_links(self, connector, remote_type, facts):
        """Return links for the keys of ``facts``, with these facts kept on them."""
        links = self._find_links(connector, remote_type, facts)
        for link in links:
            news = {
                name: value
                for name, value in facts[link.remote_id].items()
                if value and link[name] != value
            }
            if news:
                link.write(news)
        missing = facts.keys() - set(links.mapped("remote_id"))
        return links + links.create(
            [
                {
                    "connector_id": connector.id,
                    "remote_type": remote_type,
                    "remote_id": key,
                    **facts[key],
                }
                for key in sorted(missing)
            ]
        )

    @api.model
    def _map_links(self, links, rules):
        """Map what is not mapped: by the first rule that fits exactly one record."""
        remaining = {link.remote_id: link for link in links if link.state == "unmapped"}
        for rule in rules:
            if not remaining:
                return
            for key, found in rule(list(remaining)).items():
                link = remaining.get(key)
                if link and len(found) == 1:
                    link.write({"res_id": found.id, "ambiguous": False})
                    del remaining[key]
                elif link and len(found) > 1 and not link.ambiguous:
                    link.ambiguous = True

    @api.model
    def _get_matches(self, links, remote_type) -> dict:
        """Return a Match by remote id; archived records are no match."""
        records = self._find_targets(MODELS[remote_type], links)
        matches = {}
        for link in links:
            record, reason = records.get(link.remote_id), ""
            if not record:
                reason = f"{'ambiguous' if link.ambiguous else 'unknown'}_{remote_type}"
            elif not record.active:
                reason = f"archived_{remote_type}"
            matches[link.remote_id] = Match(record, reason, link)
        return matches
