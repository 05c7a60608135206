"""What the provider tells us by itself: the answer to a request that waited in a person's app.

A callback is signed like every request, carries its own key wrapped for our certificate, and is believed once: its
nonce is stored, its ticket and state must be those of the transaction, and the transaction is answered only once.
"""

import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction as database
from django.utils import timezone

from identity import statements
from identity.accounts.models import User
from identity.security import logger, pseudonym
from identity.upstream import client, flows, people, signatures, tasks
from identity.upstream.errors import Expired, MixedUp, NotGenuine, NotSeen, OtherPerson, Replayed
from identity.upstream.models import SeenNonce, Transaction
from identity.upstream.wire import sealed, signed
from identity.upstream.wire.codes import Code

MOST_BYTES = 256 * 1024  # of a callback
_SEE = f"""
INSERT INTO {SeenNonce._meta.db_table} (digest, seen_at) VALUES (%s, %s)
ON CONFLICT DO NOTHING RETURNING digest"""  # noqa: S608 (names of our own)
_ANSWER = f"""
UPDATE {Transaction._meta.db_table} SET answered_at = %s
WHERE id = %s AND answered_at IS NULL AND expires_at > %s
RETURNING id"""  # noqa: S608


def receive(headers: Mapping[str, str], body: bytes) -> Transaction:
    """Believe a callback, or not. Raises NotGenuine, Replayed, Expired, NotSeen, MixedUp or OtherPerson."""
    code, told = _opened(headers, body)
    transaction = _meant(told)
    with database.atomic():
        _take(transaction)
        _answer(transaction, code, told)
        transaction.save(update_fields=["status", "answer"])
    if transaction.status == Transaction.Status.DISOWNED:
        raise OtherPerson("approved by somebody else")
    return transaction


def _opened(headers: Mapping[str, str], body: bytes) -> tuple[str, dict[str, Any]]:
    """The code and the content of a genuine callback that comes for the first time."""
    now = timezone.now()
    try:
        nonce = signed.check(
            headers, body, client_id=settings.UPSTREAM_CLIENT_ID, secret=settings.UPSTREAM_CLIENT_SECRET, now=now
        )
    except signed.Forged as error:
        raise NotGenuine(str(error)) from error
    except signed.OutOfTime as error:
        raise Expired(str(error)) from error
    if statements.first_row(_SEE, [flows.digest(nonce), now]) is None:
        raise Replayed("its nonce was here before")
    try:
        told = json.loads(body)
        key = sealed.unwrap(client.private_key(), told["secretKey"], wrapping=settings.UPSTREAM_KEY_WRAPPING)
        return str(told["code"]), sealed.unseal(key, told["content"])
    except (sealed.Unsealable, ValueError, TypeError, KeyError, RecursionError) as error:
        raise NotGenuine("it cannot be opened") from error


def _meant(told: Mapping[str, Any]) -> Transaction:
    """The transaction that it answers: businessID, ticketID and state have to be of one and the same."""
    try:
        key = uuid.UUID(str(told.get("businessID")))
    except ValueError as error:
        raise NotSeen("no businessID") from error
    found = Transaction.objects.select_related("person").filter(pk=key).exclude(ticket_digest=None).first()
    if found is None:
        raise NotSeen("no such businessID")
    ticket, state = flows.digest(str(told.get("ticketID"))), flows.digest(str(told.get("state")))
    if ticket != found.ticket_digest or state != found.state_digest:
        raise MixedUp("ticket or state of another request")
    return found


def _take(transaction: Transaction) -> None:
    now = timezone.now()
    if statements.first_row(_ANSWER, [now, transaction.pk, now]) is None:
        transaction.refresh_from_db()
        raise Replayed("answered before") if transaction.answered_at else Expired("too late")
    transaction.answered_at = now


def _answer(transaction: Transaction, code: str, told: dict[str, Any]) -> None:
    """Status and answer, as the callback has them."""
    if code != Code.OK:
        transaction.status = flows.OUTCOMES.get(code, Transaction.Status.FAILED)  # type: ignore[call-overload]
        return
    if told.get("openID") != transaction.asked["open_id"]:
        transaction.status = Transaction.Status.DISOWNED
        return
    transaction.status = Transaction.Status.APPROVED
    assert transaction.person is not None
    if transaction.kind in {Transaction.Kind.PROFILE, Transaction.Kind.FORM_FILLING}:
        transaction.answer = {"fields": people.keep(transaction.person, told)}
        _name(transaction.person, people.name_of(told))
    elif transaction.kind == Transaction.Kind.SIGNATURE:
        _sign(transaction, told, at=transaction.answered_at or timezone.now())
    elif told.get("isPassed") not in {True, "true", "Y"}:
        transaction.status = Transaction.Status.REJECTED


def _name(person: User, name: str) -> None:
    """An account that the app opened has no name until the app tells it."""
    if name and not person.get_full_name():
        person.first_name = name[:150]
        person.save(update_fields=["first_name"])


def _sign(transaction: Transaction, told: dict[str, Any], *, at: datetime) -> None:
    digest = bytes.fromhex(transaction.asked["document_sha256"])
    try:
        signatures.verify(told, document_sha256=digest, at=at)
    except signatures.NotSigned:
        transaction.status = Transaction.Status.FAILED
        logger.warning("upstream_signature_invalid", person=pseudonym(transaction.person))
        return
    transaction.answer = {"signature": told["signature"], "cert": told["cert"]}
    database.on_commit(partial(tasks.ring_acknowledge, str(transaction.pk)))
