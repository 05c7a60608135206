import csv

import pytest
import requests

from services.twins.catalogue import CATALOGUE_FOLDER
from tests.services.twins.running import TIMEOUT_SECONDS, Twins


def backends_by_code(twins: Twins) -> dict[str, dict[str, object]]:
    return {each["code"]: each for each in twins.get("_twins/").json()["backends"]}


def post_mode(twins: Twins, backend: str, body: str) -> requests.Response:
    return requests.post(twins.address(f"_twins/{backend}/mode"), data=body, timeout=TIMEOUT_SECONDS)


def test_every_department_and_transport_of_the_catalogue_is_listed(twins: Twins) -> None:
    with (CATALOGUE_FOLDER / "functions.csv").open(encoding="utf-8", newline="") as file:
        wanted = {f"{row['department']}-{row['transport']}" for row in csv.DictReader(file)}
    assert set(backends_by_code(twins)) == wanted


def test_a_rest_backend_is_listed_with_its_address(twins: Twins) -> None:
    assert backends_by_code(twins)["td-rest"] == {
        "code": "td-rest",
        "department": "td",
        "transport": "rest",
        "address": twins.address("td-rest/"),
        "mode": "ok",
        "served": True,
    }


def test_a_soap_backend_is_listed_with_its_wsdl(twins: Twins) -> None:
    assert backends_by_code(twins)["td-soap"]["wsdl"] == twins.address("td-soap/service?wsdl")


def test_every_mainframe_is_listed_at_the_port_of_records(twins: Twins) -> None:
    backend = backends_by_code(twins)["wsd-fixed-width"]
    assert (backend["served"], backend["address"]) == (True, f"{twins.records_address}wsd-fixed-width/")


def test_a_mode_that_was_set_is_shown(twins: Twins) -> None:
    twins.set_mode("td-rest", "slow", 40)
    assert twins.get("_twins/td-rest/mode").json() == {"mode": "slow", "delay_ms": 40}


def test_a_mode_leaves_the_neighbours_alone(twins: Twins) -> None:
    twins.set_mode("td-rest", "error")
    assert twins.get("_twins/immd-rest/mode").json() == {"mode": "ok", "delay_ms": 0}


def test_all_sets_every_backend(twins: Twins) -> None:
    twins.set_mode("_all", "hang")
    assert {each["mode"] for each in backends_by_code(twins).values()} == {"hang"}


@pytest.mark.parametrize(
    "body",
    [
        "mode=ok",
        "[]",
        "{}",
        '{"mode": "sleepy"}',
        '{"mode": ["ok"]}',
        '{"mode": "ok", "delay_ms": -1}',
        '{"mode": "ok", "delay_ms": true}',
        '{"mode": "ok", "delay_ms": "20"}',
        '{"mode": "ok", "delay_ms": 600001}',
    ],
)
def test_a_bad_mode_is_a_problem_and_changes_nothing(twins: Twins, body: str) -> None:
    answer = post_mode(twins, "td-rest", body)
    assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (
        400,
        "application/problem+json",
    )
    assert twins.get("_twins/td-rest/mode").json() == {"mode": "ok", "delay_ms": 0}


@pytest.mark.parametrize("path", ["_twins/nobody/mode", "_twins/nobody/ledger", "nobody/health", "td-rest/nothing"])
def test_an_unknown_address_is_a_404_problem(twins: Twins, path: str) -> None:
    answer = twins.get(path)
    assert (answer.status_code, answer.json()["status"]) == (404, 404)
