"""The gateway's verbs: submit a call, take it back, and what a human may decide about one."""

from collections.abc import Collection, Container, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.utils import timezone

from identity.accounts import assurance
from identity.accounts.models import User
from identity.consent import flows as consent
from identity.mandates.models import Act, Mandate
from identity.profile import flows as profile
from identity.profile.models import ProfileField
from identity.signing.models import SignedDocument
from services import traces
from services.forms import files, schema, validation
from services.forms import flows as forms
from services.forms.errors import FieldError, Invalid
from services.forms.masking import Masked, masked
from services.forms.models import StoredFile
from services.gateway import acting, doorbell, events, figures, looks, receipts, rows, signed, story, tasks, withdrawal
from services.gateway.connectors.base import BatchConnector
from services.gateway.connectors.registry import connectors
from services.gateway.delivery import preview
from services.gateway.errors import (
    AssuranceTooLow,
    IdempotencyConflict,
    NotAvailable,
    NotSettleable,
    NotWithdrawable,
    NotYours,
    SignatureNeeded,
)
from services.gateway.models import BatchRecord, ServiceCall, Settlement
from services.registry.flows import is_officer
from services.registry.models import Change, FunctionVersion, ServiceFunction

logger = structlog.get_logger(__name__)


def clean(
    version: FunctionVersion,
    data: Any,
    *,
    profile: Mapping[str, ProfileField],
    files: Container[str] = (),
    mandate: Mandate | None = None,
) -> dict[str, Any]:
    """The data as it will be sent, once it is right and the department's system has room for it.

    Raises forms.errors.Invalid with everything to put right.
    """
    form = validation.validate(version.form, data, profile=profile, files=files)
    connector = connectors.get(version.backend.connector)
    misfits = (
        connector.misfits(preview(version, form, acting.of_mandate(mandate) if mandate else None)) if connector else []
    )
    if misfits:
        errors = [FieldError(f"/{name}", name, each.message) for each in misfits for name in sorted(each.names)]
        raise Invalid(errors)
    return form


@traces.span("submit")
def submit(
    function: ServiceFunction,
    data: Mapping[str, Any],
    *,
    person: User | None,
    caller: str,
    idempotency_key: str,
    language: str,
    acr: str = User.Assurance.NONE,
    version: FunctionVersion | None = None,
    priority: int = ServiceCall.Priority.WAITED_FOR,
    traceparent: str = "",
    mandate: Mandate | None = None,
    signature: SignedDocument | None = None,
) -> tuple[ServiceCall, bool]:
    """Accept a call: one transaction for call and disclosure, then the doorbell. The receipt stands from here on.

    The same key with the same data gives the first call back and False. `acr` is what the person's session, or their
    client's token, proves now. `version` is the one the form was filled in with; the published one unless given. With
    a `mandate`, `person` acts for its principal, whose profile counts; it is asked again in the transaction. What needs
    a `signature` takes this person's own, over exactly what `to_sign` says, once. Raises AssuranceTooLow,
    SignatureNeeded, NotAvailable, forms.errors.Invalid, IdempotencyConflict, identity.mandates.errors.NotUsable or
    identity.signing.errors.SignatureRefused.
    """
    version = version or function.published
    assert version is not None
    traces.note(function=function.code, backend=version.backend.code, connector=version.backend.connector)
    _may_send(version, person, acr, mandate)
    if signed.is_needed(version) and signature is None:
        raise SignatureNeeded(function.code)  # a session proves who sends it; what is sent is signed by itself
    availability, now = story.availability(function), timezone.now()
    try:
        if not availability.is_accepting:
            raise NotAvailable(availability.code, availability.message)
        payload, sent = _payload(version, data, person, mandate, owners=[caller])
        receipt = receipts.new()
        call = ServiceCall(
            receipt=receipt, function=function, version=version, backend=version.backend, person=person, caller=caller,
            idempotency_key=idempotency_key, language=language, payload=payload,
            sent_sha256=receipts.fingerprint(receipt, function.code, payload), accepted_at=now,
            due_at=version.backend.opens_at(now), trouble="closed" if availability.opens_at else "",
            priority=priority, traceparent=traceparent, **_parties(mandate),
        )  # fmt: skip
        _accept(call, sent, now, signature)
    except (NotAvailable, Invalid, IntegrityError):
        first = rows.call_of_key(caller, idempotency_key)
        if first is None:
            raise
        payload, _ = _payload(version, data, person, mandate, owners=[caller, f"{forms.SENT}{first.receipt}"])
        return _same(first, function, payload), False
    return call, True


def _may_send(version: FunctionVersion, person: User | None, acr: str, mandate: Mandate | None) -> None:
    if not assurance.reaches(acting.level(acr if person else User.Assurance.NONE, mandate), version.assurance):
        raise AssuranceTooLow(version.assurance)
    if mandate is not None and person is not None:
        acting.require(mandate, person, acting.act_to_send(version), version)


def to_sign(
    version: FunctionVersion, data: Mapping[str, Any], *, person: User, mandate: Mandate | None, caller: str
) -> dict[str, Any]:
    """What this person's signature has to say, so that `submit` takes this form. Raises forms.errors.Invalid."""
    payload, _sent = _payload(version, data, person, mandate, owners=[caller])
    return signed.content(version, payload, mandate)


def _payload(
    version: FunctionVersion,
    data: Mapping[str, Any],
    person: User | None,
    mandate: Mandate | None,
    *,
    owners: list[str],
) -> tuple[dict[str, Any], list[StoredFile]]:
    """What will be sent, and the owners' files that it names. A file that a call took belongs to that call."""
    known = known_to(person, mandate, version) if person else {}
    sent = files.named_in(version.form, data, callers=owners)
    form = clean(version, data, profile=known, files=sent, mandate=mandate)
    about = {key: {"name": f.name, "type": f.type, "size": f.size, "sha256": f.sha256} for key, f in sent.items()}
    return {"form": form, "files": dict(sorted(about.items()))}, list(sent.values())


def known_to(person: User, mandate: Mandate | None, version: FunctionVersion) -> dict[str, ProfileField]:
    """The profile that fills the form in: the person's own, or the principal's as far as the mandate allows it."""
    asked = schema.profile_fields(version.form)
    if mandate is None:
        return profile.read(person, only=asked)
    if mandate.principal_person is None or not acting.may(mandate, Act.PREPARE, version):
        return {}
    return profile.read(mandate.principal_person, only=asked)


def _parties(mandate: Mandate | None) -> dict[str, Any]:
    if mandate is None:
        return {}
    return {
        "mandate": mandate,
        "for_person_id": mandate.principal_person_id,
        "for_organisation_id": mandate.principal_organisation_id,
    }


def _accept(
    call: ServiceCall, sent: Collection[StoredFile], now: datetime, signature: SignedDocument | None = None
) -> None:
    """Call and disclosure stand together. Alone, they are one statement: a transaction would take three more trips."""
    if call.mandate is None and signature is None and not sent and not connection.in_atomic_block:
        _write(call, now)
    else:
        with transaction.atomic():
            if call.mandate is not None and call.person is not None:
                acting.hold(call.mandate, call.person, call.version)
            _write(call, now)
            if signed.is_needed(call.version) and signature is not None and call.person is not None:
                signed.redeem(signature, call)
            forms.hand_over(sent, receipt=call.receipt)
    transaction.on_commit(lambda: _tell_accepted(call))


def _write(call: ServiceCall, now: datetime) -> None:
    consent.disclose(
        person=call.person,
        recipient=call.function.department.code,
        recipient_names=call.function.department.names,
        purpose=call.function.code,
        purpose_names=call.version.names,
        fields=[*call.payload["form"], *signed.disclosed(call.version)],
        reference=call.receipt,
        for_person=call.mandate.principal_person if call.mandate else None,
        ground=acting.ground(call.mandate),
        at=now,
        along=call,
    )


def _tell_accepted(call: ServiceCall) -> None:
    doorbell.ring(call.pk)
    figures.observe_accepted(call)
    logger.info("call_accepted", call=call.pk, backend=call.backend.code, function=call.function.code)


def _same(first: ServiceCall, function: ServiceFunction, payload: dict[str, Any]) -> ServiceCall:
    said = receipts.fingerprint(first.receipt, function.code, payload)
    if first.function_id != function.pk or first.sent_sha256 != said:
        raise IdempotencyConflict("this Idempotency-Key was used for another call")
    return first


@transaction.atomic
def withdraw(call: ServiceCall, *, callers: Collection[str], person: UUID | None = None) -> ServiceCall:
    """Take one's own call back before it has left: nothing reaches the department. Taken back already is no error.

    One's own is also what somebody else sent for this `person`.

    The row's lock decides between this and a worker that is about to deliver. Raises NotWithdrawable, or
    ServiceCall.DoesNotExist for somebody else's.
    """
    own = ServiceCall.objects.select_for_update(of=("self",)).select_related("backend", "function__department")
    theirs = Q(for_person=person) if person else Q(pk__in=[])
    call = own.get(Q(caller__in=callers) | theirs, pk=call.pk)
    if call.status == ServiceCall.Status.WITHDRAWN:
        return call
    if not _is_still_here(call):
        code = withdrawal.obstacle(call) or "arrived"
        raise NotWithdrawable(code, withdrawal.reason(code))
    call.status, call.finished_at, call.trouble = ServiceCall.Status.WITHDRAWN, timezone.now(), ""
    call.save(update_fields=["status", "finished_at", "trouble"])
    transaction.on_commit(lambda: figures.observe_end(call))
    transaction.on_commit(lambda: events.publish(call.pk, call.status))
    return call


def _is_still_here(call: ServiceCall) -> bool:
    """Of a locked call: it has surely not left; one that lay in a file of ours is taken out of it."""
    connector = connectors.get(call.backend.connector)
    if isinstance(connector, BatchConnector) and BatchRecord.objects.filter(call=call).exists():
        return withdrawal.needs_taking_out(call) and connector.take_back(call.receipt)
    return call.status == ServiceCall.Status.ACCEPTED and not withdrawal.obstacle(call)


@transaction.atomic
def retry(call: ServiceCall, *, by: User, reason: str) -> ServiceCall:
    """Send an undelivered call again, or ask again what became of one in doubt.

    Raises NotSettleable, also for one in doubt whose department's system cannot be asked: see `settle`.
    """
    call = _undelivered(call)
    now = timezone.now()
    if call.status == ServiceCall.Status.IN_DOUBT:
        if not call.backend.has_lookup:
            raise NotSettleable("sent again, it might be filed twice: somebody has to ask the department first")
        call.lookup_count = 0  # it may have arrived, so the department is asked first
        transaction.on_commit(lambda: tasks.ring_look_up(call.pk))
    else:
        call.status = ServiceCall.Status.ACCEPTED
        call.attempt_count = call.lookup_count = 0
        call.finished_at = None
        call.trouble = ""
        transaction.on_commit(lambda: doorbell.ring(call.pk))
    call.due_at = now
    call.save()
    _decide(call, Settlement.Verb.RETRY, by, reason, now)
    return call


@transaction.atomic
def close(call: ServiceCall, *, by: User, reason: str) -> ServiceCall:
    """Take a call off the list for good: it will not be delivered by us. The person reads so, with the next step.

    Raises NotSettleable.
    """
    call = _undelivered(call)
    now = timezone.now()
    was_final = call.is_final
    call.status = ServiceCall.Status.FAILED
    call.finished_at = call.finished_at or now
    call.closed_at = now
    call.trouble = "closed_by_officer"
    call.save()
    if not was_final:
        transaction.on_commit(lambda: figures.observe_end(call))
    _decide(call, Settlement.Verb.CLOSE, by, reason, now)
    return call


def _undelivered(call: ServiceCall) -> ServiceCall:
    locked = (
        ServiceCall.objects.undelivered()
        .select_for_update(of=("self",))
        .select_related("backend")
        .filter(pk=call.pk)
        .first()
    )
    if locked is None:
        raise NotSettleable("only a call that could not be delivered, or is in doubt, can be retried or closed")
    return locked


def _decide(call: ServiceCall, verb: str, by: User, reason: str, now: datetime) -> None:
    Settlement.objects.create(call=call, actor=by, verb=verb, reason=reason[:300], at=now)
    transaction.on_commit(lambda: events.publish(call.pk, call.status))


def may_settle(user: User, call: ServiceCall) -> bool:
    """Operations may, and officers of the department whose system the call was for."""
    return user.is_active and (user.has_perm("gateway.settle_calls") or is_officer(user, call.backend.department_id))


@transaction.atomic
def settle(call: ServiceCall, *, arrived: bool, by: User, reason: str) -> ServiceCall:
    """End a doubt by what the department said: it has the form, or it has not, and then it is sent at once.

    Nothing but this word stands between `not arrived` and a second filing: whoever calls has made that clear.
    Raises NotSettleable unless the call is in doubt, and NotYours.
    """
    call = _undelivered(call)
    if not may_settle(by, call):
        raise NotYours("only operations and officers of the backend's department may settle a call")
    if call.status != ServiceCall.Status.IN_DOUBT:
        raise NotSettleable("only a call in doubt can be settled")
    now = timezone.now()
    call.trouble = ""
    if arrived:
        call.status, call.finished_at = ServiceCall.Status.COMPLETED, now
        transaction.on_commit(lambda: figures.observe_end(call))
    else:
        call.status, call.due_at = ServiceCall.Status.ACCEPTED, now
        call.attempt_count = call.lookup_count = 0
        transaction.on_commit(lambda: doorbell.ring(call.pk))
    call.save()
    _decide(call, Settlement.Verb.ARRIVED if arrived else Settlement.Verb.NOT_ARRIVED, by, reason, now)
    return call


@transaction.atomic
def look_at(call: ServiceCall, *, by: User) -> list[Masked]:
    """What the person sent, masked, for an officer of the department; who looked at which call is on record.

    Raises NotYours for everybody else, operations included.
    """
    if not is_officer(by, call.function.department_id):
        raise NotYours("only officers of the department may look at what was sent to it")
    looks.note(call, by=by, fields=call.payload["form"])
    Change.objects.create(actor=by, verb="call.seen", department_id=call.function.department_id, subject=call.receipt)
    return masked(call.version.form, call.payload["form"])
