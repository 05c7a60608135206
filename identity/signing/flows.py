"""A document is prepared, shown, signed in the identity app, and redeemed once by what needed the signature."""

import hashlib
import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from identity import statements
from identity.accounts.models import User
from identity.security import logger, pseudonym
from identity.signatures import canonical
from identity.signing import jws, seal
from identity.signing.errors import NoSeal, SignatureRefused
from identity.signing.models import SignedDocument
from identity.upstream import flows as upstream
from identity.upstream.models import SignatureRequest
from identity.upstream.signatures import NotSigned, Signature

FORMAT = "ferry-document/1"
TIME_TO_SIGN = timedelta(hours=2)  # from the review page to the signature: an app may have to be linked first
FRESH = timedelta(minutes=30)  # from the signature to its use
Json = dict[str, Any]
_TABLE = SignedDocument._meta.db_table
_REDEEM = f"""
UPDATE {_TABLE} SET used_at = %s, reference = %s
WHERE id = %s AND person_id = %s AND sha256 = %s AND signed_at IS NOT NULL AND used_at IS NULL AND expires_at > %s
RETURNING id"""  # noqa: S608 (names of our own)


# --- Before ---------------------------------------------------------------------------------------
def prepare(person: User, content: Json) -> SignedDocument:
    """What this person will be shown and asked to sign. Its own number stands in it, so that no two are alike.

    Raises NoSeal where the portal could not confirm a signature.
    """
    if not seal.is_configured():
        raise NoSeal("FERRY_SEAL is not set")
    key, now = uuid.uuid4(), timezone.now()
    text = text_of(key, content)
    return SignedDocument.objects.create(
        id=key, person=person, content=text, sha256=hashlib.sha256(text).hexdigest(), made_at=now,
        expires_at=now + TIME_TO_SIGN,
    )  # fmt: skip


def text_of(key: uuid.UUID, content: Json) -> bytes:
    """The bytes that are signed: canonical JSON (after RFC 8785) of the content with format and number."""
    return canonical({**content, "format": FORMAT, "id": str(key)})


def ask(
    document: SignedDocument, *, name: str, service: str, department: str, next: str, language: str
) -> SignatureRequest:
    """Put it into the person's app; the last request counts.

    Raises SignatureRefused, or NotConnected, SignInAgain, Refused or Unreachable of identity.upstream.errors.
    """
    if document.signed_at is not None or document.expires_at <= timezone.now():
        raise SignatureRefused("used" if document.signed_at else "expired")
    asked = upstream.ask_signature(
        document.person, document_sha256=bytes.fromhex(document.sha256), document_name=name, service_name=service,
        department=department, next=next, language=language,
    )  # fmt: skip
    SignedDocument.objects.filter(pk=document.pk, signed_at=None).update(request=asked.pk)
    return asked


# --- Signed ---------------------------------------------------------------------------------------
def collect(document: SignedDocument) -> SignedDocument:
    """Take over what the app has answered, under the portal's seal. Unchanged while there is no signature.

    Raises SignatureRefused for one that is none, which is logged, and NoSeal. Safe to run twice.
    """
    if document.signed_at is not None or document.request is None:
        return document
    asked: SignatureRequest | None = SignatureRequest.objects.filter(  # type: ignore[assignment]
        pk=document.request, person=document.person_id
    ).first()
    if asked is None or asked.asked["document_sha256"] != document.sha256:
        return document
    try:
        made = upstream.signature(asked)
    except NotSigned as error:
        raise _refused("not_trusted", document.person) from error
    if made is not None:
        _keep(document, made)
    return document


def _keep(document: SignedDocument, made: Signature) -> None:
    document.signature, document.certificate = made.value, made.certificate
    document.jws = jws.make(bytes(document.content), made)
    document.signed_at, document.expires_at = made.signed_at, made.signed_at + FRESH
    kept = SignedDocument.objects.filter(pk=document.pk, signed_at=None)
    if not kept.update(
        signature=document.signature, certificate=document.certificate, jws=document.jws,
        signed_at=document.signed_at, expires_at=document.expires_at,
    ):  # fmt: skip
        document.refresh_from_db()


def redeem(document: SignedDocument, *, person: User, content: Json, reference: str) -> None:
    """Use the signature, once, for exactly this content; in the transaction of what it is for. Raises SignatureRefused.

    One statement decides, so that of two at once only one gets it.
    """
    digest, now = hashlib.sha256(text_of(document.pk, content)).hexdigest(), timezone.now()
    if statements.first_row(_REDEEM, [now, reference, document.pk, person.pk, digest, now]) is None:
        raise _refused(_why_not(document.pk, person, digest, now), person)


def _why_not(key: uuid.UUID, person: User, digest: str, now: datetime) -> str:
    found = SignedDocument.objects.filter(pk=key).first()
    if found is None:
        return "unknown"
    if found.person_id != person.pk:
        return "other_person"
    if found.sha256 != digest:
        return "other_document"
    if found.used_at is not None:
        return "used"
    return "not_signed" if found.signed_at is None else "expired"


def _refused(reason: str, person: User) -> SignatureRefused:
    logger.warning("signature_refused", reason=reason, person=pseudonym(person))
    return SignatureRefused(reason)


# --- Afterwards -----------------------------------------------------------------------------------
def of(reference: str) -> SignedDocument | None:
    """The signature that was used for it."""
    return SignedDocument.objects.filter(reference=reference).first()


def blank(references: Collection[str]) -> None:
    """Delete what was signed and by whom; that and when it was signed stays, with its SHA-256."""
    found = SignedDocument.objects.filter(reference__in=list(references))
    found.update(content=None, signature=None, certificate=None, jws=None)


def forget(now: datetime) -> int:
    """Delete what nobody signed or used in time; how many."""
    count, _each = SignedDocument.objects.filter(used_at=None, expires_at__lt=now - FRESH).delete()
    return count
