import re

from odoo import api, models

from ..intake.checks import check_row
from ..intake.messages import (
    PAGE_MOST,
    PAGE_USUAL,
    Incoming,
    Outgoing,
    Problem,
    pointer,
)
from ..intake.tables import MAX_ROWS, TABLES, Table

#: Status of an answer by what became of the record.
STATUS = {"new": 201, "held": 202}


class TicketBillingApi(models.AbstractModel):
    """What a request does, once it is known whose it is."""

    _name = "ticket.billing.api"
    _description = "Ingestion API"

    @api.model
    def _serve(self, key, incoming: Incoming) -> Outgoing:
        """Answer a request with an API key.

        :raises Problem: it is refused, and nothing was changed
        """
        table = TABLES.get(incoming.collection)
        if not table:
            known = ", ".join(TABLES)
            raise Problem(404, f"There is no such thing. There are: {known}.")
        self._check_method(table, incoming)
        key._check_right(incoming.writes)
        if not incoming.writes:
            return self._read(key, table, incoming)
        key.connector_id._claim_intake()
        answers = self.env["ticket.billing.api.answer"]
        answer = answers._find(key, incoming) if incoming.once else None
        if answer is None:
            answer = self._write(key, table, incoming)
            if incoming.once:
                answers._keep(key, incoming, answer)
        return answer

    @api.model
    def _check_method(self, table, incoming):
        allowed = ["GET", "PUT" if incoming.key else "POST"]
        if incoming.key and table.can_withdraw:
            allowed.append("DELETE")
        elif not incoming.key:
            allowed.append("PUT")
        if incoming.method not in allowed:
            names = ", ".join(allowed)
            raise Problem(405, f"Use {names} here.", headers={"Allow": names})
        if len(incoming.once) > 255:
            raise Problem(400, "An Idempotency-Key has 255 characters at most.")

    # Writing

    @api.model
    def _write(self, key, table, incoming) -> Outgoing:
        if incoming.method == "DELETE":
            return self._withdraw(key, table, incoming.key)
        data = incoming.read_json()
        if isinstance(data, list) and not incoming.key:
            return self._write_batch(key, table, data)
        values = self._check_single(table, data, incoming.key)
        outcome = self._take(key, table, [values])[values["id"]]
        answer = self._describe(values["id"], outcome)
        return Outgoing.of(STATUS.get(outcome.state, 200), answer, rows=1)

    @api.model
    def _withdraw(self, key, table, remote_id) -> Outgoing:
        states = self.env["ticket.billing.intake.state"]
        if not states._get_states(key.connector_id, table, [remote_id]):
            raise self._unknown(table)
        intake = self.env["ticket.billing.intake"]
        outcome = intake._withdraw(key.connector_id, table, remote_id)
        key.connector_id._update_activity()
        answer = self._describe(remote_id, outcome)
        return Outgoing.of(STATUS.get(outcome.state, 200), answer, rows=1)

    @api.model
    def _unknown(self, table):
        return Problem(404, f"There is no {table.label} with this id.")

    @api.model
    def _check_single(self, table, data, key) -> dict:
        """Return the values of one record; the id may stand in the path alone.

        :raises Problem: a value is wrong
        """
        if key and isinstance(data, dict):
            data = {"id": key, **data}
        checked = check_row(table, data)
        errors = [(pointer(name), str(why)) for name, why in checked.errors]
        if key and not errors and checked.values["id"] != key:
            errors = [(pointer("id"), "It is not the id of the address.")]
        if errors:
            raise self._refusal(errors)
        return checked.values

    @api.model
    def _refusal(self, errors):
        return Problem(
            422, "Some values are wrong: correct them and send it again.", errors
        )

    @api.model
    def _write_batch(self, key, table, rows) -> Outgoing:
        """Take in each of ``rows`` for itself: a bad one keeps out no other."""
        if not 1 <= len(rows) <= MAX_ROWS:
            raise Problem(422, f"Send 1 to {MAX_ROWS} records at once.")
        good, results, seen = [], [None] * len(rows), set()
        for index, row in enumerate(rows):
            checked = check_row(table, row)
            errors = [(pointer(index, name), str(why)) for name, why in checked.errors]
            if not errors and checked.values["id"] in seen:
                errors = [(pointer(index, "id"), "It is in this batch twice.")]
            if errors:
                results[index] = self._refusal(errors).as_dict()
            else:
                seen.add(checked.values["id"])
                good.append((index, checked.values))
        outcomes = self._take(key, table, [values for _index, values in good])
        for index, values in good:
            outcome = outcomes[values["id"]]
            status = STATUS.get(outcome.state, 200)
            described = self._describe(values["id"], outcome)
            results[index] = {"status": status, **described}
        return Outgoing.of(207, {"results": results}, rows=len(rows))

    @api.model
    def _take(self, key, table, rows):
        outcomes = self.env["ticket.billing.intake"]._take(
            key.connector_id, table, rows
        )
        key.connector_id._update_activity()
        return outcomes

    @api.model
    def _describe(self, remote_id, outcome) -> dict:
        answer = {"id": remote_id, "outcome": outcome.state}
        if outcome.reason:
            answer |= {"reason": outcome.reason, "message": outcome.message}
        return answer

    # Reading

    @api.model
    def _read(self, key, table: Table, incoming) -> Outgoing:
        states = self.env["ticket.billing.intake.state"]
        if incoming.key:
            found = states._get_states(key.connector_id, table, [incoming.key])
            if not found:
                raise self._unknown(table)
            return Outgoing.of(200, found[0], rows=1)
        limit, after = self._get_page(incoming.query)
        ids = states._list_ids(key.connector_id, table, after, limit + 1)
        found = states._get_states(key.connector_id, table, ids[:limit])
        following = ids[limit - 1] if len(ids) > limit else None
        page = {"data": found, "next": following}
        return Outgoing.of(200, page, rows=len(found))

    @api.model
    def _get_page(self, query) -> tuple[int, str]:
        """Return the length of the page, and the id it begins after.

        :raises Problem: a parameter is unknown or wrong
        """
        unknown = sorted(query.keys() - {"limit", "after"})
        if unknown:
            raise Problem(
                400, f"Unknown parameter: {unknown[0]}. There are: limit, after."
            )
        text = query.get("limit", str(PAGE_USUAL))
        # Other digits than ours, and numbers without end, are none here.
        limit = int(text) if re.fullmatch("[0-9]{1,4}", text) else 0
        if not 1 <= limit <= PAGE_MOST:
            raise Problem(400, f"The limit is a number of 1 to {PAGE_MOST}.")
        return limit, query.get("after", "").replace("\x00", "")
