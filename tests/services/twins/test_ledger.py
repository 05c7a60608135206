import hashlib
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from services.twins.ledger import SCHEMA, Ledger
from tests.services.twins.running import TIMEOUT_SECONDS, Twins


def test_an_entry_holds_exactly_what_was_sent(twins: Twins, receipt: str) -> None:
    sent = twins.submit(receipt, {"姓名": "陳大文"}).request.body
    assert isinstance(sent, bytes)
    entry = twins.get("_twins/td-rest/ledger", receipt=receipt).json()["entries"][0]
    assert entry["body"] == sent.decode()
    assert entry["sha256"] == hashlib.sha256(sent).hexdigest()
    assert (entry["operation"], entry["effect"]) == ("td-vehicle-licence-renew-by-friend", "filed")


def test_the_newest_entries_come_oldest_first(twins: Twins, receipt: str) -> None:
    receipts = [f"{receipt}-{number}" for number in range(3)]
    for each in receipts:
        twins.submit(each, {}, backend="hko-rest")
    entries = twins.get("_twins/hko-rest/ledger", limit="2").json()["entries"]
    assert [entry["receipt"] for entry in entries] == receipts[1:]


@pytest.mark.parametrize("limit", ["0", "-1", "many"])
def test_a_bad_limit_is_a_problem(twins: Twins, limit: str) -> None:
    assert twins.get("_twins/td-rest/ledger", limit=limit).status_code == 400


def test_emptying_a_ledger_leaves_the_others(twins: Twins, receipt: str) -> None:
    twins.submit(receipt, {}, backend="hko-rest")
    twins.submit(receipt, {}, backend="td-rest")
    requests.delete(twins.address("_twins/hko-rest/ledger"), timeout=TIMEOUT_SECONDS).raise_for_status()
    assert twins.get("_twins/hko-rest/ledger").json() == {"backend": "hko-rest", "entries": []}
    assert twins.effects("td-rest", receipt) == ["filed"]


def test_one_receipt_can_be_taken_out(twins: Twins, receipt: str) -> None:
    other = f"{receipt}-B"
    twins.submit(receipt, {})
    twins.submit(other, {})
    address = twins.address("_twins/td-rest/ledger")
    requests.delete(address, params={"receipt": receipt}, timeout=TIMEOUT_SECONDS).raise_for_status()
    assert (twins.effects("td-rest", receipt), twins.effects("td-rest", other)) == ([], ["filed"])


def test_asked_for_lines_the_ledger_tells_the_receipts_of_a_time(twins: Twins, receipt: str) -> None:
    twins.submit(receipt, {}, backend="hko-rest")
    now = datetime.now(UTC)
    span = {"since": (now - timedelta(minutes=1)).isoformat(), "until": (now + timedelta(minutes=1)).isoformat()}
    address, asked = twins.address("_twins/hko-rest/ledger"), {"Accept": "application/x-ndjson"}
    lines = requests.get(address, params=span, headers=asked, timeout=TIMEOUT_SECONDS).text.splitlines()
    assert (receipt, "filed") in [(entry["receipt"], entry["effect"]) for entry in map(json.loads, lines)]
    before = {"since": "2026-01-01", "until": span["since"]}
    assert receipt not in requests.get(address, params=before, headers=asked, timeout=TIMEOUT_SECONDS).text


def test_lines_of_no_time_are_a_problem(twins: Twins) -> None:
    address, asked = twins.address("_twins/hko-rest/ledger"), {"Accept": "application/x-ndjson"}
    assert requests.get(address, headers=asked, timeout=TIMEOUT_SECONDS).status_code == 400


def test_a_book_begun_before_traces_were_noted_is_read_on(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    with closing(sqlite3.connect(path)) as book:
        book.executescript(SCHEMA.replace(",\n    traceparent TEXT NOT NULL DEFAULT ''", ""))
        book.execute("INSERT INTO entry VALUES (1, 'td-rest', 'R1', 'op', 'filed', 'now', ?, '{}', '{}')", ["0" * 64])
        book.commit()
    ledger = Ledger(path)
    assert [(entry["receipt"], entry["traceparent"]) for entry in ledger.entries("td-rest", receipt=None, limit=9)] == [
        ("R1", "")
    ]
    ledger.close()
