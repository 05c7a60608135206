"""The keys that sign: made, published, used and retired in that order, so that no client ever meets an unknown one."""

from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone
from joserfc.jwk import ECKey, KeySet, RSAKey

from identity import statements
from identity.provider import lifetimes
from identity.provider.models import Client, SigningKey

LOCK = 0x0F3221  # of pg_advisory_xact_lock: one process makes keys at a time

_CURRENT = """
    SELECT id FROM provider_signingkey WHERE alg = %s AND not_before <= %s AND signs_until > %s
    ORDER BY not_before DESC LIMIT 1"""


def current(alg: str) -> tuple[str, Any]:
    """The `kid` and the private key that sign now; the very first is made here."""
    now = timezone.now()
    row = statements.first_row(_CURRENT, [alg, now, now])
    if row is None:
        rotate(now=now)
        row = statements.first_row(_CURRENT, [alg, now, now])
    return str(row[0]), private(row[0])


@lru_cache(maxsize=32)
def private(kid: UUID) -> Any:
    """The private key of that `kid`, kept in the process: keys never change. Raises SigningKey.DoesNotExist."""
    row = SigningKey.objects.get(pk=kid)
    kind = RSAKey if row.alg == Client.Algorithm.RS256 else ECKey
    return kind.import_key(row.private_pem, {"kid": str(row.pk), "use": "sig", "alg": row.alg})


def published(*, now: datetime | None = None) -> dict[str, Any]:
    """The JWK Set of public keys: those that sign, those that will, and those whose tokens may still be about."""
    if not (rows := _published(now or timezone.now())):
        rotate()
        rows = _published(timezone.now())
    return {"keys": [private(pk).as_dict(private=False) for pk in rows]}


def verifying() -> KeySet:
    """Every key that we ever signed with: a hint may be older than any token that is valid."""
    return KeySet([private(pk) for pk in SigningKey.objects.values_list("pk", flat=True)])


def _published(now: datetime) -> list[UUID]:
    rows = SigningKey.objects.filter(published_until__gt=now).order_by("-not_before")
    return list(rows.values_list("pk", flat=True))


def rotate(*, now: datetime | None = None, at_once: bool = False) -> list[SigningKey]:
    """Make the keys that are due, and give them back; run as often as you like.

    A new key is published KEY_PUBLISHED_AHEAD before the old one stops signing. With `at_once` (a key was lost) the
    old ones stop signing now, and stay published as long as their tokens live.
    """
    now = now or timezone.now()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        if at_once:
            SigningKey.objects.filter(signs_until__gt=now).update(
                signs_until=now, published_until=now + lifetimes.KEY_PUBLISHED_AFTER
            )
            SigningKey.objects.filter(not_before__gte=now).delete()
        made = [_next(alg, now) for alg in Client.Algorithm.values]
        return [key for key in made if key is not None]


def _next(alg: str, now: datetime) -> SigningKey | None:
    last = SigningKey.objects.filter(alg=alg, signs_until__gt=now).order_by("-signs_until").first()
    if last is not None and last.signs_until > now + lifetimes.KEY_PUBLISHED_AHEAD:
        return None
    starts = last.signs_until if last is not None else now
    signs_until = starts + lifetimes.KEY_SIGNS
    return SigningKey.objects.create(
        alg=alg,
        private_pem=_generate(alg),
        not_before=starts,
        signs_until=signs_until,
        published_until=signs_until + lifetimes.KEY_PUBLISHED_AFTER,
    )


def _generate(alg: str) -> bytes:
    if alg == Client.Algorithm.RS256:
        return RSAKey.generate_key(2048, auto_kid=False).as_pem(private=True)
    return ECKey.generate_key("P-256", auto_kid=False).as_pem(private=True)
