"""A demonstration person's signature, and a seal."""

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from identity.signatures import canonical
from identity.signing import jws
from identity.upstream.signatures import Signature, verify
from services.twins.identity_keys import SigningRoom
from services.twins.identity_people import PEOPLE
from tests.identity.upstream.fixtures import identity_app

__all__ = ["identity_app"]
Json = dict[str, Any]
DOCUMENT: Json = {"form": {"topic": "A quiet crossing"}, "id": "1"}


@pytest.fixture(scope="session")
def room(tmp_path_factory: pytest.TempPathFactory) -> tuple[SigningRoom, Path]:
    folder = tmp_path_factory.mktemp("authority")
    return SigningRoom(folder), folder


@pytest.fixture
def signs(room: tuple[SigningRoom, Path], settings: Any) -> Callable[[bytes], Signature]:
    """The app of CHAN Tai Man, whose authority we trust."""
    settings.UPSTREAM_TRUST_FILE = room[1] / "authority.pem"

    def sign(text: bytes) -> Signature:
        digest = hashlib.sha256(text).digest()
        value, certificate = room[0].sign(PEOPLE["tai-man"], digest)
        return verify({"signature": value, "cert": certificate}, document_sha256=digest, at=timezone.now())

    return sign


@pytest.fixture
def statement(signs: Callable[[bytes], Signature]) -> Json:
    """DOCUMENT, signed and sealed."""
    text = canonical(DOCUMENT)
    return jws.make(text, signs(text))


def encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
