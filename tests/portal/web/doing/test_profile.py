import html
from typing import Any

import pytest
from django.test import Client

from identity.accounts.models import User
from identity.profile import flows

CONTACT = "/en/profile/contact/"
TOLD = {"phone": "6123 4567", "email": "new@example.hk", "address.line_1": "2 Pier Road", "address.district": "north"}


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def test_each_field_says_where_it_comes_from_and_when_it_was_checked(signed_in: Client) -> None:
    page = text_of(signed_in.get("/en/profile/"))
    assert "A123456(3)" in page
    assert "Immigration Department, identity card record, checked 12 March 2025" in page
    assert "You told us on" in page
    assert "Central and Western" in page


def test_it_leads_to_who_has_seen_the_data_in_four_queries(signed_in: Client, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(4):
        page = text_of(signed_in.get("/en/profile/"))
    assert 'href="/en/account/disclosures/"' in page


def test_contact_details_are_the_persons_to_change(citizen: User, signed_in: Client) -> None:
    answer = signed_in.post(CONTACT, TOLD)
    known = flows.read(citizen)
    assert answer["Location"] == "/en/profile/?saved"
    assert (known["phone"].value, known["phone"].source) == ("+85261234567", "person")
    assert known["address"].value == {"line_1": "2 Pier Road", "district": "north"}


def test_an_emptied_field_is_taken_back(citizen: User, signed_in: Client) -> None:
    signed_in.post(CONTACT, {**TOLD, "phone": ""})
    assert "phone" not in flows.read(citizen)


def test_a_mistake_changes_nothing(citizen: User, signed_in: Client) -> None:
    answer = signed_in.post(CONTACT, {**TOLD, "email": "not an address"})
    assert answer.status_code == 422
    assert "<title>Error: " in text_of(answer)
    assert 'value="not an address"' in text_of(answer)
    assert flows.read(citizen)["phone"].value == "+85291234567"


def test_what_an_authority_vouches_for_is_not_the_persons_to_change(citizen: User, signed_in: Client) -> None:
    known = flows.read(citizen)
    flows.store(citizen, "phone", "+85291234567", source="immd", checked_on=known["phone"].checked_on)
    signed_in.post(CONTACT, {**TOLD, "name_en": "SOMEONE Else", "hkid": "G123456(A)"})
    known = flows.read(citizen)
    assert [known[name].value for name in ("phone", "name_en", "hkid")] == [
        "+85291234567",
        "CHAN Tai Man",
        "A123456(3)",
    ]


@pytest.mark.parametrize("path", ["/en/profile/", CONTACT])
def test_signed_out_it_asks_for_the_log_in(client: Client, db: None, path: str) -> None:
    assert client.get(path)["Location"] == f"/accounts/login/?next={path}"
