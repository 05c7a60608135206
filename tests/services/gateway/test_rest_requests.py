"""What a request map puts on the wire, and what it cannot."""

import hashlib
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from services.gateway.connectors.base import Outcome
from services.gateway.connectors.rest import RestConnector
from tests.services.gateway.rest_department import FILE, FILE_ID, PDF, Department
from tests.services.twins.running import Twins

NOTE = {"details": {"note": "=form.note"}}


@pytest.fixture
def td(twins: Twins) -> Department:
    return Department(twins)


def test_a_body_is_json_unless_the_map_says_otherwise(td: Department) -> None:
    outcome, receipt = td.send({"path": "v1/td-note", "body": NOTE}, note="駁回")
    assert (outcome.kind, td.filed(receipt)) == (Outcome.ANSWERED, {"details": {"note": "駁回"}})


def test_a_form_has_dots_for_what_is_inside_and_a_name_for_each_of_a_list(td: Department) -> None:
    body = {"details": {"note": "=form.note", "days": "=form.days", "urgent": "=form.urgent", "none": "=form.none"}}
    outcome, receipt = td.send(
        {"path": "v1/td-note", "encode": "form", "body": body}, note="a&b=é", days=["mon", "tue"], urgent=True
    )
    assert outcome.kind == Outcome.ANSWERED
    assert td.last_request()["headers"]["content-type"] == "application/x-www-form-urlencoded"
    written = "details.note=a%26b%3D%C3%A9&details.days=mon&details.days=tue&details.urgent=true"
    assert td.filed(receipt) == written


def test_details_of_a_form_are_read_like_those_of_json(td: Department) -> None:
    outcome, _ = td.send({"path": "v1/td-note", "encode": "form", "body": NOTE}, note="VOID-1")
    assert outcome.reading is not None
    assert outcome.reading.outcome == "rejected"


UPLOAD = {
    "path": "v1/td-note",
    "encode": "multipart",
    "body": {"receiptNo": "=receipt", **NOTE},
    "files": {"licence": "=form.licence_copy"},
}


def test_an_upload_arrives_byte_for_byte_with_its_name_and_type(td: Department) -> None:
    outcome, receipt = td.send(UPLOAD, note="第一行\r\n第二行", licence_copy=FILE_ID)
    assert outcome.kind == Outcome.ANSWERED
    assert td.filed(receipt) == {
        "fields": [["receiptNo", receipt], ["details.note", "第一行\r\n第二行"], ["licence", FILE["name"]]],
        "files": [
            {
                "part": "licence",
                "name": FILE["name"],
                "type": "application/pdf",
                "size": len(PDF),
                "sha256": hashlib.sha256(PDF).hexdigest(),
            }
        ],
    }


def test_a_list_of_files_goes_under_one_name_and_none_is_left_out(td: Department) -> None:
    files = {"licence": "=form.copies", "photo": "=form.photo"}
    _, receipt = td.send({**UPLOAD, "files": files}, note="x", copies=[FILE_ID, FILE_ID])
    assert [each["part"] for each in td.filed(receipt)["files"]] == ["licence", "licence"]


def test_what_the_officer_is_shown_of_an_upload_names_the_file_and_not_its_bytes(td: Department) -> None:
    outcome, _ = td.send(UPLOAD, note="x", licence_copy=FILE_ID)
    assert FILE["sha256"] in outcome.exchange["sent"]
    assert len(outcome.exchange["sent_sha256"]) == 64


def test_a_file_that_is_not_there_is_not_sent_as_an_empty_one(td: Department) -> None:
    outcome, _ = td.send(UPLOAD, note="x", licence_copy="another")
    assert (outcome.kind, outcome.detail) == (Outcome.UNSENDABLE, "/files/licence/0: there is no such file")


IN_PATH: dict[str, Any] = {"path": "v1/td-note/{mark}", "path_values": {"mark": "=form.mark"}, "body": {}}


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(mark=st.text(min_size=1, max_size=30))
@example(mark="../../immd-rest/v1/other")
@example(mark="a/b?c=d#e")
@example(mark="%2e%2e")
@example(mark="..;x")
@example(mark="//evil.example")
@example(mark="\ud800")
def test_whatever_is_filled_in_stays_one_segment_of_the_path_or_is_not_sent(td: Department, mark: str) -> None:
    outcome, _ = td.send(IN_PATH, mark=mark)
    if outcome.kind == Outcome.UNSENDABLE:
        assert mark.strip() in {"", ".", ".."} or "\ud800" <= mark[0] <= "\udfff"
    else:
        assert td.last_request()["target"] == f"/td-rest/v1/td-note/{quote(mark, safe='')}"


@pytest.mark.parametrize("mark", [None, "", " ", ".", "..", ["a"], {"a": "b"}])
def test_a_path_without_a_value_is_not_sent(td: Department, mark: Any) -> None:
    outcome, _ = td.send(IN_PATH, mark=mark)
    assert (outcome.kind, outcome.detail.split(":")[0]) == (Outcome.UNSENDABLE, "/path_values/mark")


def test_a_query_repeats_the_name_for_a_list_and_leaves_out_what_is_empty(td: Department) -> None:
    query = {"year": "=form.year", "kind": "=form.kinds", "none": "=form.none"}
    outcome, _ = td.send({"path": "v1/td-note", "query": query, "body": {}}, year=2026, kinds=["a&b", "ü"])
    assert outcome.kind == Outcome.ANSWERED
    assert td.last_request()["target"] == "/td-rest/v1/td-note?year=2026&kind=a%26b&kind=%C3%BC"


def test_a_get_carries_all_in_its_address(td: Department) -> None:
    outcome, receipt = td.send({"method": "GET", "path": "v1/td-note", "query": {"mark": "=form.mark"}}, mark="AB 1")
    assert outcome.kind == Outcome.ANSWERED
    assert td.filed(receipt) == ""


def test_headers_are_mapped_and_the_trace_goes_along(td: Department) -> None:
    td.send({"path": "v1/td-note", "headers": {"X-Mark": "=form.mark", "accept": "text/json"}, "body": {}}, mark="AB 1")
    headers = td.last_request()["headers"]
    assert (headers["x-mark"], headers["accept"]) == ("AB 1", "text/json")
    assert headers["traceparent"] == "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.parametrize("mark", ["a\r\nX-Admin: yes", "a\nb", "駕駛", "é", "a\x00", "\ud800", ["a"]])
def test_a_header_that_no_header_may_be_is_not_sent_and_its_value_not_told(td: Department, mark: Any) -> None:
    outcome, _ = td.send({"path": "v1/td-note", "headers": {"X-Mark": "=form.mark"}, "body": {}}, mark=mark)
    assert (outcome.kind, outcome.detail.split(":")[0]) == (Outcome.UNSENDABLE, "/headers/X-Mark")
    assert "Admin" not in outcome.detail


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    encode=st.sampled_from(["json", "form", "multipart"]),
    note=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=6,
    ),
)
def test_nothing_that_is_filled_in_makes_send_raise(td: Department, encode: str, note: Any) -> None:
    outcome, _ = td.send({"path": "v1/td-note", "encode": encode, "body": NOTE}, note=note)
    assert outcome.kind in {Outcome.ANSWERED, Outcome.UNSENDABLE, Outcome.AMBIGUOUS}


def test_an_older_map_whose_path_is_an_expression_still_works_but_does_not_climb(td: Department) -> None:
    old = {"path": "=join('/', ['v1', 'td-note', form.mark])", "body": {}}
    kinds = [td.connector.send(td.delivery(old, mark=mark)).kind for mark in ("AB1", "../td-note", "..")]
    assert kinds == [Outcome.ANSWERED, Outcome.UNSENDABLE, Outcome.UNSENDABLE]


def test_what_a_path_or_a_header_cannot_bear_is_told_before_the_call_is_accepted(td: Department) -> None:
    request_map = {**IN_PATH, "headers": {"X-Name": "=form.name"}}
    delivery = td.delivery(request_map, mark="..", name="陳大文")
    found = td.connector.misfits(delivery)
    assert [sorted(each.names) for each in found] == [["mark"], ["name"]]
    assert td.connector.misfits(td.delivery(request_map, mark="AB1")) == []


@pytest.mark.parametrize(
    ("request_map", "where"),
    [
        ({"path": "v1/x", "encode": "xml"}, "/encode"),
        ({"path": "v1/x", "method": "GET", "encode": "form"}, "/encode"),
        ({"path": "v1/x", "encode": "form", "body": "=form"}, "/body"),
        ({"path": "v1/x", "files": {"a": "=form.a"}}, "/files"),
        ({"path": "v1/x", "encode": "multipart", "files": {"a": "b"}}, "/files/a"),
        ({"path": "v1/x", "encode": "multipart", "files": ["a"]}, "/files"),
        ({"path": "v1/{x}"}, "/path"),
        ({"path": "v1/x", "path_values": {"x": "=form.x"}}, "/path_values/x"),
        ({"path": "=form.x"}, "/path"),
        ({"path": "=join("}, "/path"),
        ({"path": "v1/../x"}, "/path"),
        ({"path": ""}, "/path"),
        ({"path": "v1/x", "headers": {"X Mark": "a"}}, "/headers/X Mark"),
        ({"path": "v1/x", "headers": {"Authorization": "Basic abc"}}, "/headers/Authorization"),
        ({"path": "v1/x", "headers": {"X-Mark": "a\nb"}}, "/headers/X-Mark"),
        ({"path": "v1/x", "headers": {"X-Mark": ["a"]}}, "/headers/X-Mark"),
        ({"path": "v1/x", "encode": "form", "headers": {"content-type": "text/x"}}, "/headers/content-type"),
        ({"path": "v1/x", "colour": "red"}, "/colour"),
        ([], "/"),
    ],
)
def test_a_map_that_cannot_be_sent_is_refused_with_its_place(request_map: Any, where: str) -> None:
    with pytest.raises(ValueError, match=f"^{where}: "):
        RestConnector().check_request(request_map)
