"""Each person reads what they allowed, takes it back with one press and keeps a receipt."""

import html
from datetime import timedelta
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.utils import timezone

from identity.accounts.models import User
from identity.consent import flows
from identity.consent.models import Consent
from tests.factories import UserFactory

PAGE = "/en/account/consents/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> User:
    return UserFactory()


@pytest.fixture
def reader(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def text_of(response: Any) -> str:
    return " ".join(html.unescape(response.content.decode()).split())


def give(person: User, **facts: Any) -> Consent:
    given: dict[str, Any] = {"recipient": "td", "purpose": "td-site", "fields": ["phone", "points"]}
    names = {"recipient_names": {"en": "Transport Department"}, "purpose_names": {"en": "Driving records"}}
    wording = {"why": {"en": "To call you back"}, "fields": {"points": {"en": "Driving points"}}}
    return flows.give(person, **{**given, **names, "wording": wording, **facts})


def test_a_consent_says_who_gets_what_why_and_until_when(person: User, reader: Client) -> None:
    give(person, until=timezone.now() + timedelta(days=30))
    page = text_of(reader.get(PAGE))
    said = ["Transport Department", "Driving records", "To call you back", "Phone number, Driving points", "until "]
    assert [words for words in said if words not in page] == []


def test_one_press_takes_it_back_and_shows_the_effect(person: User, reader: Client) -> None:
    consent = give(person)
    page = text_of(reader.post(f"{PAGE}{consent.pk}/withdraw/", follow=True))
    assert "From now on Transport Department gets nothing more from us for “Driving records”" in page
    assert flows.in_force(person, recipient="td", purpose="td-site") is None


def test_a_consent_of_somebody_else_cannot_be_taken_back(reader: Client) -> None:
    consent = give(UserFactory())
    assert reader.post(f"{PAGE}{consent.pk}/withdraw/").status_code == 404
    assert Consent.objects.in_force().exists()


def test_to_take_it_back_by_following_a_link_is_impossible(person: User, reader: Client) -> None:
    assert reader.get(f"{PAGE}{give(person).pk}/withdraw/").status_code == 405


def test_what_ran_out_is_among_those_that_are_over(person: User, reader: Client) -> None:
    consent = give(person, until=timezone.now() + timedelta(days=1))
    past = timezone.now() - timedelta(days=3)
    Consent.objects.filter(pk=consent.pk).update(given_at=past, until=past + timedelta(days=1))
    page = text_of(reader.get(PAGE))
    assert "Its time was up" in page
    assert "You have allowed nothing." in page


def test_the_receipt_is_the_persons_own(person: User, reader: Client) -> None:
    consent = give(person)
    assert reader.get(f"{PAGE}{consent.pk}/record.json").json()["header"]["record_id"] == str(consent.pk)
    assert reader.get(f"{PAGE}{give(UserFactory()).pk}/record.json").status_code == 404


def test_the_page_of_account_leads_to_both(reader: Client) -> None:
    page = text_of(reader.get("/en/account/"))
    assert f'href="{PAGE}"' in page
    assert 'href="/en/account/disclosures/"' in page


def test_the_component_has_a_box_for_each_field_that_can_be_withheld() -> None:
    fields = [{"name": "name_en", "title": "Name", "is_needed": True}, {"name": "phone", "title": "Phone"}]
    drawn = render_to_string("components/consent.html", {"recipient": "TD", "purpose": "Records", "fields": fields})
    assert 'value="phone"' in drawn
    assert 'value="name_en"' not in drawn
