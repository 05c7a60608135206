"""How the person of a session signed in: its `acr`, `amr` and `auth_time` (OpenID Connect Core 1.0 section 2).

Levels are those of User.Assurance. `basic`: the person's identity was verified, and they signed in by any factor.
`plus`: verified, and a passkey, a second factor beside a password, or an upstream's own "+" step was used a short while
ago (identity.accounts.limits says how short). docs/decisions has the reasons.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from allauth.account.authentication import get_authentication_records
from django.http import HttpRequest
from django.utils import timezone

from identity.accounts import limits
from identity.accounts.models import User

NOTED = "authentication_noted"  # proofs that did not come by django-allauth's steps, in the session
MOST_NOTED = 20  # of one session; the oldest go first
REFERENCES: dict[str, tuple[str, ...]] = {  # RFC 8176; a passkey may be synced, so it is no "hwk"
    "password": ("pwd",),
    "code": ("otp",),
    "totp": ("otp",),
    "recovery_codes": ("otp",),
    "webauthn": ("pop", "user"),
}
SECOND = {"totp", "recovery_codes"}  # prove `plus` beside a password only (NIST SP 800-63B-4 sections 3.1.2 and 3.1.4)
FACTORS = {"password": "knowledge", "totp": "possession", "webauthn": "possession", "recovery_codes": "possession"}


@dataclass(frozen=True)
class Authentication:
    """What a session proves of its person, and since when."""

    acr: str  # a level of User.Assurance
    amr: tuple[str, ...]  # references of RFC 8176, in the order of the steps
    at: datetime  # of the latest step: the auth_time


@dataclass(frozen=True)
class _Step:
    kind: str  # of django-allauth, or "noted"
    amr: tuple[str, ...]
    at: float  # seconds since 1970
    is_plus: bool = False  # proves more than `basic`


def of(request: HttpRequest) -> Authentication | None:
    """The authentication of this session now; None while nobody is signed in. Asks the database nothing."""
    person = request.user
    if not isinstance(person, User):
        return None
    steps = sorted(_steps(request, person), key=lambda step: step.at)
    references = [*dict.fromkeys(name for step in steps for name in step.amr)]
    if len({FACTORS[step.kind] for step in steps if step.kind in FACTORS}) > 1 and "mfa" not in references:
        references.append("mfa")
    latest = steps[-1].at if steps else 0.0
    return Authentication(_level(request, person, steps), tuple(references), datetime.fromtimestamp(latest, UTC))


def level(request: HttpRequest) -> str:
    """The `acr` of this session: `none` while nobody is signed in."""
    proved = of(request)
    return proved.acr if proved else User.Assurance.NONE


def note(request: HttpRequest, *, amr: Iterable[str], acr: str, person: User | None = None) -> None:
    """Remember a step that django-allauth knows nothing of: a sign-in or a step-up by an upstream, now.

    `amr` are references of RFC 8176, `acr` the level that the step reached. It counts for `person`, the one signed in
    unless given, and for nobody else; it stays when the session's key changes, and ends with the session. A step-up
    gives the session a new key (OWASP ASVS 5.0 7.2.4).
    """
    whose = person or request.user
    if not isinstance(whose, User):
        raise ValueError("a proof belongs to a person")
    _append(request, whose, amr=list(amr), acr=str(acr))
    if request.user == whose:
        proved_again(request, whose)


def note_time(request: HttpRequest, person: User) -> None:
    """Give a sign-in of which no step is known (opening an account is none of django-allauth's) its `auth_time`."""
    if not any(_steps(request, person)):
        _append(request, person, amr=[], acr=User.Assurance.BASIC)


def proved_again(request: HttpRequest, person: User) -> None:
    """After every step that a signed-in person takes: a new key for the session, and a line in the history."""
    from identity.accounts import sign_ins  # which writes down what this module says of the session

    request.session.cycle_key()
    sign_ins.note_proved(request, person)


def _append(request: HttpRequest, person: User, *, amr: list[str], acr: str) -> None:
    entry = {"person": str(person.pk), "amr": amr, "acr": acr, "at": timezone.now().timestamp()}
    request.session[NOTED] = [*request.session.get(NOTED, []), entry][-MOST_NOTED:]


def _steps(request: HttpRequest, person: User) -> Iterator[_Step]:
    records: list[dict[str, Any]] = get_authentication_records(request, person)
    kinds = [str(record.get("type") or record.get("method")) for record in records]
    for kind, record in zip(kinds, records, strict=True):
        is_plus = kind == "webauthn" or (kind in SECOND and "password" in kinds)
        yield _Step(kind, REFERENCES.get(kind, ()), float(record.get("at", 0)), is_plus)
    for entry in request.session.get(NOTED, []):
        if entry["person"] == str(person.pk):
            yield _Step("noted", tuple(entry["amr"]), entry["at"], entry["acr"] == User.Assurance.PLUS)


def _level(request: HttpRequest, person: User, steps: list[_Step]) -> str:
    """Nobody proves more than that they are who we know them to be: without a verified identity it is `none`."""
    if person.assurance == User.Assurance.NONE:
        return User.Assurance.NONE
    surest = max((step.at for step in steps if step.is_plus), default=None)
    if surest is None:
        return User.Assurance.BASIC
    use: limits.Use | None = getattr(request.session, "use", None)
    holds = limits.plus_holds(datetime.fromtimestamp(surest, UTC), use, now=timezone.now())
    return User.Assurance.PLUS if holds else User.Assurance.BASIC
