"""A way back in for somebody without their telephone and codes: after a wait by email, or with a slip from a counter.

Either takes every passkey, app and recovery code from the account, sets a new password and ends all other sessions.
The wait gives the rightful person time to stop somebody who has come to read their mail; every address of theirs is
told when it begins.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from identity.accounts import attempts, factors, networks
from identity.accounts.models import Recovery, User
from identity.accounts.names import person_named
from identity.security import logger, pseudonym
from identity.statements import clock, first_row

LINK_LIFETIME = timedelta(days=7)  # after the wait
SLIP_LIFETIME = timedelta(hours=24)
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # none that are read as another, and no words (RFC 8628 section 6.1)
SLIP_LENGTH = 12  # letters: 51 bits
ASKING = attempts.Limit("recovery", free=3, first=600, longest=86_400, forgotten=86_400)  # of one address
TYPING = attempts.Limit("slip", free=20, first=30, longest=3_600, forgotten=86_400)  # of one network

_REDEEM = """
UPDATE accounts_recovery SET used_at = clock_timestamp()
WHERE secret_digest = %s AND used_at IS NULL AND cancelled_at IS NULL
  AND valid_from <= clock_timestamp() AND valid_until > clock_timestamp()
RETURNING person_id, kind
"""


class Refused(Exception):
    """The link or slip opens nothing: `reason` is one of unknown, early, expired, used, cancelled."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def ask_by_email(request: HttpRequest, email: str) -> None:
    """Begin the wait and tell all addresses of the person; one mail to an address that nobody has.

    Nothing is returned, and as much is done, whether the address belongs to somebody or not. An earlier wait goes on:
    asking again makes a new link, not a new wait.
    """
    try:
        attempts.pay([(ASKING, networks.digest(ASKING.name, email.strip().lower()))])
    except attempts.Locked:
        logger.warning("recovery_refused", reason="many")
        return
    person = person_named(email)
    if person is None or not person.is_active or email.strip().lower() not in addresses_of(person):
        get_adapter(request).send_mail("account/email/unknown_account", email.strip().lower(), {})
        return
    secret, recovery = _begin(person)
    facts: dict[str, str | datetime] = {"secret": secret, "from": recovery.valid_from, "until": recovery.valid_until}
    get_adapter(request).send_mail("account/email/recovery", email.strip().lower(), facts)
    _tell(request, person, "account/email/recovery_notice", facts | {"secret": ""}, but=email.strip().lower())


def addresses_of(person: User) -> list[str]:
    """Where mail reaches them: what they verified, or what an office entered if they never verified any."""
    verified = EmailAddress.objects.filter(user=person, verified=True).values_list("email", flat=True)
    return list(verified) or ([person.email.lower()] if person.email else [])


@transaction.atomic
def issue_slip(request: HttpRequest, person: User, *, officer: User, document: str, reference: str) -> str:
    """The letters to print, for a person whose document the officer has checked; earlier slips of theirs end.

    Raises PermissionDenied without the permission, for oneself, and for staff, whom operations help.
    """
    if not officer.has_perm("accounts.issue_recovery_slip") or person == officer or person.is_staff:
        logger.warning("recovery_refused", reason="officer", person=pseudonym(person))
        raise PermissionDenied("This slip cannot be issued by this officer.")
    now = clock()
    _open(person, Recovery.Kind.COUNTER).update(cancelled_at=now)
    letters = "".join(secrets.choice(LETTERS) for _ in range(SLIP_LENGTH))
    Recovery.objects.create(
        person=person,
        kind=Recovery.Kind.COUNTER,
        secret_digest=_digest(letters),
        created_at=now,
        valid_from=now,
        valid_until=now + SLIP_LIFETIME,
        issued_by=officer,
        document=document,
        reference=reference,
    )
    logger.info("recovery_slip_issued", person=pseudonym(person), kind=document)
    _tell(request, person, "account/email/recovery_slip", {"until": now + SLIP_LIFETIME})
    return "-".join(letters[at : at + 4] for at in range(0, SLIP_LENGTH, 4))


def find(secret: str) -> Recovery:
    """The open recovery of a link, waiting or ready. Raises Refused."""
    recovery = Recovery.objects.filter(secret_digest=_digest(secret), kind=Recovery.Kind.EMAIL).first()
    _check(recovery)
    assert recovery is not None
    return recovery


def open_of(person: User) -> list[Recovery]:
    """What could still open this person's account, for their own page."""
    return list(_open(person).filter(valid_until__gt=clock()).order_by("created_at"))


def cancel(recovery: Recovery) -> None:
    """Stop it; a second call changes nothing."""
    Recovery.objects.filter(pk=recovery.pk, used_at=None, cancelled_at=None).update(cancelled_at=clock())
    logger.warning("recovery_cancelled", kind=recovery.kind, person=pseudonym(recovery.person))


def redeem(request: HttpRequest, secret: str, *, password: str) -> User:
    """Open the account once: new password, no factors, no other sessions. Returns the person. Raises Refused, Locked.

    Guesses at slips are paid for by the network, and paid back if right.
    """
    cost = [(TYPING, networks.digest(TYPING.name, networks.of(request)))]
    attempts.pay(cost)
    with transaction.atomic():
        row: tuple[UUID, str] | None = first_row(_REDEEM, [_digest(secret)])
        if row is not None:
            person = User.objects.get(pk=row[0])
            get_adapter(request).set_password(person, password)  # ends the person's sessions too
            factors.remove_all(person)
    if row is None:
        try:
            _check(Recovery.objects.filter(secret_digest=_digest(secret)).first())
        except Refused as refused:
            logger.warning("recovery_refused", reason=refused.reason)
            raise
        logger.warning("recovery_refused", reason="early")
        raise Refused("early")
    attempts.pay_back(cost)
    logger.info("recovery_used", kind=row[1], person=pseudonym(person))
    _tell(request, person, "account/email/recovered", {})
    return person


def plain(slip: str) -> str:
    """Letters of a slip as they are kept, however they were typed."""
    return "".join(filter(str.isalpha, slip)).upper()


@transaction.atomic
def _begin(person: User) -> tuple[str, Recovery]:
    User.objects.select_for_update(of=("self",)).get(pk=person.pk)  # two requests at once make one wait
    now, secret = clock(), secrets.token_urlsafe(32)
    waiting = _open(person, Recovery.Kind.EMAIL).filter(valid_until__gt=now).first()
    if waiting is not None:
        waiting.secret_digest = _digest(secret)
        waiting.save(update_fields=["secret_digest"])
        return secret, waiting
    _open(person, Recovery.Kind.EMAIL).update(cancelled_at=now)  # ran out unused
    begins = now + timedelta(hours=settings.RECOVERY_WAIT_HOURS)
    return secret, Recovery.objects.create(
        person=person,
        kind=Recovery.Kind.EMAIL,
        secret_digest=_digest(secret),
        created_at=now,
        valid_from=begins,
        valid_until=begins + LINK_LIFETIME,
    )


def _open(person: User, kind: str = "") -> QuerySet[Recovery]:
    found = Recovery.objects.filter(person=person, used_at=None, cancelled_at=None)
    return found.filter(kind=kind) if kind else found


def _check(recovery: Recovery | None) -> None:
    if recovery is None:
        raise Refused("unknown")
    if recovery.used_at:
        raise Refused("used")
    if recovery.cancelled_at:
        raise Refused("cancelled")
    if recovery.valid_until <= clock():
        raise Refused("expired")


def _tell(request: HttpRequest, person: User, template: str, facts: dict[str, str | datetime], but: str = "") -> None:
    for address in addresses_of(person):
        if address != but:
            get_adapter(request).send_mail(template, address, facts)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
