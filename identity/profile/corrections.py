"""Reporting a wrong register value to those who keep the register, and their answer."""

import secrets
from datetime import date
from typing import Any

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext, override

from identity.accounts.models import User
from identity.consent.flows import disclose
from identity.profile import flows
from identity.profile.errors import NotCorrectable, NotOpen, Unusable
from identity.profile.models import CorrectionRequest, ProfileField

logger = structlog.get_logger(__name__)
OWNERS = {ProfileField.Source.IMMIGRATION: "immd"}  # source -> code of the department that keeps the register
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXY"  # no I, L, O, U, Z, which look like others
REMARK_MAX = 500  # characters
ANSWER_MAX = 500


def report(person: User, name: str, *, remark: str = "", seen_in: str = "") -> CorrectionRequest:
    """Tell the owner that this field is wrong. While that is open, a second report gives the first one back.

    Raises NotCorrectable for what is not known, or what only the person vouches for.
    """
    known = flows.read(person, only=[name]).get(name)
    if known is None or known.source not in OWNERS:
        raise NotCorrectable("no authority vouches for this field")
    made = CorrectionRequest(
        ticket=_ticket(), person=person, name=name, source=known.source,
        owner=OWNERS[ProfileField.Source(known.source)], value=known.value, remark=remark[:REMARK_MAX] or None,
        seen_in=seen_in[:80],
    )  # fmt: skip
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError:
        return CorrectionRequest.objects.of(person).open().get(name=name)
    logger.info("correction_asked", department=made.owner, kind=name)
    return made


@transaction.atomic
def explain(request: CorrectionRequest, *, remark: str) -> CorrectionRequest:
    """What would be right, in the person's words; replaces what they said before. Raises NotOpen."""
    request = _locked(request)
    request.remark = remark.strip()[:REMARK_MAX] or None
    request.save(update_fields=["remark"])
    return request


@transaction.atomic
def answer(request: CorrectionRequest, *, by: User, text: str, right: Any = None) -> CorrectionRequest:
    """The owner's word. `right`: the value as the register has it now; without it, the value was right.

    Whoever calls has made sure that `by` may speak for the owner. Raises NotOpen, Unusable for an empty text or what is
    no value of the field, and AlreadyKnown for another person's number.
    """
    request = _locked(request)
    if not text.strip():
        raise Unusable("answer")
    if right is not None:
        known = flows.read(request.person, only=[request.name]).get(request.name)
        today: date = timezone.localdate()
        law = known.law if known and known.source == request.source else None
        flows.store(request.person, request.name, right, source=request.source, checked_on=today, law=law)
    request.state = request.State.CONFIRMED if right is None else request.State.CORRECTED
    request.answer = text.strip()[:ANSWER_MAX]
    request.answered_at, request.answered_by = timezone.now(), by
    request.save(update_fields=["state", "answer", "answered_at", "answered_by"])
    logger.info("correction_answered", department=request.owner, kind=request.name, outcome=request.state)
    return request


def _locked(request: CorrectionRequest) -> CorrectionRequest:
    found = (
        CorrectionRequest.objects.select_for_update(of=("self",)).select_related("person").filter(pk=request.pk).first()
    )
    if found is None or found.state != CorrectionRequest.State.OPEN:
        raise NotOpen("this was answered already")
    return found


def _ticket() -> str:
    """A number to quote, such as `C-7K2M-9QXD`."""
    symbols = "".join(secrets.choice(ALPHABET) for _ in range(8))
    return f"C-{symbols[:4]}-{symbols[4:]}"


@transaction.atomic
def look(request: CorrectionRequest, *, by: User, owner_names: dict[str, str]) -> CorrectionRequest:
    """The request with the value and the remark, for an officer of the owner; the person reads who looked, and when.

    Whoever calls has made sure that `by` may speak for the owner.
    """
    disclose(
        person=request.person,
        recipient=request.owner,
        recipient_names=owner_names,
        purpose_names=_purposes(),
        fields=[request.name],
        kind="officer",
        reference=request.ticket,
        ground="correction",
        actor=by,
        at=timezone.now(),
    )
    return request


def _purposes() -> dict[str, str]:
    """In every language, because the log keeps what it said."""
    said = {}
    for code, _name in settings.LANGUAGES:
        with override(code):
            said[code] = gettext("Check a value that you reported as wrong")
    return said
