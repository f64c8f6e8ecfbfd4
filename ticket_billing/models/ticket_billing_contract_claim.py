from odoo import fields, models


class TicketBillingContractClaim(models.Model):
    """Contracts are billed and rated by one transaction at a time."""

    _inherit = "ticket.billing.contract"

    billing_claims = fields.Integer(
        readonly=True,
        copy=False,
        help="How often the work of this contract was rated or billed.",
    )

    def _claim(self):
        """Keep these contracts for this transaction, until it ends.

        Counting up, and not only locking, makes PostgreSQL refuse whoever began
        before this transaction ended and so does not see what it has settled.

        :return: the contracts on which nobody else is working
        :raise SerializationFailure: when somebody else has just finished one
        """
        free = self.try_lock_for_update(allow_referencing=True)
        for contract in free:
            contract.billing_claims += 1
        free.flush_recordset(["billing_claims"])
        return free
