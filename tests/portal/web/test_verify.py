"""“Check a document”: nobody has to sign in, and every file gets a plain answer."""

import json

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from structlog.testing import capture_logs

from identity.signing import verification
from portal.web import verify
from services.gateway import proof
from tests.portal.web.upstream.walking import text_of

pytestmark = pytest.mark.django_db
SIGNED = proof.keyring().sign({"receipt": "FRY-1"}, kind=proof.TYPE)


def checked(content: bytes, name: str = "paper.json") -> tuple[int, str]:
    answer = Client().post("/en/verify/", {"document": ContentFile(content, name)})
    return answer.status_code, text_of(answer)


def test_anybody_may_open_it(client: Client) -> None:
    assert "Check a document" in text_of(client.get("/en/verify/"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"garbage", "no document that we can read"),
        (b"%PDF-1.4 torn", "no document that we can read"),
        (b"[" * 50_000, "no document that we can read"),
        (b"{}", "There is no signature in this file"),
        (b"x" * (verification.MOST_BYTES + 1), "The file is too large"),
    ],
)
def test_what_cannot_be_checked_says_why(content: bytes, words: str) -> None:
    status, page = checked(content)
    assert (status, words in page) == (422, True)


def test_no_file_is_asked_for_kindly(client: Client) -> None:
    answer = client.post("/en/verify/")
    assert (answer.status_code, "Choose a file first." in text_of(answer)) == (422, True)


def test_a_changed_proof_is_named_as_changed_and_logged() -> None:
    changed = {**SIGNED, "signature": SIGNED["signature"][:-4] + "AAAA"}
    with capture_logs() as lines:
        status, page = checked(json.dumps(changed).encode())
    assert (status, "This document was changed" in page) == (200, True)
    assert [(line["event"], line["kind"]) for line in lines] == [("document_not_genuine", "proof")]


def test_a_proof_of_ours_is_whole() -> None:
    found, told = verify._check(json.dumps(SIGNED).encode())
    assert found is not None
    assert (found.state, told) == ("whole", {"receipt": "FRY-1"})
