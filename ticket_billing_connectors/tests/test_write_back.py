from odoo import fields
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged

from .common_shape import ShapeCase

MANAGER = "ticket_billing_connectors.group_connector_manager"


class WriteBackCase(ShapeCase):
    kind = "note"

    def setUp(self):
        super().setUp()
        self.rows = self.env["ticket.billing.write.back"]
        self.sender = self.env["ticket.billing.write.back.sender"]
        self.remote = self.world.ticket()
        self.env["ticket.billing.link"].create(
            {
                "connector_id": self.connector.id,
                "remote_type": "ticket",
                "remote_id": str(self.remote.id),
                "remote_number": "10001",
                "res_id": self.ticket.id,
            }
        )
        self.connector.write({"write_back": self.kind, "write_back_field": "7"})
        self._log(60, name="First")
        self._log(25, name="Second")
        self.move = self._run().invoice_ids

    def _post(self, move=None):
        (move or self.move).action_post()
        return self.rows.search([], limit=1)

    def _credit(self):
        self.move._reverse_moves(cancel=True)
        return self.move.reversal_move_ids

    def _credit_in_part(self):
        """A credit note of one of the two time entries."""
        credit = self.move._reverse_moves()
        lines = credit.invoice_line_ids.filtered("credited_billing_item_ids")
        lines[0].unlink()
        credit.action_post()
        return credit

    def _get_notes(self):
        return [text for _kind, _ticket, text in self.world.written]

    def _wait(self):
        """Let the time to the next try pass."""
        long_ago = fields.Datetime.now().replace(year=2020)
        self.rows.search([]).write({"next_try": False, "started_on": long_ago})


@tagged("post_install", "-at_install")
class TestWriteBack(WriteBackCase):
    """Notes: each is written once, whatever happens."""

    def test_nothing_is_written_unless_wanted(self):
        fresh = self.env["ticket.billing.connector"].new({"system": "zammad"})
        self.assertEqual(fresh.write_back, "none")
        self.connector.write_back = "none"
        self.move.action_post()
        self.assertFalse(self.rows.search([]))
        self._credit()
        self.sender._cron_send()
        self.assertFalse(self.world.written)

    def test_switched_off_later_nothing_is_sent(self):
        row = self._post()
        self.connector.write_back = "none"
        self.sender._cron_send()
        self.assertEqual(row.state, "pending")
        self.assertFalse(self.world.written)

    def test_posted_invoice_is_noted_on_its_ticket(self):
        cron = self.env.ref("ticket_billing_connectors.ir_cron_write_back")
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        row = self._post()
        self.assertEqual((row.state, row.number), ("pending", self.move.name))
        self.assertFalse(self.world.written, "not in the transaction of posting")
        self.assertGreater(
            self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]), triggers
        )
        self.sender._cron_send()
        [(kind, ticket, text)] = self.world.written
        self.assertEqual((kind, ticket), ("note", self.remote.id))
        self.assertIn(self.move.name, text)
        self.assertIn("1:30 h", text)  # 60 and 25 minutes, by quarters of an hour
        self.assertIn(f"res_id={self.move.id}", text)
        self.assertNotIn("access_token", text)
        self.assertEqual((row.state, row.told, row.text), ("done", "valid", text))
        self.sender._cron_send()
        self.assertEqual(len(self.world.written), 1)
        self.assertEqual(self.move.write_back_count, 1)
        self.assertEqual(self.connector.write_back_count, 1)

    def test_drafts_and_other_invoices_are_not_noted(self):
        self.assertFalse(self.rows.search([]))
        other = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.partner.id,
                "invoice_date": "2026-11-01",
                "invoice_line_ids": [(0, 0, {"name": "Laptop", "price_unit": 900})],
            }
        )
        other.action_post()
        self.assertFalse(self.rows.search([]))

    def test_a_failure_never_undoes_an_invoice(self):
        self.server.inject("status", times=99, status=403)
        row = self._post()
        self.sender._cron_send()
        self.assertEqual(row.state, "failed")
        self.assertTrue(row.answer)
        self.assertEqual(self.move.state, "posted")
        self.assertIn("1", self.connector.activity_ids.note)
        self.server.faults.clear()
        row.action_send_again()
        self.assertFalse(self.connector.activity_ids, "somebody has seen to it")
        self.sender._cron_send()
        self.assertEqual(row.state, "done")
        self.assertEqual(len(self.world.written), 1)

    def test_a_server_that_cannot_be_reached_is_tried_again(self):
        """Nothing has left: there is no doubt."""
        row = self._post()
        allowed = {"allow_private_address": True, "allow_http": True}
        self.connector.write({"base_url": "http://127.0.0.1:1", **allowed})
        self.connector.secret = "x"
        self.sender._cron_send()
        self.assertEqual((row.state, row.attempts), ("pending", 1))
        self.assertGreater(row.next_try, fields.Datetime.now())
        self.sender._cron_send()
        self.assertEqual(row.attempts, 1, "not before its time")
        for _try in range(5):
            self._wait()
            self.sender._cron_send()
        self.assertEqual((row.state, row.attempts), ("failed", 6))
        self.assertTrue(self.connector.activity_ids)

    def test_a_refused_log_in_is_tried_once_for_all(self):
        """Many tries with a wrong password would lock the account."""
        first = self._post()
        for day in ("2026-11-03", "2026-12-03"):
            self._log(60, day=day)
            self._run(f"{day[:8]}30").invoice_ids.action_post()
        self.connector.secret = "wrong"
        self.sender._cron_send()
        rows = self.rows.search([])
        self.assertEqual(rows.mapped("state"), ["pending"] * 3)
        self.assertEqual(rows.mapped("attempts"), [0, 0, 1])
        self.assertEqual(set(rows.mapped("next_try")), {first.next_try})
        self.assertEqual(len(self.server.requests), 1)
        self.connector.secret = self.server.shape.secret
        self._wait()
        self.sender._cron_send()
        self.assertEqual(rows.mapped("state"), ["done"] * 3)
        self.assertEqual(len(self.world.written), 3)

    def test_one_ticket_does_not_hold_up_the_others(self):
        self._post()
        self._log(60, day="2026-11-03")
        self._run("2026-12-01").invoice_ids.action_post()
        self.server.inject("status", path="/ticket_articles", status=500)
        self.sender._cron_send()
        states = self.rows.search([], order="id").mapped("state")
        self.assertEqual(states, ["unknown", "done"])

    def test_invoices_posted_while_a_connector_is_stopped_wait(self):
        self.connector.state = "draft"
        row = self._post()
        self.sender._cron_send()
        self.assertEqual(row.state, "pending")
        self.connector.state = "active"
        self.sender._cron_send()
        self.assertEqual(row.state, "done")

    def test_taken_but_not_confirmed_is_looked_up(self):
        """The note is there, the answer was cut off: it is not written twice."""
        row = self._post()
        self.server.inject("half_json", path="/ticket_articles")
        self.sender._cron_send()
        self.assertEqual(row.state, "unknown")
        self.assertEqual(len(self.world.written), 1)
        self.sender._cron_send()
        self.assertEqual(row.state, "unknown", "not before its time")
        self._wait()
        self.sender._cron_send()
        self.assertEqual((row.state, row.told), ("done", "valid"))
        self.assertEqual(len(self.world.written), 1)

    def test_neither_taken_nor_refused_is_written_after_a_look(self):
        row = self._post()
        self.server.inject("status", path="/ticket_articles", status=500)
        self.sender._cron_send()
        self.assertEqual((row.state, self.world.written), ("unknown", []))
        self._wait()
        self.sender._cron_send()
        self.assertEqual(row.state, "done")
        self.assertEqual(len(self.world.written), 1)

    def test_in_doubt_while_the_look_fails(self):
        row = self._post()
        self.server.inject("half_json", path="/ticket_articles")
        self.sender._cron_send()
        self.server.inject("status", times=99, status=503)
        for _try in range(6):
            self._wait()
            self.sender._cron_send()
        self.assertEqual((row.state, row.asked), ("unknown", True))
        self.assertEqual(len(self.world.written), 1)
        self._wait()
        self.server.faults.clear()
        self.sender._cron_send()
        self.assertEqual(row.state, "unknown", "a person was asked")
        row.action_confirm()
        self.assertEqual((row.state, row.told), ("done", "valid"))
        self.assertFalse(self.connector.activity_ids)

    def test_withdrawn_while_in_doubt_is_told_after_the_decision(self):
        row = self._post()
        self.server.inject("half_json", path="/ticket_articles")
        self.sender._cron_send()
        row.asked = True  # the system could not tell
        self.move.button_draft()
        row.action_confirm()
        self.assertEqual((row.state, row.told), ("pending", "valid"))
        self.sender._cron_send()
        self.assertEqual((row.state, row.told), ("done", "withdrawn"))
        self.assertIn("was withdrawn", self._get_notes()[1])

    def test_deleted_ticket_fails_with_its_reason(self):
        row = self._post()
        self.server.inject("status", path="/ticket_articles", status=404)
        self.sender._cron_send()
        self.assertEqual(row.state, "failed")
        self.assertIn("404", row.answer)

    def test_credit_note_is_noted(self):
        self._post()
        self.sender._cron_send()
        credit = self._credit()
        self.sender._cron_send()
        first, second = self._get_notes()
        self.assertIn(self.move.name, first)
        self.assertIn(credit.name, second)
        self.assertIn(self.move.name, second)

    def test_credited_part_is_noted_as_such(self):
        self._post()
        credit = self._credit_in_part()
        self.sender._cron_send()
        self.assertIn(f"in part by {credit.name}", self._get_notes()[1])
        credit.button_draft()
        self.sender._cron_send()
        self.assertIn(f"{credit.name} was withdrawn", self._get_notes()[2])

    def test_reset_invoice_is_taken_back_and_noted_again(self):
        row = self._post()
        self.sender._cron_send()
        self.move.button_draft()
        self.assertEqual(row.state, "pending")
        self.sender._cron_send()
        self.assertEqual(row.told, "withdrawn")
        self.move.action_post()
        self.sender._cron_send()
        self.assertEqual(len(self._get_notes()), 3)
        self.assertEqual(len(set(self._get_notes())), 3)
        self.assertEqual(row.told, "valid")
        self.assertEqual(len(self.rows.search([])), 1)

    def test_what_was_never_told_is_not_taken_back(self):
        row = self._post()
        self.move.button_draft()
        self.sender._cron_send()
        self.assertEqual(row.state, "done")
        self.assertFalse(self.world.written)
        self.move.action_post()
        self.move.button_draft()
        self.move.button_cancel()
        self.sender._cron_send()
        self.assertFalse(self.world.written)

    def test_posted_again_before_anything_was_sent_is_one_note(self):
        self._post()
        self.move.button_draft()
        self.move.action_post()
        self.sender._cron_send()
        self.assertEqual(len(self.world.written), 1)
        self.move.button_draft()
        self.move.action_post()
        self.sender._cron_send()
        self.assertEqual(len(self.world.written), 1)

    def test_one_row_per_ticket_and_invoice(self):
        row = self._post()
        self.rows._note_posted(self.move)
        self.assertEqual(self.rows.search([]), row)

    def test_what_a_system_cannot_take_is_refused(self):
        self.connector.write_back = "tag"
        with self.assertRaises(ValidationError):
            self.connector.system = "redmine"
        with self.assertRaises(ValidationError):
            self.connector.write({"write_back": "field", "write_back_field": False})

    def test_access(self):
        row = self._post()
        row.state = "failed"
        reader = self._create_user("reader", "ticket_billing.group_auditor")
        self.assertEqual(row.with_user(reader).state, "failed")
        for act in ("action_send_again", "action_confirm"):
            with self.assertRaises(AccessError):
                getattr(row.with_user(reader), act)()
        biller = self._create_user("biller", "ticket_billing.group_biller")
        row.with_user(biller).action_send_again()
        self.assertEqual(row.state, "pending")
        with self.assertRaises(AccessError):
            row.with_user(biller).write({"state": "done"})
        stranger = self._create_user("stranger", MANAGER)
        other = self.env["res.company"].create({"name": "Other"})
        stranger.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        theirs = self.rows.with_user(stranger)
        self.assertFalse(theirs.with_context(allowed_company_ids=other.ids).search([]))


@tagged("post_install", "-at_install")
class TestWriteBackField(WriteBackCase):
    """A field holds the numbers of all invoices that stand."""

    kind = "field"

    def test_field_follows_the_invoices(self):
        self._post()
        self.sender._cron_send()
        self.assertEqual(self._get_notes()[-1], self.move.name)
        self._log(30, day="2026-11-03")
        later = self._run("2026-12-01").invoice_ids
        later.action_post()
        self.sender._cron_send()
        both = ", ".join(sorted([self.move.name, later.name]))
        self.assertEqual(self._get_notes()[-1], both)
        self._credit()
        self.sender._cron_send()
        self.assertEqual(self._get_notes()[-1], later.name)
        later.button_draft()
        self.sender._cron_send()
        self.assertEqual(self._get_notes()[-1], "")

    def test_field_stays_when_a_part_is_credited(self):
        self._post()
        self._credit_in_part()
        self.sender._cron_send()
        self.assertEqual(set(self._get_notes()), {self.move.name})
        self._credit()
        self.sender._cron_send()
        self.assertEqual(self._get_notes()[-1], "")

    def test_what_was_not_confirmed_is_written_again(self):
        row = self._post()
        self.server.inject("half_json", path=f"/tickets/{self.remote.id}")
        self.sender._cron_send()
        self.assertEqual(row.state, "done", "written again at once: it does no harm")
        self.assertEqual(set(self._get_notes()), {self.move.name})


@tagged("post_install", "-at_install")
class TestWriteBackTag(WriteBackCase):
    kind = "tag"

    def test_tag_comes_and_goes(self):
        self._post()
        self.sender._cron_send()
        tag = ("tag", self.remote.id, self.move.name)
        self.assertEqual(self.world.written, [tag])
        self._credit()
        self.sender._cron_send()
        self.assertEqual(self.world.written[1:], [("no tag", *tag[1:])])

    def test_tag_goes_with_a_reset(self):
        self._post()
        self.sender._cron_send()
        self.move.button_draft()
        self.sender._cron_send()
        self.assertEqual(self.world.written[-1][0], "no tag")


@tagged("post_install", "-at_install")
class TestWriteBackBlind(WriteBackCase):
    """Request Tracker cannot tell which notes there are."""

    system = "request_tracker"

    def test_a_person_is_asked(self):
        row = self._post()
        self.server.inject("status", path="/comment", status=500)
        self.sender._cron_send()
        self.assertEqual(row.state, "unknown")
        self._wait()
        self.sender._cron_send()
        self.assertEqual((row.state, row.asked), ("unknown", True))
        self.assertTrue(self.connector.activity_ids)
        self._wait()
        self.sender._cron_send()
        self.assertFalse(self.world.written)
        row.action_send_again()
        self.sender._cron_send()
        self.assertEqual((row.state, len(self.world.written)), ("done", 1))
        self.assertFalse(self.connector.activity_ids)


@tagged("post_install", "-at_install")
class TestWriteBackZnuny(WriteBackCase):
    """Znuny has a client of its own."""

    def setUp(self):
        super().setUp()
        self.replay.add_ticket(1, "2026-10-12 09:00:00")
        self.znuny = self._create_connector(
            self.replay, write_back="note", user_id=self.env.user.id
        )
        link = self.env["ticket.billing.link"].search([("remote_number", "=", "10001")])
        link.copy({"connector_id": self.znuny.id, "remote_id": "1"})
        self.connector.write_back = "none"

    def _get_bodies(self):
        articles = self.replay.tickets["1"]["Article"]
        return [article["Body"] for article in articles if "[TB-" in article["Body"]]

    def test_note_is_written_once_though_the_answer_was_lost(self):
        row = self._post()
        self.replay.inject("half_json", path="/Ticket/1")
        self.sender._cron_send()
        self.assertEqual(row.state, "unknown")
        self._wait()
        self.sender._cron_send()
        self.assertEqual(row.state, "done")
        [body] = self._get_bodies()
        self.assertIn(self.move.name, body)

    def test_tags_are_refused(self):
        with self.assertRaises(ValidationError):
            self.znuny.write_back = "tag"
