"""Downloading the signed proof, from the receipt and from the API."""

import json
from typing import Any

import pytest
from django.test import Client

from scripts.verify_proof import verified
from services.gateway import receipts
from services.gateway.models import ServiceCall
from services.registry.models import ServiceFunction
from tests.factories import UserFactory
from tests.portal.web.doing.conftest import finish, send
from tests.portal.web.doing.test_calls import page_of, text_of


@pytest.fixture
def call(signed_in: Client, function: ServiceFunction) -> ServiceCall:
    return finish(send(signed_in, function), "completed", case_number="TD-1")


def addresses(call: ServiceCall) -> list[str]:
    return [page_of(call, "proof.json"), f"/api/v1/calls/{call.receipt}/proof"]


def test_the_receipt_offers_it(signed_in: Client, call: ServiceCall) -> None:
    assert f'href="{page_of(call, "proof.json")}"' in text_of(signed_in.get(page_of(call)))


def test_both_ways_give_a_proof_that_stands(signed_in: Client, call: ServiceCall) -> None:
    keys = signed_in.get("/.well-known/ferry-proof-keys.json").content
    for address in addresses(call):
        answer = signed_in.get(address)
        assert answer["Content-Type"] == "application/jose+json"
        bundle = verified(answer.content, keys)
        assert bundle["sent"]["text"].encode() == receipts.canonical(call.receipt, call.function.code, call.payload)


def test_somebody_elses_is_not_found(call: ServiceCall) -> None:
    stranger = Client()
    stranger.force_login(UserFactory())
    assert [stranger.get(address).status_code for address in addresses(call)] == [404, 404]


@pytest.mark.parametrize("accept", ["application/json", "application/jose+json", "*/*", "text/html"])
def test_it_has_one_media_type_whatever_one_asks_for(signed_in: Client, call: ServiceCall, accept: str) -> None:
    answer = signed_in.get(f"{addresses(call)[1]}?format=json", headers={"Accept": accept})
    assert answer["Content-Type"] == "application/jose+json"
    assert set(json.loads(answer.content)) == {"payload", "protected", "signature"}


def test_without_a_key_it_is_not_offered(signed_in: Client, call: ServiceCall, settings: Any) -> None:
    settings.FERRY_PROOF_KEYS = []
    assert "proof.json" not in text_of(signed_in.get(page_of(call)))
    assert [signed_in.get(address).status_code for address in addresses(call)] == [404, 503]
