"""An officer at a counter acts for a citizen: for named functions, half an hour at most, once the citizen says yes.

It is a mandate of kind `assisted`, so that everything that holds of mandates holds of it.
"""

import secrets
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from identity.accounts.models import User
from identity.mandates.errors import NotOpen, NotYours, WrongCode, WrongLimits
from identity.mandates.flows import digest, is_oneself, locked, may_serve, note, person_of, reference
from identity.mandates.models import ASSISTED_FOR, Act, Confirmation, Entry, Mandate, scope_of
from identity.mandates.names import of_sides
from identity.security import logger, pseudonym

CODE_LASTS = timedelta(minutes=10)
ACTS = (Act.READ, Act.PREPARE, Act.SUBMIT)  # never to sign for somebody
MOST_FUNCTIONS = 10
METHOD = Confirmation.Method
STATE = Mandate.State


@transaction.atomic
def begin(
    *,
    by: User,
    address: str,
    department: str,
    department_names: dict[str, str],
    functions: list[str],
    method: str,
    document_reference: str = "",
) -> tuple[Mandate, str, str]:
    """Ask the citizen of this user name or address. The caller has checked that the officer is of the department.

    Returns the mandate, the code, and the e-mail address to which it has to be sent (only for METHOD.CONTACT, and
    only if there is such a citizen with a confirmed one: the officer is not told). Raises NotYours, WrongLimits.
    """
    if not may_serve(by) or is_oneself(by, address.strip()):
        logger.warning("counter_refused", person=pseudonym(by), department=department, reason="not_theirs")
        raise NotYours
    needs_document = method == METHOD.DOCUMENT
    if not 0 < len(functions) <= MOST_FUNCTIONS or method not in METHOD.values:
        raise WrongLimits
    if needs_document and not document_reference.strip():
        raise WrongLimits
    now, citizen = timezone.now(), person_of(address.strip()[:254])
    Mandate.objects.filter(  # the officer begins anew: the ask before is over
        agent=by, principal_person=citizen, kind=Mandate.Kind.ASSISTED, state=STATE.ASKED
    ).update(state=STATE.WITHDRAWN)
    mandate = Mandate.objects.create(
        kind=Mandate.Kind.ASSISTED, agent=by, principal_person=citizen, asked_by=by, asked_at=now, acts=list(ACTS),
        functions=functions, valid_from=now, valid_until=now + ASSISTED_FOR, reference=reference(),
        department=department, department_names=department_names, invited_until=now + CODE_LASTS,
        addressed_to=address.strip()[:254], document_reference=document_reference.strip()[:100] or None,
    )  # fmt: skip
    code = "" if needs_document else f"{secrets.randbelow(1_000_000):06d}"
    Confirmation.objects.create(
        mandate=mandate, method=method, code_sha256=_digest(mandate, code) if code else "", expires_at=now + CODE_LASTS
    )
    note(mandate, Entry.Verb.ASKED, by, **scope_of(mandate))
    return mandate, code, _confirmed_address(citizen) if method == METHOD.CONTACT else ""


def _confirmed_address(citizen: User | None) -> str:
    if citizen is None:
        return ""
    found = EmailAddress.objects.filter(user=citizen, verified=True).order_by("-primary").first()
    return str(found.email) if found else ""


def _digest(mandate: Mandate, code: str) -> str:
    """Of this mandate's own code: the same digits for another one have another digest."""
    return digest(f"{mandate.pk.hex}{code}")


def pending(citizen: User) -> list[Mandate]:
    """Asks of officers that the citizen can answer in their own account now."""
    return list(
        Mandate.objects.filter(
            principal_person=citizen, kind=Mandate.Kind.ASSISTED, state=STATE.ASKED,
            confirmation__method=METHOD.PHONE, confirmation__expires_at__gt=timezone.now(),
        ).select_related("agent")
    )  # fmt: skip


def approve(mandate: Mandate, *, by: User, code: str) -> Mandate:
    """The citizen, in their own account, types what the counter's screen shows.

    Raises NotYours for everybody else, the officer included; WrongCode, NotOpen.
    """
    if mandate.principal_person_id != by.pk:
        logger.warning("counter_refused", person=pseudonym(by), department=mandate.department, reason="not_theirs")
        raise NotYours
    return _confirm(mandate, METHOD.PHONE, by, code=code)


def confirm_by_code(mandate: Mandate, *, by: User, code: str) -> Mandate:
    """The officer types the code that the citizen got at their address. Raises NotYours, WrongCode, NotOpen."""
    if mandate.agent_id != by.pk:
        logger.warning("counter_refused", person=pseudonym(by), department=mandate.department, reason="not_theirs")
        raise NotYours
    return _confirm(mandate, METHOD.CONTACT, by, code=code)


def confirm_by_document(mandate: Mandate, *, by: User, department: str) -> Mandate:
    """A second officer of the same department has seen the citizen and the document.

    `department` is one that the caller knows the officer to be of. Raises NotYours, NotOpen.
    """
    is_second = may_serve(by) and by.pk not in {mandate.agent_id, mandate.principal_person_id}
    if not is_second or department != mandate.department:
        logger.warning("counter_refused", person=pseudonym(by), department=mandate.department, reason="not_theirs")
        raise NotYours
    return _confirm(mandate, METHOD.DOCUMENT, by)


def _confirm(mandate: Mandate, method: str, by: User, *, code: str = "") -> Mandate:
    """A wrong try is counted outside the transaction of the right one, so that it stays counted."""
    now = timezone.now()
    open_now = Confirmation.objects.filter(
        pk=mandate.pk, method=method, used_at=None, expires_at__gt=now, mandate__state=STATE.ASKED
    )
    if method != METHOD.DOCUMENT:
        counted = open_now.filter(tries__lt=Confirmation.MOST_TRIES).update(tries=F("tries") + 1)
        known = open_now.values_list("code_sha256", flat=True).first() if counted else None
        if known is None or not constant_time_compare(known, _digest(mandate, code[:20])):
            logger.warning("counter_code_refused", person=pseudonym(by), department=mandate.department)
            raise WrongCode
    with transaction.atomic():
        second = by if method == METHOD.DOCUMENT else None
        if not open_now.update(used_at=now, second_officer=second):
            raise NotOpen
        mandate = locked(mandate)
        if mandate.principal_person is None:
            raise NotOpen
        mandate.state, mandate.accepted_by, mandate.accepted_at = STATE.ACCEPTED, by, now
        mandate.valid_from, mandate.valid_until = now, now + ASSISTED_FOR
        mandate.names = of_sides(mandate)
        mandate.save()
        note(mandate, Entry.Verb.CONFIRMED, by, method=method, **scope_of(mandate))
    return mandate
