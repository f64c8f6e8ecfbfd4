from odoo import api, models
from odoo.fields import Domain

from ..tools.names import likeness, same_name, words_of

#: How sure a rule is, in percent.
SCORES = {
    "reference": 100,
    "code": 100,
    "barcode": 100,
    "vat": 98,
    "email": 95,
    "login": 95,
    "name": 90,
    "domain": 75,
}
#: A name that is merely alike says less than an equal one.
ALIKE = 0.85
MIN_SCORE = 50
MAX_PROPOSALS = 3
#: From this score on, and so far ahead of the next, a proposal is certain.
CERTAIN, AHEAD = 88, 15
#: Words of names shorter than this are in too many names.
MIN_WORD = 4


class TicketBillingMatcher(models.AbstractModel):
    """Maps links by rules, and proposes records for what stays open."""

    _name = "ticket.billing.matcher"
    _description = "Proposals for Remote Records"

    @api.model
    def _map_links(self, links, rules):
        """Map what is not mapped: by the first rule that fits exactly one record.

        ``rules`` are (name, function of keys that returns records by key). Where a
        rule fits several records, later ones only choose among these.
        """
        remaining = {link.remote_id: link for link in links if link.state == "unmapped"}
        found = {key: {} for key in remaining}
        for name, rule in rules:
            if not remaining:
                return
            for key, records in rule(list(remaining)).items():
                link, known = remaining.get(key), found.get(key)
                if not link:
                    continue
                fitting = records.filtered(lambda r, k=known: r in k) if known else None
                fitting = records if fitting is None else fitting
                for record in records:
                    known.setdefault(record, name)
                if len(fitting) == 1 and link._may_be_mapped():
                    link.write(self._prepare_mapping(fitting, name))
                    del remaining[key]
        for key, link in remaining.items():
            self._propose(link, found[key])

    @api.model
    def _prepare_mapping(self, record, name) -> dict:
        return {
            "res_id": record.id,
            "ambiguous": False,
            "matched_by": name,
            "proposals": False,
            "best_score": 0,
            "certain": False,
        }

    @api.model
    def _propose(self, link, found):
        """Keep the best of ``found`` (rule by record) and of similar names."""
        scores = {record.id: (SCORES[name], name) for record, name in found.items()}
        for record in self._get_similar(link):
            score = self._get_name_score(link, record)
            if score >= MIN_SCORE:
                scores.setdefault(record.id, (score, "similar"))
        best = sorted(scores.items(), key=lambda item: (-item[1][0], item[0]))
        ranks = [score for _id, (score, _name) in best] + [0, 0]
        vals = {
            "ambiguous": len(found) > 1,
            "proposals": [
                {"id": record_id, "score": score, "reason": name}
                for record_id, (score, name) in best[:MAX_PROPOSALS]
            ]
            or False,
            "best_score": ranks[0],
            "certain": ranks[0] >= CERTAIN and ranks[0] - ranks[1] >= AHEAD,
        }
        news = {name: value for name, value in vals.items() if link[name] != value}
        if news:
            link.write(news)

    @api.model
    def _get_name_score(self, link, record) -> int:
        names = {link.remote_name, link.remote_login, link.remote_id} - {False, ""}
        if any(same_name(name, record.name) for name in names):
            return SCORES["name"]
        return round(ALIKE * max(likeness(name, record.name) for name in names))

    @api.model
    def _get_similar(self, link):
        """Return records whose names may be like the link's."""
        company = link.company_id
        if link.remote_type == "agent":
            return self.env["hr.employee"].search([("company_id", "=", company.id)])
        shared = [("company_id", "in", [False, company.id])]
        if link.remote_type == "activity":
            return self.env["ticket.billing.work.type"].search(shared)
        name = link.remote_name or link.remote_id
        words = [word for word in words_of(name) if len(word) >= MIN_WORD]
        # As typed too: words_of() spells umlauts in another way.
        words += [word for word in name.split() if len(word) >= MIN_WORD]
        if not words:
            return self.env["res.partner"]
        alike = Domain.OR(Domain("name", "ilike", word) for word in set(words))
        if link.remote_type == "product":
            products = self.env["product.product"]
            return products.search(Domain(shared) & alike, limit=50)
        own = Domain("parent_id", "=", False) & Domain(shared)
        return self.env["res.partner"].search(own & alike, limit=50)
