"""The verbs of a mandate. Each checks who may, is one transaction, and writes its line into the journal."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from identity import statements
from identity.accounts.models import User
from identity.mandates import names
from identity.mandates.errors import NotOpen, NotUsable, NotYours, TooMany, WrongCode, WrongLimits
from identity.mandates.models import LONGEST, Act, Entry, Mandate, Organisation, is_narrower, scope_of
from identity.security import logger, pseudonym

ASKED_FOR = timedelta(days=30)  # so long an ask waits for its answer, and an invitation for its reader
MOST_OPEN_ASKS = 20  # of one person
MOST_NAMED = 200  # functions or categories
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no signs that look like others
ASKABLE = frozenset(Mandate.Kind.values) - {Mandate.Kind.ASSISTED}
VERB = Entry.Verb
STATE = Mandate.State


@dataclass(frozen=True)
class Limits:
    """What a mandate allows: which acts, for which functions (none named: all), until when."""

    acts: tuple[str, ...]
    until: datetime
    functions: tuple[str, ...] = field(default=())
    categories: tuple[str, ...] = field(default=())

    def check(self, now: datetime) -> None:
        """Raises WrongLimits."""
        is_known = bool(self.acts) and set(self.acts) <= set(Act.values)
        is_bounded = len(self.functions) <= MOST_NAMED and len(self.categories) <= MOST_NAMED
        if not is_known or not is_bounded or not now < self.until <= now + LONGEST:
            raise WrongLimits


def note(mandate: Mandate, verb: str, by: User, **details: Any) -> None:
    """A line of the journal, in the caller's transaction."""
    Entry.objects.create(mandate=mandate, actor=by, actor_names=names.of_person(by), verb=verb, details=details)


# --- Asking ---------------------------------------------------------------------------------------
def ask(*, by: User, kind: str, limits: Limits, address: str) -> Mandate:
    """Ask to act for the person of this user name or e-mail address, or the company of this registration number.

    Nothing of the answer tells whether there is such an account. Raises WrongLimits, TooMany; NotYours for oneself.
    """
    return _open(by=by, kind=kind, limits=limits, address=address, is_offer=False)


def offer(*, by: User, kind: str, limits: Limits, address: str, organisation: Organisation | None = None) -> Mandate:
    """Offer somebody to act for oneself, or for a company that one manages. Raises as `ask` does."""
    if organisation is not None and not organisation.managers.filter(pk=by.pk).exists():
        raise NotYours
    return _open(by=by, kind=kind, limits=limits, address=address, is_offer=True, organisation=organisation)


def invite(
    *, by: User, kind: str, limits: Limits, is_offer: bool, organisation: Organisation | None = None
) -> tuple[Mandate, str]:
    """An ask or an offer to whoever brings the code, which is returned once and kept as its digest only."""
    if organisation is not None and not organisation.managers.filter(pk=by.pk).exists():
        raise NotYours
    code = "".join(secrets.choice(ALPHABET) for _ in range(16))  # 78 bits
    mandate = _open(
        by=by, kind=kind, limits=limits, address="", is_offer=is_offer, organisation=organisation, code=code
    )
    return mandate, "-".join(code[start : start + 4] for start in range(0, 16, 4))


def _open(
    *,
    by: User,
    kind: str,
    limits: Limits,
    address: str,
    is_offer: bool,
    organisation: Organisation | None = None,
    code: str = "",
) -> Mandate:
    now = timezone.now()
    limits.check(now)
    if kind not in ASKABLE or not _fits(kind, organisation, is_offer=is_offer, is_invitation=bool(code)):
        raise WrongLimits
    own = Mandate.objects.filter(asked_by=by, state=STATE.ASKED).exclude(kind=Mandate.Kind.ASSISTED)
    own.filter(invited_until__lte=now).update(state=STATE.WITHDRAWN)
    if own.count() >= MOST_OPEN_ASKS:
        raise TooMany
    typed = address.strip()[:254]
    if is_oneself(by, typed):
        raise NotYours
    mandate = Mandate(
        kind=kind, asked_by=by, asked_at=now, acts=list(limits.acts), functions=list(limits.functions),
        categories=list(limits.categories), valid_from=now, valid_until=limits.until, reference=reference(),
        addressed_to=typed or None, address_digest=_digest_of(typed), invited_until=now + ASKED_FOR,
        invitation_sha256=digest(code) if code else None, principal_organisation=organisation,
    )  # fmt: skip
    if is_offer:
        mandate.principal_person = None if organisation else by
    else:
        mandate.agent = by
    return _written(mandate, typed, is_offer=is_offer)


def _fits(kind: str, organisation: Organisation | None, *, is_offer: bool, is_invitation: bool) -> bool:
    """A company is named by its manager's offer, or by its number in an ask; an invitation to it names nobody."""
    if is_offer:
        return (kind == Mandate.Kind.COMPANY) == (organisation is not None)
    return not (is_invitation and kind == Mandate.Kind.COMPANY)


def _written(mandate: Mandate, typed: str, *, is_offer: bool) -> Mandate:
    """With its other side, where there is one that has no such ask open. The same ask twice is the first one."""
    _address(mandate, typed, is_offer=is_offer)
    try:
        with transaction.atomic():
            mandate.save(force_insert=True)
            note(mandate, VERB.OFFERED if is_offer else VERB.ASKED, mandate.asked_by, **scope_of(mandate))
    except IntegrityError:
        same = Q(address_digest=mandate.address_digest) if typed else Q(pk__in=[])
        first = Mandate.objects.filter(same, asked_by=mandate.asked_by, kind=mandate.kind, state=STATE.ASKED).first()
        if first is not None:
            return first
        # Another name of a person whom they have asked already: it must look like an ask of nobody.
        if is_offer:
            mandate.agent = None
        else:
            mandate.principal_person = mandate.principal_organisation = None
        with transaction.atomic():
            mandate.save(force_insert=True)
            note(mandate, VERB.OFFERED if is_offer else VERB.ASKED, mandate.asked_by, **scope_of(mandate))
    return mandate


def _address(mandate: Mandate, typed: str, *, is_offer: bool) -> None:
    """The side that was asked, if there is one of that name."""
    if not typed:
        return
    if mandate.kind == Mandate.Kind.COMPANY and not is_offer:
        mandate.principal_organisation = Organisation.objects.filter(registration_number=typed[:8]).first()
    elif is_offer:
        mandate.agent = person_of(typed)
    else:
        mandate.principal_person = person_of(typed)


def person_of(address: str) -> User | None:
    """The active person of a user name, or of a confirmed e-mail address: what anybody can write is not enough."""
    active = User.objects.filter(is_active=True)
    if "@" in address:
        return active.filter(emailaddress__email__iexact=address, emailaddress__verified=True).first()
    return active.filter(username=address).first()


def is_oneself(person: User, address: str) -> bool:
    return bool(address) and address.casefold() in {person.username.casefold(), person.email.casefold()}


def digest(code: str) -> str:
    """SHA-256 of a code as people type it."""
    return hashlib.sha256("".join(code.upper().split()).replace("-", "").encode()).hexdigest()


def _digest_of(address: str) -> str:
    """Keyed, so that what was typed cannot be found by trying."""
    if not address:
        return ""
    return hmac.new(settings.SECRET_KEY.encode(), f"mandate:{address.casefold()}".encode(), hashlib.sha256).hexdigest()


def reference() -> str:
    """A new one, to be read out at a counter."""
    return "".join(secrets.choice(ALPHABET) for _ in range(8))


# --- Answering ------------------------------------------------------------------------------------
@transaction.atomic
def redeem(code: str, *, by: User) -> Mandate:
    """Bring an invitation: it works once, and shows the ask to this person, who can then answer it.

    Raises WrongCode, and NotYours for one's own invitation.
    """
    if Mandate.objects.filter(invitation_sha256=digest(code[:40]), asked_by=by).exists():
        raise NotYours
    try:
        with transaction.atomic():
            row = statements.first_row(_REDEEM, [by.pk, by.pk, digest(code[:40]), timezone.now(), by.pk])
    except IntegrityError as error:  # they have the same ask open already
        raise NotOpen from error
    if row is None:
        logger.warning("mandate_code_refused", person=pseudonym(by), reason="unknown")
        raise WrongCode
    mandate = Mandate.objects.get(pk=row[0])
    note(mandate, VERB.FOUND, by)
    return mandate


_REDEEM = """
    UPDATE mandates_mandate SET invitation_sha256 = NULL, agent_id = coalesce(agent_id, %s),
        principal_person_id = CASE WHEN agent_id IS NULL THEN principal_person_id ELSE %s END
    WHERE invitation_sha256 = %s AND state = 'asked' AND invited_until > %s AND asked_by_id <> %s
    RETURNING id"""


def is_for_answer(mandate: Mandate, person: User) -> bool:
    """Whether this person is the side that was asked. Nobody answers their own ask."""
    if mandate.state != STATE.ASKED or mandate.is_assisted or mandate.asked_by_id == person.pk:
        return False
    if mandate.agent_id == mandate.asked_by_id:
        return is_principal(mandate, person)
    return mandate.agent_id == person.pk


def is_principal(mandate: Mandate, person: User) -> bool:
    """The person themselves, or a manager of the company."""
    if mandate.principal_person_id is not None:
        return mandate.principal_person_id == person.pk
    organisation = mandate.principal_organisation
    return organisation is not None and organisation.managers.filter(pk=person.pk).exists()


@transaction.atomic
def accept(mandate: Mandate, *, by: User) -> Mandate:
    """The other side says yes. Raises NotYours (also for one's own ask), NotOpen."""
    mandate = _asked(mandate, by)
    return _accepted(mandate, by, VERB.ACCEPTED)


@transaction.atomic
def refuse(mandate: Mandate, *, by: User) -> Mandate:
    """The other side says no. Raises NotYours, NotOpen."""
    mandate = _asked(mandate, by)
    mandate.state = STATE.REFUSED
    mandate.save(update_fields=["state"])
    note(mandate, VERB.REFUSED, by)
    return mandate


@transaction.atomic
def accept_at_counter(mandate: Mandate, *, by: User, document_reference: str) -> Mandate:
    """An officer has seen the document that proves it (a birth certificate, a court's order, a company's papers).

    Raises NotYours for whoever is not of a counter, or is one of the sides; NotOpen; WrongLimits without a reference.
    """
    mandate = locked(mandate)
    organisation = mandate.principal_organisation
    sides = {mandate.agent_id, mandate.principal_person_id, mandate.asked_by_id}
    is_manager = organisation is not None and organisation.managers.filter(pk=by.pk).exists()
    if not may_serve(by) or by.pk in sides or is_manager:
        logger.warning("mandate_decision_refused", person=pseudonym(by), reason="not_theirs")
        raise NotYours
    if not document_reference.strip():
        raise WrongLimits
    if mandate.state != STATE.ASKED or mandate.is_assisted or not (mandate.agent_id and mandate.principal_id):
        raise NotOpen
    mandate.document_reference = document_reference.strip()[:100]
    return _accepted(mandate, by, VERB.ACCEPTED_AT_COUNTER)


def may_serve(person: User) -> bool:
    """Whether the person serves at a counter."""
    return person.is_active and person.has_perm("mandates.serve_at_counter")


def _asked(mandate: Mandate, by: User) -> Mandate:
    """Held, and for this person to answer."""
    mandate = locked(mandate)
    if mandate.state != STATE.ASKED or mandate.valid_until <= timezone.now():
        raise NotOpen
    if not is_for_answer(mandate, by):
        logger.warning("mandate_decision_refused", person=pseudonym(by), reason="not_theirs")
        raise NotYours
    return mandate


def _accepted(mandate: Mandate, by: User, verb: str) -> Mandate:
    mandate.state, mandate.accepted_by, mandate.accepted_at = STATE.ACCEPTED, by, timezone.now()
    mandate.names = names.of_sides(mandate)
    mandate.save()
    note(mandate, verb, by, **scope_of(mandate))
    return mandate


def locked(mandate: Mandate) -> Mandate:
    """As it is now, held until the transaction ends."""
    own = Mandate.objects.select_for_update(of=("self",))
    return own.select_related("agent", "principal_person", "principal_organisation", "asked_by").get(pk=mandate.pk)


# --- Changing and ending --------------------------------------------------------------------------
@transaction.atomic
def limit(mandate: Mandate, *, by: User, limits: Limits) -> Mandate:
    """Change what it allows. The principal may give more or less, the agent only give back.

    Raises NotYours, NotOpen, WrongLimits.
    """
    mandate = locked(mandate)
    if mandate.state != STATE.ACCEPTED or mandate.is_assisted:
        raise NotOpen
    limits.check(timezone.now())
    if not is_principal(mandate, by):
        if mandate.agent_id != by.pk:
            raise NotYours
        if not is_narrower(mandate, limits.acts, limits.functions, limits.categories, limits.until):
            logger.warning("mandate_decision_refused", person=pseudonym(by), reason="wider")
            raise WrongLimits
    mandate.acts, mandate.valid_until = list(limits.acts), limits.until
    mandate.functions, mandate.categories = list(limits.functions), list(limits.categories)
    mandate.save(update_fields=["acts", "valid_until", "functions", "categories"])
    note(mandate, VERB.LIMITED, by, **scope_of(mandate))
    return mandate


@transaction.atomic
def end(mandate: Mandate, *, by: User) -> Mandate:
    """End it at once, in every open session, or take back an ask. Either side may. Ended already is no error."""
    mandate = locked(mandate)
    is_side = by.pk in {mandate.agent_id, mandate.asked_by_id} or is_principal(mandate, by)
    if not is_side:
        raise NotYours
    if mandate.state == STATE.ASKED:
        mandate.state = STATE.WITHDRAWN
        mandate.save(update_fields=["state"])
        note(mandate, VERB.WITHDRAWN, by)
    elif mandate.state == STATE.ACCEPTED:
        mandate.state, mandate.ended_at, mandate.ended_by = STATE.ENDED, timezone.now(), by
        mandate.save(update_fields=["state", "ended_at", "ended_by"])
        note(mandate, VERB.ENDED, by)
    return mandate


# --- Using it -------------------------------------------------------------------------------------
def use(mandate: Mandate, *, by: User, act: str, function: str, category: str = "") -> Mandate:
    """The mandate as it is now, held (FOR SHARE) until the caller's transaction ends: ending it waits, or has won.

    Raises NotUsable, with a line in the security log.
    """
    held = Mandate.objects.raw("SELECT * FROM mandates_mandate WHERE id = %s FOR SHARE", [mandate.pk])
    found = next(iter(held), None)
    reason = "unknown" if found is None or found.agent_id != by.pk else found.obstacle(timezone.now())
    if not reason and found is not None:
        reason = "" if act in found.acts else "outside_act"
        reason = reason or ("" if found.covers(function, category) else "outside_function")
    if reason or found is None:
        refuse_use(reason, by, found)
    assert found is not None
    return found


def refuse_use(reason: str, person: User | None, mandate: Mandate | None = None) -> None:
    """Raises NotUsable, and logs it. Somebody else's mandate is not told from one that never was."""
    logger.warning("mandate_refused", person=pseudonym(person), reason=reason)
    raise NotUsable(reason, mandate if reason != "unknown" else None)
