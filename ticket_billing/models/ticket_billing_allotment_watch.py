from odoo import api, models
from odoo.fields import Domain

BATCH = 100


class TicketBillingAllotmentWatch(models.AbstractModel):
    """Tells the responsible of a contract when an allotment runs out.

    An allotment keeps what it was warned of (period and percent) and the activity,
    so that each threshold is told once per period.
    """

    _name = "ticket.billing.allotment.watch"
    _description = "Warnings of Allotments"

    @api.model
    def _cron_watch(self):
        """Scheduled action: look at all allotments that can be or were warned of.

        It stands apart from billing: neither waits for the other.
        """
        cron = self.env["ir.cron"]
        allotments = self.env["ticket.billing.allotment"].search(
            Domain("contract_id.state", "=", "active")
            | Domain("warning_activity_id", "!=", False)
        )
        contracts = allotments.contract_id
        cron._commit_progress(remaining=len(contracts))
        for start in range(0, len(contracts), BATCH):
            batch = contracts[start : start + BATCH]
            self._watch(batch.allotment_ids & allotments)
            if not cron._commit_progress(len(batch)):
                break

    @api.model
    def _watch(self, allotments):
        """Open and close warnings; queries do not grow with what stays as it is."""
        allotments = allotments.sudo()
        usage = allotments._get_usage()
        for allotment in allotments:
            balance = usage.get(allotment)
            period = balance.period if balance else False
            self._update(allotment, period, allotment._get_reached(balance))

    @api.model
    def _update(self, allotment, period, reached: int):
        warned = allotment.warned_percent if allotment.warned_period == period else 0
        activity = allotment.warning_activity_id
        if reached == warned and (reached or not activity.active):
            return
        if activity.active:
            # Another threshold, or none: what it says is no longer true.
            activity.unlink()
            warned = 0
        values = {"warned_period": period, "warned_percent": max(reached, warned)}
        if reached > warned:
            values["warning_activity_id"] = self._warn(allotment, period, reached).id
        allotment.write(values)

    @api.model
    def _warn(self, allotment, period, reached: int):
        contract = allotment.contract_id
        user = contract.user_id or self.env.user
        allotment = allotment.with_context(lang=user.lang or self.env.lang)
        return contract.activity_schedule(
            "ticket_billing.mail_activity_allotment",
            summary=allotment._get_warning_title(reached),
            note=allotment._get_warning_note(period, reached),
            user_id=user.id,
        )
