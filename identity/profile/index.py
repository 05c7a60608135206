"""Finding a person by their identity card number, which stands nowhere readable: a blind index.

Each number is kept as its HMAC-SHA256 (RFC 2104) under every key of settings.FERRY_INDEX_KEYS. So any two processes
that share one key agree on who has a number already, and keys can change while people work. Without the keys nobody
can try numbers: there are few enough of them to try them all.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef

from identity.accounts.models import User
from identity.formats import normal_hkid
from identity.profile.errors import AlreadyKnown
from identity.profile.models import BlindIndex, ProfileField
from identity.rotation import BATCH, Count

INDEXED = (ProfileField.Name.HKID,)
KEY_BYTES = 32


@dataclass(frozen=True)
class Key:
    """A secret, and what its digests are marked with."""

    id: str
    secret: bytes


def keys() -> tuple[Key, ...]:
    """Those of the settings, newest first; raises ImproperlyConfigured if there is none, or one that is none."""
    found = _read(tuple(settings.FERRY_INDEX_KEYS))
    if not found:
        raise ImproperlyConfigured("Set FERRY_INDEX_KEYS: without it nobody is found by their identity card number.")
    return found


@lru_cache(maxsize=4)
def _read(texts: tuple[str, ...]) -> tuple[Key, ...]:
    return tuple(_key(text) for text in texts)


def _key(text: str) -> Key:
    try:
        secret = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        raise ImproperlyConfigured("A key of FERRY_INDEX_KEYS is not base64url.") from error
    if len(secret) < KEY_BYTES:
        raise ImproperlyConfigured(f"A key of FERRY_INDEX_KEYS has fewer than {KEY_BYTES} bytes.")
    return Key(hashlib.sha256(b"ferry-index-key:" + secret).hexdigest()[:8], secret)


def digests(name: str, text: str) -> dict[str, bytes]:
    """Under each key, by its id; however the number is written."""
    said = f"{name}:{normal_hkid(text)}".encode()
    return {key.id: hmac.new(key.secret, said, hashlib.sha256).digest() for key in keys()}


def put(person: User, name: str, text: str) -> None:
    """Let the person be found by it from now on, and by nothing else. Raises AlreadyKnown if another one is."""
    found = digests(name, text)
    BlindIndex.objects.filter(person=person, name=name).exclude(digest__in=found.values()).delete()
    held = set(BlindIndex.objects.filter(person=person, name=name).values_list("key", flat=True))
    try:
        with transaction.atomic():
            for key, digest in found.items():
                if key not in held:
                    BlindIndex.objects.create(person=person, name=name, key=key, digest=digest)
    except IntegrityError as error:
        raise AlreadyKnown(f"another person has this {name}") from error


def find(name: str, text: str) -> User | None:
    """Whose it is, or nobody's."""
    row = BlindIndex.objects.filter(name=name, digest__in=digests(name, text).values()).select_related("person").first()
    return row.person if row else None


def check_keys(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """For `manage.py check --deploy`."""
    try:
        keys()
    except ImproperlyConfigured as error:
        return [Error(str(error), id="profile.E001")]
    return []


def rotate(write: bool) -> Count:
    """Everybody's numbers under the newest key, and nothing under keys that are gone: see identity.rotation."""
    known = [key.id for key in keys()]
    fields = ProfileField.objects.filter(name__in=INDEXED)
    under = BlindIndex.objects.filter(person=OuterRef("person"), name=OuterRef("name"), key=known[0])
    stale = fields.exclude(Exists(under))
    found = Count("profile.BlindIndex", seen=fields.count())
    if not write:
        return found + Count(found.place, stale=stale.count())
    last = 0
    while some := list(stale.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        for key in some:
            found += _renewed(found.place, key)
        last = some[-1]
    if not stale.exists():
        BlindIndex.objects.exclude(key__in=known).delete()
    return found


@transaction.atomic
def _renewed(place: str, key: int) -> Count:
    """With the field held, so that nobody changes the number meanwhile."""
    field = ProfileField.objects.select_for_update(of=("self",)).filter(pk=key).first()
    if field is None:  # taken back since
        return Count(place)
    try:
        put(field.person, field.name, field.value)
    except AlreadyKnown:
        return Count(place, unreadable=1)
    return Count(place, renewed=1)
