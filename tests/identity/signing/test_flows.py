"""A signature is redeemed once, by its person, for its content, while it is fresh."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone
from structlog.testing import capture_logs

from identity.accounts.models import User
from identity.signing import flows
from identity.signing.errors import NoSeal, SignatureRefused
from identity.signing.models import SignedDocument
from identity.upstream.signatures import Signature
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
CONTENT = {"form": {"topic": "A quiet crossing"}}
Signs = Callable[[bytes], Signature]


def signed(person: User, signs: Signs) -> SignedDocument:
    document = flows.prepare(person, CONTENT)
    flows._keep(document, signs(bytes(document.content)))
    return document


@pytest.fixture
def person() -> User:
    return UserFactory()


@pytest.fixture
def document(person: User, signs: Signs) -> SignedDocument:
    return signed(person, signs)


def refused(document: SignedDocument, person: User, content: Any = CONTENT) -> str:
    with capture_logs() as lines, pytest.raises(SignatureRefused) as error:
        flows.redeem(document, person=person, content=content, reference="FRY-2")
    assert [(line["event"], line["reason"]) for line in lines] == [("signature_refused", error.value.reason)]
    return error.value.reason


def test_it_is_used_once(document: SignedDocument, person: User) -> None:
    flows.redeem(document, person=person, content=CONTENT, reference="FRY-1")
    assert refused(document, person) == "used"
    kept = flows.of("FRY-1")
    assert kept is not None
    assert kept.signer == "CHAN Tai Man"


def test_somebody_else_cannot_use_it(document: SignedDocument) -> None:
    assert refused(document, UserFactory()) == "other_person"


def test_other_content_does_not_fit(document: SignedDocument, person: User) -> None:
    assert refused(document, person, {"form": {"topic": "A loud crossing"}}) == "other_document"


def test_an_old_one_does_not_count(document: SignedDocument, person: User) -> None:
    SignedDocument.objects.update(expires_at=timezone.now())
    assert refused(document, person) == "expired"


def test_an_unsigned_one_does_not_count(person: User) -> None:
    assert refused(flows.prepare(person, CONTENT), person) == "not_signed"


def test_one_that_is_gone_does_not_count(document: SignedDocument, person: User) -> None:
    SignedDocument.objects.all().delete()
    assert refused(document, person) == "unknown"


def test_the_same_answers_are_another_document_each_time(person: User) -> None:
    assert flows.prepare(person, CONTENT).sha256 != flows.prepare(person, CONTENT).sha256


def test_what_nobody_used_is_forgotten_and_what_was_used_stays(
    document: SignedDocument, person: User, signs: Signs
) -> None:
    flows.redeem(document, person=person, content=CONTENT, reference="FRY-1")
    signed(person, signs)
    assert flows.forget(timezone.now() + timedelta(days=1)) == 1
    assert SignedDocument.objects.get().reference == "FRY-1"


def test_nothing_is_prepared_without_a_seal(person: User, settings: Any) -> None:
    settings.FERRY_SEAL = []
    with pytest.raises(NoSeal):
        flows.prepare(person, CONTENT)


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_gets_it(transactional_db: None, signs: Signs) -> None:
    person = UserFactory()
    document = signed(person, signs)

    def use(number: int) -> bool:
        try:
            flows.redeem(document, person=person, content=CONTENT, reference=f"FRY-{number}")
        except SignatureRefused:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(use, range(4))) == 1
