"""How the person of a session signed in: its `acr`, `amr` and `auth_time` (OpenID Connect Core 1.0 section 2)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest

from identity.accounts.models import User

STEPS = "account_authentication_methods"  # django-allauth's own record of each step, in the session
REFERENCES = {"password": ["pwd"], "totp": ["otp"], "recovery_codes": ["otp"], "webauthn": ["hwk", "user"]}  # RFC 8176


@dataclass(frozen=True)
class Authentication:
    """What a session proves of its person, and since when."""

    acr: str  # a level of User.Assurance
    amr: tuple[str, ...]  # references of RFC 8176, in the order of the steps
    at: datetime  # of the latest step: the auth_time


def of(request: HttpRequest) -> Authentication | None:
    """The authentication of this session; None while nobody is signed in."""
    person = request.user
    if not isinstance(person, User):
        return None
    steps: list[dict[str, Any]] = request.session.get(STEPS, [])
    references = [reference for step in steps for reference in _references(step)]
    level = min(person.assurance, User.Assurance.BASIC, key=User.Assurance.values.index)
    latest = max((step.get("at", 0) for step in steps), default=0)
    return Authentication(acr=level, amr=tuple(dict.fromkeys(references)), at=datetime.fromtimestamp(latest, UTC))


def _references(step: dict[str, Any]) -> list[str]:
    return REFERENCES.get(str(step.get("type") or step.get("method")), [])
