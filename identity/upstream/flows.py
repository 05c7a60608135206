"""Asking a person's identity app, and using what it answers: each answer once, and only for who asked.

A transaction begins here (`begin` for what comes back by the browser as a code, `ask` and `ask_signature` for what
waits in the app under a ticket), is answered in `come_back` or in identity.upstream.callbacks, and ends in `use`.
"""

import base64
import hashlib
import secrets
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.db import transaction as database
from django.urls import reverse
from django.utils import timezone

from identity import statements
from identity.accounts.models import User
from identity.profile import flows as profile
from identity.security import logger, pseudonym
from identity.upstream import client, people, signatures
from identity.upstream.errors import (
    Expired,
    NotConnected,
    NotSeen,
    OnlyWay,
    OtherBrowser,
    OtherPerson,
    Refused,
    Replayed,
    SignInAgain,
    Unreachable,
    UpstreamError,
)
from identity.upstream.models import Connection, SignatureRequest, Transaction
from identity.upstream.wire.codes import Code

PROVIDER = "upstream"  # as django-allauth knows it
LASTS = timedelta(minutes=10)  # from asking to using; the provider's own limit is shorter
LANGUAGES = {"en": "en-US", "zh-hant": "zh-HK", "zh-hans": "zh-CN"}
PATHS = {
    Transaction.Kind.PROFILE: "/account/auth/profile",
    Transaction.Kind.FORM_FILLING: "/account/eme",
    Transaction.Kind.STEP_UP: "/account/stepup",
    Transaction.Kind.SIGNATURE: "/account/signing",
}
OUTCOMES = {
    Code.CANCELLED: Transaction.Status.CANCELLED,
    Code.REJECTED: Transaction.Status.REJECTED,
    Code.TIMED_OUT: Transaction.Status.TIMED_OUT,
}
_TABLE = Transaction._meta.db_table
_TAKE = f"""
UPDATE {_TABLE} SET answered_at = %s
WHERE state_digest = %s AND browser_digest = %s AND answered_at IS NULL AND expires_at > %s AND ticket_digest IS NULL
RETURNING id"""  # noqa: S608 (names of our own)
_USE = f"""
UPDATE {_TABLE} SET used_at = %s, status = 'done'
WHERE id = %s AND status = 'approved' AND used_at IS NULL AND expires_at > %s
RETURNING id"""  # noqa: S608


def digest(secret: str) -> str:
    """What stands in the database for a secret that comes back to us."""
    return hashlib.sha256(secret.encode()).hexdigest()


# --- Asking ---------------------------------------------------------------------------------------
def begin(
    kind: str, *, browser: str, person: User | None = None, next: str = "", language: str = "en", here: bool = False
) -> Transaction:
    """A request to approve a log-in. `browser` is a secret of the session; `here`: the app is on this device."""
    state = secrets.token_urlsafe(32)
    return Transaction.objects.create(
        kind=kind,
        person=person,
        state_digest=digest(state),
        browser_digest=digest(browser),
        is_here=here,
        next=next,
        language=language,
        asked={"state": state},
        expires_at=timezone.now() + LASTS,
    )


def address(transaction: Transaction, *, here: bool | None = None) -> str:
    """Where the browser goes: the provider's page with the QR code, or the app on this device."""
    return client.qr_address(
        source=_source(transaction.is_here if here is None else here),
        redirect_uri=_return_address(),
        state=transaction.asked["state"],
        language=LANGUAGES.get(transaction.language, "en-US"),
        ticket=transaction.asked.get("ticket", ""),
    )


def ask(
    kind: str, person: User, *, next: str = "", language: str = "en", here: bool = False, **content: Any
) -> Transaction:
    """Put a request into the person's app. Raises NotConnected, SignInAgain, Refused or Unreachable."""
    connection = connection_of(person)
    if connection is None:
        raise NotConnected("no app is linked")
    if connection.expires_at <= timezone.now():
        raise SignInAgain("the token has ended")
    state, open_id = secrets.token_urlsafe(32), connection.account.uid
    asked = Transaction(
        kind=kind, person=person, state_digest=digest(state), is_here=here, next=next, language=language,
        asked={"state": state, "open_id": open_id, **content}, expires_at=timezone.now() + LASTS,
    )  # fmt: skip
    ticket = client.initiate(
        PATHS[Transaction.Kind(kind)],
        {
            "businessID": str(asked.pk),
            "accessToken": connection.access_token,
            "openID": open_id,
            "source": _source(here),
            "redirectURI": _return_address(),
            "state": state,
            "lang": LANGUAGES.get(language, "en-US"),
            **_particulars(kind, person, content),
        },
    )
    asked.asked |= {"ticket": ticket.id, "by_qr": ticket.by_qr}
    asked.ticket_digest = digest(ticket.id)
    asked.save(force_insert=True)
    return asked


def ask_signature(
    person: User,
    *,
    document_sha256: bytes,
    document_name: str,
    service_name: str,
    department: str,
    next: str = "",
    language: str = "en",
    here: bool = False,
) -> SignatureRequest:
    """Ask the person to sign a document's hash (32 bytes). Their page is `web:upstream-transaction`, with the code.

    Raises NotConnected, SignInAgain, Refused or Unreachable.
    """
    if len(document_sha256) != 32:
        raise ValueError("a SHA-256 has 32 bytes")
    made = ask(
        Transaction.Kind.SIGNATURE, person, next=next, language=language, here=here,
        document_sha256=document_sha256.hex(), document_name=document_name[:200],
        service_name=service_name[:200], department=department[:200],
    )  # fmt: skip
    return SignatureRequest.objects.get(pk=made.pk)


def signature(request: SignatureRequest) -> signatures.Signature | None:
    """The signature, checked once more; None while there is none (request.outcome says why)."""
    request.refresh_from_db()
    if request.status not in {Transaction.Status.APPROVED, Transaction.Status.DONE} or not request.answered_at:
        return None
    digest_signed = bytes.fromhex(request.asked["document_sha256"])
    return signatures.verify(request.answer, document_sha256=digest_signed, at=request.answered_at)


def _particulars(kind: str, person: User, content: Mapping[str, Any]) -> dict[str, Any]:
    """What a request of that kind says besides."""
    if kind == Transaction.Kind.PROFILE:
        return {"profileFields": list(people.IDENTITY_FIELDS)}
    if kind == Transaction.Kind.FORM_FILLING:
        return {
            "formName": "Ferry", "formNum": "FERRY-1", "formDesc": "Ferry",
            "profileFields": list(people.IDENTITY_FIELDS), "eMEFields": list(people.CONTACT_FIELDS),
        }  # fmt: skip
    if kind == Transaction.Kind.SIGNATURE:
        return {
            "hashCode": base64.b64encode(bytes.fromhex(content["document_sha256"])).decode(),
            "sigAlgo": signatures.ALGORITHM,
            "HKICHash": _card_hash(person),
            "department": content["department"],
            "serviceName": content["service_name"],
            "documentName": content["document_name"],
        }
    return {}


def _card_hash(person: User) -> str:
    """base64(SHA-256) of the identity card's number without its check digit; empty if we do not know it."""
    known = profile.read(person, only={"hkid"}).get("hkid")
    if known is None:
        return ""
    number = str(known.value).partition("(")[0]
    return base64.b64encode(hashlib.sha256(number.encode()).digest()).decode()


def _source(here: bool) -> str:
    return "App_Link" if here else "PC_Browser"


def _return_address() -> str:
    return f"{settings.BASE_URL}{reverse('upstream-back')}"


# --- Coming back ----------------------------------------------------------------------------------
def come_back(*, state: str, code: str, error_code: str, browser: str) -> Transaction:
    """The browser brings an answer. Raises NotSeen, OtherBrowser, Replayed or Expired; else look at the outcome.

    What waits under a ticket is answered by the provider itself: there the browser only brings the person back.
    """
    now = timezone.now()
    taken = statements.first_row(_TAKE, [now, digest(state), digest(browser), now])
    if taken is None:
        return _why_not(state, browser)
    transaction = Transaction.objects.select_related("person").get(pk=taken[0])
    if not code:
        transaction.status = OUTCOMES.get(error_code, Transaction.Status.FAILED)  # type: ignore[call-overload]
    else:
        _exchange(transaction, code)
    transaction.save(update_fields=["status", "answer"])
    return transaction


def _exchange(transaction: Transaction, code: str) -> None:
    try:
        token = client.token(code)
    except (Refused, Unreachable) as error:
        transaction.status = Transaction.Status.FAILED
        logger.warning("upstream_code_refused", kind=transaction.kind, reason=error.reason)
        return
    transaction.status = Transaction.Status.APPROVED
    transaction.answer = {
        "open_id": token.open_id,
        "access_token": token.access_token,
        "scope": list(token.scope),
        "expires_at": token.expires_at.isoformat(),
    }
    if transaction.kind == Transaction.Kind.REAUTHENTICATE and not is_own(transaction):
        transaction.status = Transaction.Status.DISOWNED
        logger.warning("upstream_other_person", kind=transaction.kind, person=pseudonym(transaction.person))


def is_own(transaction: Transaction) -> bool:
    """Whether it was approved by the person who asked, as far as their account knows their app."""
    open_id = transaction.answer["open_id"]
    mine = SocialAccount.objects.filter(provider=PROVIDER, uid=open_id, user=transaction.person)
    return bool(mine.exists())


def _why_not(state: str, browser: str) -> Transaction:
    found = Transaction.objects.filter(state_digest=digest(state)).first()
    if found is None:
        raise NotSeen("no such state")
    if found.ticket_digest:
        return found
    if not secrets.compare_digest(found.browser_digest, digest(browser)):
        raise OtherBrowser("begun elsewhere")
    if found.answered_at:
        raise Replayed("answered before")
    raise Expired("too late")


# --- Using ----------------------------------------------------------------------------------------
def of(key: uuid.UUID, *, browser: str, person: User | None) -> Transaction:
    """The transaction, for whom it belongs to; raises Transaction.DoesNotExist for everybody else.

    A log-in belongs to the browser that began it, everything else to the person as well.
    """
    found = Transaction.objects.select_related("person").get(pk=key)
    is_in_hand = not found.is_by_code or secrets.compare_digest(found.browser_digest, digest(browser))
    is_theirs = found.person_id is None or (person is not None and found.person_id == person.pk)
    if not (is_in_hand and is_theirs):
        raise Transaction.DoesNotExist
    return found


def use(transaction: Transaction) -> Transaction:
    """Take the answer, once. Raises Replayed, Expired, or NotSeen where there is none."""
    now = timezone.now()
    if statements.first_row(_USE, [now, transaction.pk, now]) is None:
        transaction.refresh_from_db()
        if transaction.used_at:
            raise Replayed("used before")
        raise Expired("too late") if transaction.expires_at <= now else NotSeen("not approved")
    transaction.refresh_from_db()
    return transaction


def disown(transaction: Transaction) -> None:
    """The person at the screen says that it was somebody else who approved it: it counts no more."""
    mine = Transaction.objects.filter(pk=transaction.pk, status=Transaction.Status.APPROVED, used_at=None)
    if mine.update(status=Transaction.Status.DISOWNED):
        logger.warning("upstream_disowned", kind=transaction.kind, person=pseudonym(transaction.person))


# --- Accounts -------------------------------------------------------------------------------------
def connection_of(person: User) -> Connection | None:
    """The app that the account is linked to."""
    linked = Connection.objects.filter(account__user=person, account__provider=PROVIDER)
    return linked.select_related("account").first()


def holder_of(transaction: Transaction) -> User | None:
    """The account that the one who approved a log-in has already."""
    open_id = (transaction.answer or {}).get("open_id", "")
    linked = SocialAccount.objects.filter(provider=PROVIDER, uid=open_id).select_related("user").first()
    return linked.user if linked else None


@database.atomic
def recognise(transaction: Transaction) -> Connection:
    """Keep what a used log-in gave for its account: the right to ask, and that the identity is verified.

    Raises OtherPerson if no account has that openID.
    """
    told = transaction.answer
    account = SocialAccount.objects.select_related("user").filter(provider=PROVIDER, uid=told["open_id"]).first()
    if account is None:
        raise OtherPerson("nobody's")
    connection, _ = Connection.objects.update_or_create(
        account=account,
        defaults={
            "access_token": told["access_token"],
            "scope": told["scope"],
            "expires_at": datetime.fromisoformat(told["expires_at"]),
        },
    )
    person = User.objects.get(pk=account.user_id)
    level = User.Assurance.PLUS if connection.can_sign else User.Assurance.BASIC
    order = User.Assurance.values.index
    if order(person.assurance) < order(level):
        person.assurance = level
        person.save(update_fields=["assurance"])
    _wipe(transaction)
    return connection


def _wipe(transaction: Transaction) -> None:
    """The token is kept in one place."""
    transaction.answer = {"open_id": transaction.answer["open_id"]}
    transaction.save(update_fields=["answer"])


@database.atomic
def unlink(person: User) -> None:
    """The app signs in to this account no more. Raises OnlyWay if nothing else does.

    Who was verified stays so, but cannot sign or step up by it any more.
    """
    User.objects.select_for_update().get(pk=person.pk)  # two ways taken away at once would leave none
    if not _has_other_way(person):
        raise OnlyWay("no other way in")
    SocialAccount.objects.filter(user=person, provider=PROVIDER).delete()
    if person.assurance == User.Assurance.PLUS:
        person.assurance = User.Assurance.BASIC
        person.save(update_fields=["assurance"])


def _has_other_way(person: User) -> bool:
    """A password, a passkey, an address for codes, or another provider."""
    return (
        person.has_usable_password()
        or Authenticator.objects.filter(user=person, type=Authenticator.Type.WEBAUTHN).exists()
        or EmailAddress.objects.filter(user=person, verified=True).exists()
        or SocialAccount.objects.filter(user=person).exclude(provider=PROVIDER).exists()
    )


__all__ = [
    "UpstreamError", "address", "ask", "ask_signature", "begin", "come_back", "connection_of", "digest", "disown",
    "holder_of", "is_own", "of", "recognise", "signature", "unlink", "use",
]  # fmt: skip
