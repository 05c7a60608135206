"""The whole portal at its most talkative: no process writes down what a person typed, or who the person is."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.citizen import Citizen
from tests.portal.watch.test_correlation import GIVEN, TRACE
from tests.stack import Stack, running

REST, SOAP = "hkpost-track", "immd-hkid-replace-lost"
BACKENDS = {REST: "hkpost-rest", SOAP: "immd-soap"}
TYPED = "Quince marmalade"
OURS = ("web", "worker", "chores", "beat")


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("portal"), LOG_FORMAT="json", LOG_LEVEL="DEBUG") as stack:
        yield stack


@pytest.fixture(scope="module")
def told(portal: Stack) -> dict[str, str]:
    """What stands in each process's log after calls that went well, badly and nowhere."""
    citizen = Citizen(portal)
    citizen.http.headers["traceparent"] = GIVEN
    receipts = [citizen.call(REST), citizen.call(SOAP)]
    citizen.wait(receipts, seconds=60)
    for mode in ("error", "garbage", "drop_after_accept"):
        for code, backend in BACKENDS.items():
            portal.set_mode(backend, mode)
            citizen.call(code)
    citizen.post(REST, {"reference_number": TYPED, "hkid": "A123456(3)"})
    citizen.get(f"/en/{TYPED}/", q=TYPED)
    citizen.get("/en/search/", q=TYPED)
    citizen.wait([citizen.call(REST)], seconds=3)
    return {path.stem: path.read_text(errors="replace") for path in (portal.var / "log").glob("*.log")}


def typed(form: Any) -> Iterator[str]:
    """Every text in a filled-in form that is long enough to be told from a code."""
    values = form.values() if isinstance(form, dict) else [form]
    for value in values:
        if isinstance(value, dict):
            yield from typed(value)
        elif isinstance(value, str) and len(value) > 5:
            yield value


def test_no_process_writes_down_what_was_typed_or_who_typed_it(portal: Stack, told: dict[str, str]) -> None:
    citizen = Citizen(portal)
    contents = {value for code in BACKENDS for value in typed(citizen.form_data(code))}
    secret = {
        TYPED,
        "Quince",
        "A123456(3)",
        "A1234563",
        "chan.taiman@example.hk",
        "+85291234567",
        "CHAN Tai Man",
        "ferry-citizen",
    }
    cookies = {value for value in citizen.http.cookies.values() if len(value) > 20}
    found = {(name, value) for name, text in told.items() for value in {*contents, *secret, *cookies} if value in text}
    assert {*OURS, "twins", "postgres"} <= told.keys()
    assert found == set()


def test_every_line_of_ours_is_json_and_of_one_call_all_carry_one_trace(told: dict[str, str]) -> None:
    lines = [json.loads(line) for name in OURS for line in told[name].splitlines() if line.startswith("{")]
    ended = [line for line in lines if line["event"] == "attempt_ended"]
    assert len(ended) >= 8
    assert {line["trace_id"] for line in ended} == {TRACE}
    assert {line["status"] for line in ended} >= {"completed", "in_doubt"}


def test_nothing_had_to_be_dropped_from_our_own_events(told: dict[str, str]) -> None:
    lines = [json.loads(line) for name in OURS for line in told[name].splitlines() if line.startswith("{")]
    assert [line for line in lines if line["logger"].startswith(("portal.", "services.")) and "dropped" in line] == []
