import importlib.util
import json
from unittest import skipUnless

from hypothesis import HealthCheck, Phase, given, settings

from odoo.tests import tagged

from ..intake.messages import BASE
from ..intake.openapi import describe
from .api_case import ApiCase

HAS_SCHEMATHESIS = importlib.util.find_spec("schemathesis")
#: The same examples each time, so that a failure is one for everybody.
STEADY = settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@tagged("post_install", "-at_install")
class TestApiDescription(ApiCase):
    def test_published_to_everybody(self):
        answer = self.opener.get(f"{self.base_url()}{BASE}/openapi.json")
        self.assertEqual(answer.status_code, 200)
        api = answer.json()
        self.assertEqual(api["openapi"], "3.1.0")
        ticket = api["components"]["schemas"]["Ticket"]
        self.assertFalse(ticket["additionalProperties"])
        self.assertEqual(ticket["required"], ["id", "title"])

    def test_page_to_read(self):
        answer = self.opener.get(f"{self.base_url()}{BASE}/docs")
        self.assertEqual(answer.status_code, 200)
        page = answer.text
        for text in ("contact_email", "/time-entries/{id}", "Your id of the ticket"):
            self.assertIn(text, page)
        # Nothing is fetched from elsewhere.
        self.assertNotIn("<script", page)
        self.assertNotIn("<link", page)

    @skipUnless(HAS_SCHEMATHESIS, "schemathesis is not installed")
    def test_server_does_as_described(self):
        """Valid and invalid requests, made from the description, find no answer
        that it does not describe."""
        from schemathesis import GenerationMode, openapi

        schema = openapi.from_dict(json.loads(json.dumps(describe(self.base_url()))))
        # Nothing else may run on the cursor of the test meanwhile.
        self.key.per_minute = 10_000
        count = 0
        for found in schema.get_all_operations():
            operation = found.ok()
            if operation.label.startswith("PUT") and "{id}" not in operation.label:
                continue  # the same as POST
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                self._try_operation(operation, mode)
            count += 1
        self.assertEqual(count, 18)

    def _try_operation(self, operation, mode):
        from schemathesis.checks import not_a_server_error
        from schemathesis.specs.openapi.checks import (
            content_type_conformance,
            response_headers_conformance,
            response_schema_conformance,
            status_code_conformance,
        )

        checks = [
            not_a_server_error,
            content_type_conformance,
            response_headers_conformance,
            response_schema_conformance,
            status_code_conformance,
        ]

        @STEADY
        @given(case=operation.as_strategy(generation_mode=mode))
        def play(case):
            case.call_and_validate(
                base_url=f"{self.base_url()}{BASE}",
                session=self.opener,
                headers={"Authorization": f"Bearer {self.secret}"},
                checks=checks,
            )

        play()
