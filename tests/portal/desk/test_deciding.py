from typing import Any

import pytest

from services.registry import flows
from services.registry.models import FunctionVersion
from tests.portal.desk.conftest import Desk


@pytest.fixture
def waiting(desk: Desk) -> FunctionVersion:
    """Version 2 of the function, sent for approval by the officer."""
    draft = flows.start_draft(desk.function, by=desk.officer)
    draft = flows.save_draft(draft, {"name_en": "Send a long note"}, by=desk.officer)
    return flows.submit(draft, by=desk.officer)


def test_the_second_officer_publishes(desk: Desk, waiting: FunctionVersion) -> None:
    desk.other.post(desk.address("versions/2/approve/"))
    desk.function.refresh_from_db()
    assert desk.function.published == waiting


def test_the_api_shows_it_at_once(
    desk: Desk, waiting: FunctionVersion, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        desk.other.post(desk.address("versions/2/approve/"))
    assert desk.other.get("/api/v1/functions/td-note/", {"lang": "en"}).json()["name"] == "Send a long note"


def test_nobody_approves_their_own_work(desk: Desk, waiting: FunctionVersion) -> None:
    page = desk.browser.post(desk.address("versions/2/approve/"), follow=True).content.decode()
    waiting.refresh_from_db()
    assert "Someone else has to decide" in page
    assert waiting.state == "in_review"


def test_the_author_sees_no_button_to_approve(desk: Desk, waiting: FunctionVersion) -> None:
    assert "approve/" not in desk.browser.get(desk.address("versions/2/")).content.decode()


def test_the_second_officer_sees_it_waiting_with_what_changed(desk: Desk, waiting: FunctionVersion) -> None:
    assert "Send a long note" in desk.other.get("/admin/waiting/").content.decode()
    page = desk.other.get(desk.address("versions/2/")).content.decode()
    assert "<ins>Send a long note</ins>" in page
    assert "<del>Renew td-note</del>" in page


def test_own_work_does_not_wait_for_its_author(desk: Desk, waiting: FunctionVersion) -> None:
    assert "Send a long note" not in desk.browser.get("/admin/waiting/").content.decode()


def test_sending_back_needs_a_reason(desk: Desk, waiting: FunctionVersion) -> None:
    desk.other.post(desk.address("versions/2/refuse/"), {"note": " "})
    waiting.refresh_from_db()
    assert waiting.state == "in_review"


def test_the_author_reads_why_it_was_sent_back(desk: Desk, waiting: FunctionVersion) -> None:
    desk.other.post(desk.address("versions/2/refuse/"), {"note": "Say how long."})
    assert "Say how long." in desk.browser.get(desk.address()).content.decode()


def test_an_older_version_comes_back_as_a_draft(desk: Desk, waiting: FunctionVersion) -> None:
    desk.other.post(desk.address("versions/2/approve/"))
    desk.browser.post(desk.address("versions/1/bring-back/"))
    newest = desk.function.versions.order_by("-number").first()
    assert newest is not None
    assert (newest.number, newest.state, newest.name_en) == (3, "draft", "Renew td-note")


def test_suspending_says_why_and_until_when(desk: Desk) -> None:
    reasons = {"reason-en": "We move.", "reason-zh-hant": "系統搬遷。", "until": "2031-01-05T09:00"}
    desk.browser.post(desk.address("suspend/"), reasons)
    page = desk.browser.get(desk.address()).content.decode()
    assert "paused until Sunday 5 January 2031, 9:00 am. We move." in page


def test_suspending_without_a_reason_keeps_what_was_typed(desk: Desk) -> None:
    answer = desk.browser.post(desk.address("suspend/"), {"reason-en": "We move.", "until": "tomorrow"})
    assert answer.status_code == 422
    assert "We move." in answer.content.decode()


def test_resuming_opens_it(desk: Desk) -> None:
    flows.suspend(desk.function, by=desk.officer, reasons={"en": "a", "zh-hant": "b"})
    desk.browser.post(desk.address("resume/"))
    desk.function.refresh_from_db()
    assert desk.function.state == "published"


def test_retiring_wants_to_be_sure(desk: Desk) -> None:
    desk.browser.post(desk.address("retire/"))
    desk.function.refresh_from_db()
    assert desk.function.state == "published"
    desk.browser.post(desk.address("retire/"), {"sure": "on"})
    desk.function.refresh_from_db()
    assert desk.function.state == "retired"


def test_a_retired_function_offers_no_further_step(desk: Desk) -> None:
    desk.browser.post(desk.address("draft/start/"))
    desk.browser.post(desk.address("retire/"), {"sure": "on"})
    page = desk.browser.get(desk.address()).content.decode()
    assert "This function was retired." in page
    assert "Go on writing" not in page
    desk.browser.post(desk.address("versions/2/submit/"))
    assert desk.function.versions.get(number=2).state == "draft"


def test_history_says_who_and_what(desk: Desk, waiting: FunctionVersion) -> None:
    page = desk.browser.get(desk.address("history/")).content.decode()
    assert "Wing Yan Lee" in page
    assert "sent it for approval" in page
