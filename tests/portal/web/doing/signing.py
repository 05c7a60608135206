"""A person with an identity app, and a form that the law wants signed."""

from typing import Any

from django.test import Client
from django.utils import timezone

from identity.accounts.models import User
from identity.signing.models import SignedDocument
from identity.upstream.flows import LASTS
from identity.upstream.models import Connection, Transaction
from services.registry.models import ServiceFunction
from tests.identity.accounts.signing_in import prove, sign_in, with_app
from tests.identity.upstream.fixtures import link
from tests.identity.upstream.running import IdentityApp, Phone
from tests.portal.web.doing.conftest import GOOD, address_of, fill_in, hidden, made
from tests.portal.web.upstream.walking import page_of, text_of

GOOD_WORDS = {**GOOD, "topic": "A quiet crossing"}


def to_sign() -> ServiceFunction:
    """A function that takes one word, signed."""
    return made("topic:text", assurance="plus")


def at_plus(person: User) -> Client:
    """A browser in which the person has proved more."""
    client = sign_in(person)
    with_app(person)
    prove(client)
    return client


def linked(person: User, app: IdentityApp, code: str = "tai-man") -> Client:
    """And has signed in with that demonstration person's app, so that it may be asked."""
    client = at_plus(person)
    link(person, code)
    again = client.post("/en/identity-app/prove/", {"once-more": "1", "next": "/en/"}, follow=True)
    assert "scan_url" in again.context, (again.redirect_chain, text_of(again)[-2500:])
    client.get(Phone(app, code).decide(again.context["scan_url"]), follow=True)
    client.post(page_of(Transaction.objects.latest("made_at"), "finish/"))
    assert Connection.objects.get(account__user=person).expires_at > timezone.now() - LASTS
    return client


def ready_to_sign(client: Client, function: ServiceFunction, **answers: Any) -> str:
    """Fill in, look over, press `Sign and send`; the address of the page that shows what is signed."""
    assert fill_in(client, function, **{"topic": "A quiet crossing", **answers}).status_code == 302
    review = client.get(address_of(function, "review"))
    place = client.post(address_of(function, "review"), hidden(review))
    return str(place["Location"])


def sign(client: Client, app: IdentityApp, place: str, *, do: str = "approve", person: str = "tai-man") -> Any:
    """Ask the app, decide there, and come back to the page."""
    waiting = client.post(place, follow=True)
    Phone(app, person).decide(waiting.context["scan_url"], do)
    asked = waiting.context["transaction"]
    client.get(page_of(asked))
    client.post(page_of(asked, "finish/"))
    return client.get(place)


def last() -> SignedDocument:
    return SignedDocument.objects.latest("made_at")


__all__ = ["GOOD_WORDS", "at_plus", "last", "linked", "ready_to_sign", "sign", "text_of", "to_sign"]
