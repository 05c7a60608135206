"""The mappings a catalogue function begins with, sent by the real connectors to the real twins."""

import hashlib
import json
import re
import uuid
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from services.forms.kinds import kind_of
from services.gateway import mapping, story
from services.gateway.batch_files import CsvFormat
from services.gateway.connectors.base import BatchConnector, Delivery, Outcome
from services.gateway.connectors.registry import connectors
from services.registry import answer_words, defaults
from services.registry.catalogue import backends, compiled, load, sheets
from services.registry.models import Backend, FunctionVersion
from services.twins import answers, batches, floor
from services.twins import catalogue as twins_catalogue
from tests.services.twins.running import Twins, start

ACTIONS = FunctionVersion.Action.values
PAIRS = sorted({(row["transport"], row["action"]) for row in sheets.read(load.FOLDER).rows["functions.csv"]})
AT_ONCE = {key for key, each in connectors.items() if not isinstance(each, BatchConnector)}  # the rest: test_sftp_batch
OUTCOMES = {  # what the rule that fits must have found, by action; any other action is acknowledged
    "pay": {"payment_number", "amount", "paid_on"},
    "book": {"booking_number", "date", "time", "place"},
    "enquire": {"case_number", "records"},
}
SAMPLES: dict[str, Any] = {
    "text": "A line of text",
    "longtext": "Several lines\nof text",
    "date": "2026-12-01",
    "datetime": "2026-12-01T10:30:00+08:00",
    "int": 3,
    "money": "120.50",
    "bool": False,
    "email": "a@example.hk",
    "phone": "+85291234567",
    "hkid": "A123456(3)",
    "br_number": "12345678",
    "vehicle_mark": "AB1234",
    "address": {"line_1": "Flat B", "line_2": "18 Fuk Wa Street", "district": "sham-shui-po"},
    "file": "7a0e3f1e-6a0f-4a43-9a2e-0d7c3b1f5a55",
}


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    running = start(tmp_path_factory.mktemp("twins"))
    yield running
    running.stop()


@cache
def catalogue() -> compiled.Catalogue:
    return compiled.compile_sheets(sheets.read(load.FOLDER))


def row_for(connector: str, action: str) -> sheets.Row:
    """The catalogue's richest function of the kind."""
    rows = [row for row in catalogue().functions if (row["transport"], row["action"]) == (connector, action)]
    return max(rows, key=lambda row: len(row["fields"]))


def filled_in(row: sheets.Row, *, with_optional: bool = True) -> dict[str, Any]:
    form = catalogue().forms[row["code"]]
    return {
        name: made["enum"][0] if kind_of(made) == "choice" else SAMPLES[kind_of(made)]
        for name, made in form["properties"].items()
        if with_optional or name in form["required"]
    }


def delivery(row: sheets.Row, form: dict[str, Any], twins: Twins | None = None, action: str = "") -> Delivery:
    """As the gateway would make it of a call."""
    connector, code, action = row["transport"], row["code"], action or row["action"]
    backend_code = f"{row['department']}-{connector}"
    manner: dict[str, dict[str, str]] = {
        "rest": {
            "health_path": "health",
            "lookup_path": "v1/receipts/{receipt}",
            "idempotency_header": "Idempotency-Key",
        },
        "soap": {"wsdl": "service?wsdl", "lookup_operation": "FindByReceipt"},
        "fixed-width": backends.manners_of(backend_code, "fixed-width")["settings"],
        "sftp-batch": {},
    }
    receipt = f"FRY-{uuid.uuid4().hex[:12].upper()}"
    about_files = {SAMPLES["file"]: {"name": "scan.pdf", "type": "application/pdf", "size": 4, "content": "JVBERg=="}}
    return Delivery(
        backend=Backend(
            code=backend_code,
            connector=connector,
            address=_address(twins, backend_code, connector) if twins else "",
            settings=manner[connector],
        ),
        receipt=receipt,
        function=code,
        request_map=defaults.request_map(
            connector, code, action, catalogue().forms[code], own=catalogue().own_fields[code]
        ),
        answer_map=defaults.answer_map(connector, action),
        context={
            "form": form,
            "files": about_files,
            "receipt": receipt,
            "function": code,
            "submitted_at": "2026-03-03T14:30:00+08:00",
            "language": "en",
        },
    )


def _address(twins: Twins, code: str, connector: str) -> str:
    return twins.records_address if connector == "fixed-width" else twins.address(f"{code}/")


def received(twins: Twins, sent: Delivery) -> str:
    """The body that reached the department."""
    entries = twins.get(f"_twins/{sent.backend.code}/ledger", receipt=sent.receipt).json()["entries"]
    body = entries[0]["body"]
    return body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)


@pytest.mark.parametrize(("connector", "action"), [pair for pair in PAIRS if pair[0] in AT_ONCE])
@pytest.mark.parametrize("with_optional", [True, False])
def test_every_action_is_done_and_understood(twins: Twins, connector: str, action: str, with_optional: bool) -> None:
    row = row_for(connector, action)
    sent = delivery(row, filled_in(row, with_optional=with_optional), twins)
    outcome = connectors[connector].send(sent)
    assert outcome.kind == Outcome.ANSWERED, outcome
    assert outcome.reading is not None
    assert outcome.reading.outcome == "completed"
    assert set(outcome.reading.values) == OUTCOMES.get(action, {"case_number", "reply_by"})


def test_records_are_read_over_soap_too(twins: Twins) -> None:
    row = row_for("soap", "apply")
    sent = delivery(row, filled_in(row), twins, action="enquire")  # the catalogue has none
    reading = connectors["soap"].send(sent).reading
    assert reading is not None
    assert {"title", "value"} == set(reading.values["records"][0])


def test_what_an_enquiry_finds_is_said_in_the_persons_language(twins: Twins) -> None:
    row = row_for("rest", "enquire")
    version = FunctionVersion(answer_map=defaults.answer_map("rest", "enquire"))
    reading = connectors["rest"].send(delivery(row, filled_in(row), twins)).reading
    assert reading is not None
    with translation.override("zh-hant"):
        items = story.answer_from(version, {"rule": reading.rule, "values": reading.values}).items
    assert [item.label for item in items if item.label.isascii()] == []
    assert [item.value for item in items if re.search("[a-z]", item.value)] == []


def test_every_word_of_the_twins_records_is_known_in_three_languages() -> None:
    source = Path(answers.__file__).read_text()
    said = set(re.findall(r'"([A-Z][a-z]+[^"\n{]*)"', source[source.index("def application_records") :]))
    assert {text for text in said if text not in answer_words.RECORDS} == set()


@pytest.mark.parametrize(("connector", "action"), [("rest", "book"), ("soap", "book"), ("fixed-width", "enquire")])
def test_a_look_up_reads_like_the_answer_itself(twins: Twins, connector: str, action: str) -> None:
    row = row_for(connector, action)
    sent = delivery(row, filled_in(row), twins)
    answered = connectors[connector].send(sent)
    assert connectors[connector].lookup(sent).reading == answered.reading


@pytest.mark.parametrize("connector", ["rest", "soap", "fixed-width"])
def test_a_refusal_is_read_with_its_own_words_and_so_is_its_look_up(twins: Twins, connector: str) -> None:
    row = row_for(connector, "apply")
    name = next(name for name in catalogue().own_fields[row["code"]] if row["fields"].count(f"{name}:text"))
    sent = delivery(row, filled_in(row) | {name: "VOID-1"}, twins)
    readings = [connectors[connector].send(sent).reading, connectors[connector].lookup(sent).reading]
    titles = [sent.answer_map[reading.rule]["title"]["en"] for reading in readings if reading]
    assert titles == ["We could not find your record"] * 2


def test_a_missing_answer_is_named_as_such(twins: Twins) -> None:
    row = row_for("rest", "apply")
    form = filled_in(row, with_optional=False)
    del form[next(name for name in catalogue().own_fields[row["code"]] if name in form)]
    sent = delivery(row, form, twins)
    reading = connectors["rest"].send(sent).reading
    assert reading is not None
    assert (reading.outcome, sent.answer_map[reading.rule]["title"]["en"]) == (
        "rejected",
        "One answer is still missing",
    )


@pytest.mark.parametrize("connector", ["rest", "soap", "fixed-width"])
def test_what_the_person_is_asked_about_themselves_arrives_as_the_applicant(twins: Twins, connector: str) -> None:
    row = row_for(connector, "apply")
    sent = delivery(row, filled_in(row), twins)
    connectors[connector].send(sent)
    assert "A123456(3)" in received(twins, sent)


def test_a_file_arrives_with_its_content(twins: Twins) -> None:
    rows = [row for row in catalogue().functions if ":file" in row["fields"]]
    for connector in ("rest", "soap"):
        row = next(row for row in rows if row["transport"] == connector)
        sent = delivery(row, filled_in(row), twins)
        assert connectors[connector].send(sent).kind == Outcome.ANSWERED
        assert "JVBERg==" in received(twins, sent)


def test_a_mainframe_gets_a_files_bytes_behind_the_record(twins: Twins) -> None:
    row = next(row for row in catalogue().functions if row["transport"] == "fixed-width" and ":file" in row["fields"])
    sent = delivery(row, filled_in(row), twins)
    assert connectors["fixed-width"].send(sent).kind == Outcome.ANSWERED
    (document,) = json.loads(received(twins, sent))["documents"]
    assert (document["id"], document["sha256"]) == (SAMPLES["file"], hashlib.sha256(b"%PDF").hexdigest())


def test_every_form_of_a_mainframe_fits_its_records() -> None:
    for row in catalogue().functions:
        if row["transport"] == "fixed-width":
            sent = delivery(row, filled_in(row))
            connectors["fixed-width"].check_request_to(sent.backend, sent.request_map)
            assert connectors["fixed-width"].misfits(sent) == [], row["code"]


def test_soap_carries_every_value_as_text() -> None:
    form = {
        "properties": {
            "agreed": {"type": "boolean"},
            "copies": {"type": "integer"},
            "home": {"type": "object"},
            "note": {"type": "string"},
        },
        "required": ["agreed", "copies", "home"],
    }
    template = defaults.request_map("soap", "x", "apply", form)["body"]["Fields"]
    data = {"agreed": False, "copies": 2, "home": {"line_1": "Flat B", "district": "north"}}
    assert mapping.compose(template, {"form": data})["Item"] == [
        {"Name": "Agreed", "Value": "false"},
        {"Name": "Copies", "Value": "2"},
        {"Name": "Home", "Value": "Flat B, north"},
    ]


def test_an_empty_search_says_that_nothing_is_on_record() -> None:
    answers = {
        "rest": {"outcome": "FOUND", "caseNo": "TD-1", "records": []},
        "soap": {"Outcome": "FOUND", "CaseNo": "TD-1", "Records": None},
        "fixed-width": {"outcome": "FOUND", "case_number": "TD-1", "records": []},
    }
    for connector, body in answers.items():
        rules = defaults.answer_map(connector, "enquire")
        reading = mapping.read(rules, mapping.Reply(200, body))
        assert reading is not None
        assert rules[reading.rule]["title"]["en"] == "There is nothing on record"


@pytest.mark.parametrize(
    ("connector", "reply"),
    [
        ("rest", mapping.Reply(429, {})),
        ("rest", mapping.Reply(503, {"title": "Busy"})),
        ("soap", mapping.Reply(500, None, {"code": "soap:Server.Busy", "text": "", "detail": None})),
        ("fixed-width", mapping.Reply(90)),
    ],
)
def test_a_busy_department_is_asked_again(connector: str, reply: mapping.Reply) -> None:
    reading = mapping.read(defaults.answer_map(connector, "apply"), reply)
    assert reading is not None
    assert reading.outcome == "retry"


@pytest.mark.parametrize(
    ("connector", "reply"),
    [
        ("rest", mapping.Reply(200, {"status": "ok"})),
        ("rest", mapping.Reply(200, ["ACCEPTED"])),
        ("rest", mapping.Reply(500, {"error": "oops"})),
        ("soap", mapping.Reply(500, None, {"code": "soap:Server", "text": "oops", "detail": None})),
        ("soap", mapping.Reply(500, None, {"code": "soap:Client", "text": "no such operation", "detail": None})),
        ("fixed-width", mapping.Reply(99)),
    ],
)
def test_an_answer_outside_the_contract_is_not_guessed_at(connector: str, reply: mapping.Reply) -> None:
    assert mapping.read(defaults.answer_map(connector, "apply"), reply) is None


@pytest.mark.parametrize("connector", ["rest", "soap", "fixed-width"])
@pytest.mark.parametrize("action", ACTIONS)
def test_the_rules_pass_the_check_that_officers_pass(connector: str, action: str) -> None:
    mapping.check_answer_map(defaults.answer_map(connector, action))


def test_every_function_of_the_catalogue_can_be_composed() -> None:
    for row in catalogue().functions:
        if row["transport"] in connectors:
            sent = delivery(row, filled_in(row))
            mapping.check_template(sent.request_map, set(catalogue().forms[row["code"]]["properties"]))
            composed = json.dumps(mapping.compose(sent.request_map, sent.context))
            assert all(
                any(f'"{said(name)}"' in composed for said in (defaults.lower_camel, defaults.pascal, str.upper))
                for name in catalogue().own_fields[row["code"]]
            ), row["code"]


@pytest.mark.parametrize("action", ACTIONS)
def test_an_answer_in_a_file_says_the_same_as_one_over_the_wire(action: str) -> None:
    rest = next(row for row in catalogue().functions if row["transport"] == "rest")
    known = twins_catalogue.load()
    said = answers.answer_to(
        answers.Submission(
            backend=known.backends["td-rest"], receipt="FRY-1", function=known.functions[rest["code"]], action=action,
            details={field.name: "x" for field in known.functions[rest["code"]].fields}, received_at=floor.now(),
        )
    )  # fmt: skip
    in_a_file = mapping.read(defaults.answer_map("sftp-batch", action), mapping.Reply(200, batches.flat(said)))
    over_the_wire = mapping.read(defaults.answer_map("rest", action), mapping.Reply(200, said))
    assert in_a_file is not None
    assert over_the_wire is not None
    assert (in_a_file.outcome, in_a_file.values) == (over_the_wire.outcome, over_the_wire.values)


def test_a_refusal_in_a_file_has_its_own_words() -> None:
    refused = {"OUTCOME": "REFUSED", "REASON_CODE": "NOT_ON_RECORD", "REASON": "We have no record."}
    rules = defaults.answer_map("sftp-batch", "apply")
    reading = mapping.read(rules, mapping.Reply(200, refused))
    assert reading is not None
    assert rules[reading.rule]["title"]["en"] == "We could not find your record"


def test_every_function_that_leaves_in_a_batch_fits_its_file() -> None:
    for row in [row for row in catalogue().functions if row["transport"] == "sftp-batch"]:
        sent = delivery(row, filled_in(row))
        record = mapping.compose(sent.request_map["record"], sent.context)
        connectors["sftp-batch"].check_request(sent.request_map)
        [again] = CsvFormat().read(CsvFormat().write([record]))
        assert again["RECEIPT_NO"] == sent.receipt
        assert len(again) == len(record), row["code"]
