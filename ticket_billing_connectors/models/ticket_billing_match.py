from collections import defaultdict
from typing import NamedTuple

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import email_normalize

from ..tools.names import mail_domain, mail_domains
from .ticket_billing_link import MODELS


class Match(NamedTuple):
    """Who or what a remote key stands for: ``record``, or a ``reason`` why not."""

    record: models.Model | None = None
    reason: str = ""
    link: models.Model | None = None


def compact(number) -> str:
    """Return a VAT number as it is stored: without blanks, in capitals."""
    return "".join((number or "").split()).upper()


class TicketBillingMatch(models.AbstractModel):
    """Finds customers, employees and work types for remote keys, in batches.

    What was mapped once stays. Otherwise rules are tried in order; the first that
    fits exactly one record maps it, and several hits are left to a person, with
    proposals.
    """

    _name = "ticket.billing.match"
    _description = "Matching of Remote Records"
    _inherit = ["ticket.billing.import.base", "ticket.billing.matcher"]

    # Customers

    @api.model
    def _get_customer_key(self, ticket) -> str:
        """Return what identifies the customer of ``ticket``, '' if nothing does."""
        return ticket.customer_key or ticket.contact_key or ticket.contact_email

    @api.model
    def _match_customers(self, connector, tickets) -> dict:
        """Return a Match by customer key for ``tickets``."""
        facts = {}
        emails = defaultdict(set)
        for ticket in tickets:
            key = self._get_customer_key(ticket)
            if key:
                facts.setdefault(key, ticket)
                emails[key].add(ticket.contact_email)
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
        self._map_links(links, self._get_customer_rules(links, emails))
        return self._get_matches(links, "customer")

    @api.model
    def _learn_organisations(self, connector, organisations):
        """Remember what is known of customers, for matching now and later."""
        self._for(connector)._ensure_links(
            connector,
            "customer",
            {
                organisation.remote_id: {
                    "remote_name": organisation.name,
                    "remote_number": organisation.number,
                    "remote_email": organisation.email,
                    "remote_domain": organisation.domain,
                    "remote_vat": organisation.vat,
                }
                for organisation in organisations
            },
        )

    @api.model
    def _get_customer_rules(self, links, emails=None):
        """Return what a customer is known by, the surest first. ``emails`` are those
        of the contacts by key, beside the one on the link."""
        by_key = {link.remote_id: link for link in links}
        emails = {
            key: {link.remote_email, *(emails or {}).get(key, ())} - {False, ""}
            for key, link in by_key.items()
        }

        def wanted(read):
            return lambda keys: {key: read(by_key[key]) for key in keys}

        numbers = wanted(lambda link: {link.remote_id, link.remote_number})
        vats = wanted(lambda link: {compact(link.remote_vat)})
        names = wanted(lambda link: {link.remote_name or link.remote_id})
        return [
            ("reference", lambda keys: self._partners_by("ref", numbers(keys))),
            ("vat", lambda keys: self._partners_by("vat", vats(keys))),
            (
                "email",
                lambda keys: self._partners_by(
                    "email_normalized", {key: emails[key] for key in keys}
                ),
            ),
            (
                "domain",
                lambda keys: self._partners_by_domain(
                    {
                        key: mail_domains(by_key[key].remote_domain)
                        | {mail_domain(email) for email in emails[key]}
                        for key in keys
                    }
                ),
            ),
            ("name", lambda keys: self._partners_by("name", names(keys))),
        ]

    @api.model
    def _partners_by(self, field, wanted) -> dict:
        """Return customers whose ``field`` is among the values wanted for a key."""
        wanted = {
            key: {self._normal(field, value) for value in values if value}
            for key, values in wanted.items()
        }
        every = set().union(*wanted.values())
        if not every:
            return {}
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

    @api.model
    def _partners_by_domain(self, wanted) -> dict:
        """Return customers with a mail address of one of the domains wanted."""
        every = set().union(*wanted.values()) - {""}
        if not every:
            return {}
        company = self.env.company
        domain = Domain("company_id", "in", [False, company.id]) & Domain.OR(
            Domain("email_normalized", "=like", f"%@{name}") for name in every
        )
        found = defaultdict(self.env["res.partner"].browse)
        for partner in self.env["res.partner"].search(domain):
            # Our own people write tickets too.
            customer = partner.commercial_partner_id - company.partner_id
            found[mail_domain(partner.email_normalized)] |= customer
        none = self.env["res.partner"]
        return {
            key: none.union(*(found[name] for name in names if name))
            for key, names in wanted.items()
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
        self._map_links(links, self._get_agent_rules(links))
        return self._get_matches(links, "agent")

    @api.model
    def _get_agent_rules(self, links):
        by_key = {link.remote_id: link for link in links}
        employees = self.env["hr.employee"].search(
            [("company_id", "in", links.company_id.ids)]
        )

        def fitting(rule):
            return lambda keys: {
                key: employees.filtered(lambda e, k=key: rule(e, by_key[k]))
                for key in keys
            }

        return [
            ("email", fitting(self._has_email)),
            ("login", fitting(self._has_login)),
            ("name", fitting(self._has_name)),
        ]

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
        self._map_links(links, self._get_activity_rules(links))
        matches = self._get_matches(links, "activity")
        return matches | {"": Match(connector.work_type_id)}

    @api.model
    def _get_activity_rules(self, links):
        types = self.env["ticket.billing.work.type"].search(
            [("company_id", "in", [False, *links.company_id.ids])]
        )

        def fitting(field):
            return lambda keys: {
                key: types.filtered(lambda t, k=key: t[field].lower() == k.lower())
                for key in keys
            }

        return [("code", fitting("code")), ("name", fitting("name"))]

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
    def _match_again(self, links):
        """Look once more for what fits the unmapped ``links``."""
        groups = links.grouped(lambda link: (link.connector_id, link.remote_type))
        for (connector, remote_type), same in groups.items():
            here = self._for(connector)
            get_rules = getattr(here, f"_get_{remote_type}_rules")
            here._map_links(same.with_env(here.env), get_rules(same))

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
