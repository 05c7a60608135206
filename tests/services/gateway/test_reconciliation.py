"""Our calls against the department's ledger: three numbers that must be zero, and the receipts behind them."""

import json
import tracemalloc
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from services.gateway import ledgers, receipts
from services.gateway.errors import LedgerUnreadable
from services.gateway.models import Attempt, ServiceCall
from services.gateway.reconciliation import Reconciliation, Span, reconcile
from services.registry import protocols
from services.registry.models import Backend
from tests.services.gateway import delivering
from tests.services.gateway.conftest import MakeCall
from tests.services.twins.running import Twins

pytestmark = pytest.mark.django_db(transaction=True)
DAY = date(2026, 3, 3)
NOON = datetime(2026, 3, 3, 4, 0, tzinfo=UTC)  # 12:00 in Hong Kong
MIDNIGHT = datetime(2026, 3, 3, 16, 0, tzinfo=UTC)  # at the end of the day in Hong Kong
SECOND = timedelta(seconds=1)
Row = tuple[str, datetime, str]
Compare = Callable[..., Reconciliation]


def sent(make_call: MakeCall, status: str, *, at: datetime = NOON, outcome: str = "answered") -> ServiceCall:
    """A call that reached that status by one exchange."""
    finished = at if status in ServiceCall.FINAL else None
    call = make_call(status=status, accepted_at=at, finished_at=finished, attempt_count=1)
    facts = {"number": 1, "started_at": at, "duration_ms": 40, "outcome": outcome}
    Attempt.objects.create(call=call, backend=call.backend, **facts)
    return call


def book(path: Path, rows: Iterable[Row]) -> Path:
    """A department's ledger as a file."""
    with path.open("w", encoding="utf-8") as file:
        file.write("receipt,at,effect\n")
        file.writelines(f"{receipt},{at.isoformat()},{effect}\n" for receipt, at, effect in rows)
    return path


@pytest.fixture
def compare(tmp_path: Path, backend: Callable[..., Backend]) -> Compare:
    """Reconcile td-rest with a ledger of these rows."""

    def run(*rows: Row, span: Span | None = None) -> Reconciliation:
        return reconcile(backend(), span or Span(DAY), book(tmp_path / "ledger.csv", rows))

    return run


def test_a_delivered_call_in_the_ledger_matches(make_call: MakeCall, compare: Compare) -> None:
    call = sent(make_call, "completed")
    found = compare((call.receipt, NOON, "filed"), (call.receipt, NOON, "replayed"))
    assert (found.is_clean, found.matched, found.entries) == (True, 1, 2)


@pytest.mark.parametrize("status", ["completed", "waiting", "rejected"])
def test_a_delivered_call_that_the_ledger_lacks_is_lost(make_call: MakeCall, compare: Compare, status: str) -> None:
    call = sent(make_call, status)
    found = compare()
    assert (found.is_clean, found.lost.count) == (False, 1)
    assert [(one.receipt, one.status, one.filed) for one in found.lost.findings] == [(call.receipt, status, 0)]


def test_a_completed_call_that_the_department_refused_is_lost(make_call: MakeCall, compare: Compare) -> None:
    call = sent(make_call, "completed")
    assert compare((call.receipt, NOON, "refused")).lost.count == 1


def test_a_refused_call_matches_its_refusal(make_call: MakeCall, compare: Compare) -> None:
    call = sent(make_call, "rejected")
    assert compare((call.receipt, NOON, "refused")).matched == 1


def test_a_receipt_filed_more_than_once_is_doubled(make_call: MakeCall, compare: Compare) -> None:
    call = sent(make_call, "completed")
    found = compare(*[(call.receipt, NOON, "filed")] * 3)
    assert [(one.receipt, one.filed) for one in found.doubled.findings] == [(call.receipt, 3)]


def test_a_filing_without_a_call_is_unknown(compare: Compare) -> None:
    found = compare((receipts.new(), NOON, "filed"))
    assert (found.unknown.count, found.unknown.findings[0].status) == (1, "")


@pytest.mark.parametrize("status", ["failed", "withdrawn"])
def test_a_filing_that_we_say_never_happened_is_unknown(make_call: MakeCall, compare: Compare, status: str) -> None:
    call = sent(make_call, status, outcome="ambiguous")
    assert compare((call.receipt, NOON, "filed")).unknown.count == 1


def test_a_filing_of_a_call_that_was_never_sent_is_unknown(make_call: MakeCall, compare: Compare) -> None:
    call = make_call(accepted_at=NOON)
    assert compare((call.receipt, NOON, "filed")).unknown.count == 1


@pytest.mark.parametrize("status", ["accepted", "in_doubt"])
def test_calls_under_way_are_counted_apart(make_call: MakeCall, compare: Compare, status: str) -> None:
    known, _ = (sent(make_call, status, outcome="ambiguous") for _ in range(2))
    found = compare((known.receipt, NOON, "filed"))
    assert (found.is_clean, found.under_way) == (True, 2)


def test_an_officers_try_is_no_unknown_filing(compare: Compare) -> None:
    found = compare(("TRY-7K2M-9QXD-W41Z", NOON, "filed"))
    assert (found.is_clean, found.tried) == (True, 1)


def test_a_receipt_may_stand_in_the_ledger_without_its_hyphens(make_call: MakeCall, compare: Compare) -> None:
    call = sent(make_call, "completed")
    assert compare((call.receipt.replace("-", "").lower(), NOON, "filed")).matched == 1


def test_a_day_is_one_in_hong_kong(make_call: MakeCall, compare: Compare) -> None:
    sent(make_call, "completed", at=MIDNIGHT + SECOND)
    found = compare((receipts.new(), MIDNIGHT + SECOND, "filed"))
    assert (found.is_clean, found.matched) == (True, 0)


def test_a_call_sent_before_midnight_and_filed_after_it_matches(make_call: MakeCall, compare: Compare) -> None:
    call = sent(make_call, "completed", at=MIDNIGHT - SECOND)
    assert compare((call.receipt, MIDNIGHT + SECOND, "filed")).matched == 1


def test_a_filing_of_the_evening_before_is_not_missed_the_day_after(make_call: MakeCall, compare: Compare) -> None:
    call = sent(make_call, "completed", at=MIDNIGHT - SECOND)
    found = compare((call.receipt, MIDNIGHT + SECOND, "filed"), span=Span(DAY + timedelta(days=1)))
    assert (found.is_clean, found.matched) == (True, 1)


def test_near_midnight_a_ledger_that_ends_there_proves_no_loss(make_call: MakeCall, compare: Compare) -> None:
    sent(make_call, "completed", at=MIDNIGHT - SECOND)
    found = compare()
    assert (found.is_clean, found.uncovered) == (True, 1)


def test_two_days_together_prove_a_loss_at_the_midnight_between(make_call: MakeCall, compare: Compare) -> None:
    sent(make_call, "completed", at=MIDNIGHT - SECOND)
    assert compare(span=Span(DAY, 2)).lost.count == 1


def test_a_call_answered_on_a_later_day_is_looked_for_on_each(make_call: MakeCall, compare: Compare) -> None:
    """The first try was filed on the third and its answer lost; the second was replayed on the fourth."""
    call = sent(make_call, "completed", outcome="ambiguous")
    later = NOON + timedelta(days=1)
    facts = {"number": 2, "started_at": later, "duration_ms": 40, "outcome": "answered"}
    Attempt.objects.create(call=call, backend=call.backend, **facts)
    found = compare((call.receipt, later, "replayed"), span=Span(DAY + timedelta(days=1)))
    assert (found.is_clean, found.uncovered) == (True, 1)


def test_a_hundred_thousand_rows_take_little_memory(backend: Callable[..., Backend], tmp_path: Path) -> None:
    ledger = book(tmp_path / "ledger.csv", ((f"TRY-{number:06}", NOON, "filed") for number in range(100_000)))
    tracemalloc.start()
    found = reconcile(backend(), Span(DAY), ledger)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (found.entries, found.tried) == (100_000, 100_000)
    assert peak_bytes < 4 * 1024 * 1024


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("number,at\n", "no column receipt"),
        ("receipt,at\nFRY-1,yesterday\n", "line 2"),
        ("receipt,at,effect\nFRY-1,2026-03-03T12:00:00,lost\n", "effect must be one of"),
        ("receipt,at\n,2026-03-03T12:00:00\n", "line 2: no receipt"),
    ],
)
def test_a_file_that_is_no_ledger_says_where(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "ledger.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LedgerUnreadable, match=words), ledgers.of_file(path) as entries:
        list(entries)


def test_a_time_without_an_offset_is_hong_kongs(tmp_path: Path) -> None:
    path = tmp_path / "ledger.csv"
    path.write_text("receipt,at\nFRY-1,2026-03-03T12:00:00\n", encoding="utf-8")
    with ledgers.of_file(path) as entries:
        assert [(entry.at, entry.effect) for entry in entries] == [(NOON, "filed")]


@pytest.fixture
def told(backend: Callable[..., Backend], twins: Twins) -> Backend:
    """td-rest, whose settings name its ledger, empty."""
    made = backend()
    made.settings = {**made.settings, "ledger": twins.address("_twins/td-rest/ledger")}
    made.save()
    twins.empty("td-rest")
    return made


def today(*flags: str) -> tuple[int, str]:
    """Exit status and text of the command for today."""
    out = StringIO()
    try:
        call_command("reconcile", "--day", timezone.localdate().isoformat(), *flags, stdout=out, stderr=out)
    except CommandError as error:
        return error.returncode, out.getvalue()
    return 0, out.getvalue()


def test_the_command_asks_the_departments_own_ledger(make_call: MakeCall, told: Backend) -> None:
    delivering.deliver(make_call(to=told).pk)
    status, text = today("--backend", "td-rest")
    assert status == 0
    assert "0 lost, 0 doubled, 0 unknown (1 matched" in text


def test_the_command_fails_and_names_the_receipts(make_call: MakeCall, told: Backend, twins: Twins) -> None:
    call = make_call(to=told)
    delivering.deliver(call.pk)
    twins.empty("td-rest")
    status, text = today("--backend", "td-rest")
    assert status == 1
    assert f"lost {call.receipt}: completed; filed 0" in text


def test_all_backends_are_compared_and_those_without_a_ledger_named(
    make_call: MakeCall, told: Backend, backend: Callable[..., Backend]
) -> None:
    backend("soap")
    delivering.deliver(make_call(to=told).pk)
    status, text = today("--all")
    assert status == 0
    assert "td-soap: no ledger is known" in text
    assert "td-rest" in text


def test_the_command_speaks_json(make_call: MakeCall, told: Backend) -> None:
    delivering.deliver(make_call(to=told).pk)
    _, text = today("--all", "--json")
    (found,) = json.loads(text)
    assert (found["backend"], found["matched"], found["lost"]) == ("td-rest", 1, {"count": 0, "findings": []})


def test_a_ledger_that_cannot_be_read_is_not_an_empty_one(make_call: MakeCall, told: Backend, twins: Twins) -> None:
    told.settings = {**told.settings, "ledger": twins.address("_twins/nobody/ledger")}
    told.save()
    assert today("--backend", "td-rest")[0] == 2


def test_a_ledger_is_a_setting_of_every_connector() -> None:
    schemas = [protocol.settings_schema for key, _ in protocols.choices() if (protocol := protocols.find(key))]
    assert len(schemas) > 1
    assert all("ledger" in schema["properties"] for schema in schemas)
