"""Second factors under the newest data key: django-allauth keeps their secrets as text within a JSON column."""

from typing import Any

from allauth.mfa.models import Authenticator
from cryptography.fernet import InvalidToken
from django.db import transaction

from identity.encryption import is_current, rotate
from identity.rotation import BATCH, Count

PLACE = "mfa.Authenticator.data"
SECRETS = ("secret", "seed", "migrated_codes")  # of an authenticator app, and of recovery codes


def renew(write: bool) -> Count:
    """All of them; rows that somebody holds are left for the next run. See identity.rotation."""
    found, last = Count(PLACE), 0
    while keys := list(Authenticator.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        for key in keys:
            found += _renew_one(key) if write else _judge(Authenticator.objects.filter(pk=key).first())
        last = keys[-1]
    return found


@transaction.atomic
def _renew_one(key: int) -> Count:
    row = Authenticator.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=key).first()
    if row is None:  # held, or gone since
        return _judge(Authenticator.objects.filter(pk=key).first())
    found = _judge(row)
    if not found.stale:
        return found
    row.data = {name: _fresh(value) if name in SECRETS else value for name, value in row.data.items()}
    row.save(update_fields=["data"])
    return Count(PLACE, seen=found.seen, renewed=found.stale, unreadable=found.unreadable)


def _judge(row: Authenticator | None) -> Count:
    found = Count(PLACE)
    for token in _tokens(row.data) if row else []:
        is_stale = not is_current(token)
        is_lost = is_stale and _rotated(token) is None
        found += Count(PLACE, seen=1, stale=int(is_stale and not is_lost), unreadable=int(is_lost))
    return found


def _tokens(data: dict[str, Any]) -> list[bytes]:
    values = [data[name] for name in SECRETS if name in data]
    return [token.encode() for value in values for token in (value if isinstance(value, list) else [value])]


def _fresh(value: Any) -> Any:
    if isinstance(value, list):
        return [_fresh(each) for each in value]
    renewed = _rotated(value.encode())
    return value if renewed is None else renewed.decode()


def _rotated(token: bytes) -> bytes | None:
    """None if no key opens it."""
    try:
        return rotate(token)
    except InvalidToken:
        return None
