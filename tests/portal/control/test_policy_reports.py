"""What browsers report of the content security policy is kept, without anything of anybody."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from identity.accounts.models import User
from portal.control import policy_reports
from portal.control.models import PolicyReport

pytestmark = pytest.mark.django_db
PAGE = f"{settings.BASE_URL}/en/calls/FR-1234-5678-9012/?next=chan@example.hk"


def old(**changed: Any) -> bytes:
    """As `report-uri` sends it."""
    body = {"document-uri": PAGE, "effective-directive": "script-src-elem", "blocked-uri": "https://evil.example/a?b"}
    return json.dumps({"csp-report": {**body, **changed}}).encode()


def new(**changed: Any) -> bytes:
    """As `report-to` sends it."""
    body = {"documentURL": PAGE, "effectiveDirective": "script-src-elem", "blockedURL": "https://evil.example/a?b"}
    return json.dumps([{"type": "csp-violation", "age": 1, "url": PAGE, "body": {**body, **changed}}]).encode()


def tell(raw: bytes, kind: str = "application/csp-report", **more: Any) -> None:
    answer = Client(enforce_csrf_checks=True).post("/policy-reports", raw, content_type=kind, **more)
    assert answer.status_code == 204


def kept() -> list[tuple[str, str, str, int]]:
    return list(PolicyReport.objects.values_list("view", "directive", "blocked", "count"))


@pytest.mark.parametrize(("raw", "kind"), [(old(), "application/csp-report"), (new(), "application/reports+json")])
def test_both_formats_are_taken_and_name_neither_address_nor_person(raw: bytes, kind: str) -> None:
    tell(raw, kind)
    assert kept() == [("web:call", "script-src-elem", "https://evil.example", 1)]


def test_the_same_again_is_counted(ops: User) -> None:
    for raw in (old(), new(), old(**{"blocked-uri": "https://evil.example/other"})):
        tell(raw)
    assert kept() == [("web:call", "script-src-elem", "https://evil.example", 3)]


@pytest.mark.parametrize(
    "raw",
    [b"", b"[", b"[" * 5_000, b"null", b"[1]", b'{"csp-report": 1}', b"\xff", old(**{"effective-directive": "x"}),
     old(**{"blocked-uri": "chrome-extension://abc/x.js"}), old(**{"source-file": "moz-extension://abc"}),
     old(**{"blocked-uri": "A123456(3)"}), old(**{"x": "y" * 20_000})],
)  # fmt: skip
def test_nonsense_and_what_extensions_do_leaves_nothing(raw: bytes) -> None:
    tell(raw)
    assert kept() == []


@pytest.mark.parametrize("page", ["https://elsewhere.example/en/", f"{settings.BASE_URL}/nowhere/chan", "", "http://["])
def test_a_page_that_is_not_ours_is_unknown(page: str) -> None:
    tell(old(**{"document-uri": page, "blocked-uri": "inline"}))
    assert kept() == [("unknown", "script-src-elem", "inline", 1)]


def test_there_is_an_end_to_what_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_reports, "MOST", 3)
    for number in range(5):
        tell(old(**{"blocked-uri": f"https://host-{number}.example/"}))
    tell(old(**{"blocked-uri": "https://host-0.example/"}))
    assert sorted(count for *_, count in kept()) == [1, 1, 2]


def test_what_nobody_reported_for_a_month_goes() -> None:
    tell(old())
    PolicyReport.objects.update(last_at=timezone.now() - timedelta(days=31))
    tell(old(**{"blocked-uri": "inline"}))
    assert [blocked for _view, _directive, blocked, _count in kept()] == ["inline"]


def test_one_network_is_heard_so_often_a_minute_and_others_still() -> None:
    cache.clear()
    for _time in range(policy_reports.A_MINUTE["one"] + 5):
        tell(old(), REMOTE_ADDR="198.51.100.7")
    tell(old(), REMOTE_ADDR="198.51.100.8")
    assert kept()[0][-1] == policy_reports.A_MINUTE["one"] + 1


def test_pages_say_where_to_report(client: Client) -> None:
    for page in (client.get("/en/"), client.get("/accounts/login/"), client.get("/nowhere")):
        assert page["Reporting-Endpoints"] == 'policy="/policy-reports"'
        assert "report-uri /policy-reports" in page["Content-Security-Policy"]
        assert "report-to policy" in page["Content-Security-Policy"]


def test_operations_read_them(client: Client, ops: User) -> None:
    assert "No browser reported anything" in client.get("/control/").text
    tell(old(**{"blocked-uri": "inline"}))
    page = client.get("/control/").text
    assert "<code>web:call</code>: <code>script-src-elem</code> <code>inline</code>" in page
    assert "1 report, last on" in page
