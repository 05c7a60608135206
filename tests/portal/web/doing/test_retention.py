import html
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from services.gateway import retention
from services.gateway.models import ServiceCall
from services.registry.models import ServiceFunction
from tests.portal.web.doing.conftest import finish, send


@pytest.fixture
def call(signed_in: Client, function: ServiceFunction) -> ServiceCall:
    """Its time of keeping is over, and what was sent is deleted."""
    made = finish(send(signed_in, function), "completed")
    ServiceCall.objects.update(
        accepted_at=timezone.now() - timedelta(days=900), finished_at=timezone.now() - timedelta(days=800)
    )
    retention.blank_due(timezone.now())
    made.refresh_from_db()
    assert made.blanked_at
    return made


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def test_the_receipt_says_until_when_what_was_sent_is_kept(signed_in: Client, function: ServiceFunction) -> None:
    made = send(signed_in, function)
    assert "Ferry deletes what you sent 730 days after the call has ended" in text_of(
        signed_in.get(f"/en/calls/{made.receipt}/")
    )
    finish(made, "completed")
    assert "Ferry deletes what you sent on " in text_of(signed_in.get(f"/en/calls/{made.receipt}/"))


def test_afterwards_it_says_that_it_was_deleted_as_promised(signed_in: Client, call: ServiceCall) -> None:
    page = text_of(signed_in.get(f"/en/calls/{call.receipt}/"))
    assert "What you sent was deleted on " in page
    assert "as promised" in page
    assert "A123456(3)" not in page
    assert call.receipt in page
    assert call.sent_sha256[:4] in page
    assert "sent.json" not in page


@pytest.mark.parametrize("document", ["sent.json", "proof.json"])
def test_what_cannot_be_shown_any_more_is_not_found(signed_in: Client, call: ServiceCall, document: str) -> None:
    assert signed_in.get(f"/en/calls/{call.receipt}/{document}").status_code == 404


def test_the_receipt_on_paper_can_still_be_had(signed_in: Client, call: ServiceCall) -> None:
    assert signed_in.get(f"/en/calls/{call.receipt}/receipt.pdf").content.startswith(b"%PDF")


def test_the_api_still_tells_of_the_call(signed_in: Client, call: ServiceCall) -> None:
    body = signed_in.get(f"/api/v1/calls/{call.receipt}/").json()
    assert (body["status"], body["answer"]) == ("completed", None)
    assert signed_in.get(f"/api/v1/calls/{call.receipt}/proof").status_code == 404


def test_doing_it_again_begins_with_the_profile_alone(signed_in: Client, call: ServiceCall) -> None:
    page = signed_in.get(f"/en/functions/{call.function.code}/form/?again={call.receipt}")
    assert page.status_code == 200
    assert "AB1234" not in text_of(page)
