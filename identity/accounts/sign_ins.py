"""The history of a person's sign-ins, and the notice of one from a device that they had not used before."""

import ipaddress
from datetime import datetime, timedelta
from uuid import UUID

from allauth.account.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language

from identity.accounts import authentication, open_sessions, user_agents
from identity.accounts.models import DeviceNotice, SignIn, User
from identity.security import logger, pseudonym
from identity.statements import execute

KEEP = timedelta(days=365)
KEEP_OF_NOBODY = timedelta(days=1)
ANSWERED_WITHIN = timedelta(days=30)  # so long the link of the mail works
SALT = "accounts.device-notice"
# Shown by every page of these sessions until it is answered; read with the session, so it costs no query.
SHOWN = "UPDATE usersessions_usersession SET data = data || jsonb_build_object('notice', %s::text) WHERE id = ANY(%s)"
SHOWN_NO_MORE = (
    "UPDATE usersessions_usersession SET data = data - 'notice' WHERE user_id = %s AND data ->> 'notice' = %s"
)


def network_of(request: HttpRequest) -> str:
    """The first half of the address, roughly: enough to tell home from abroad, and nobody's line from another's."""
    try:
        address = ipaddress.ip_address(get_adapter().get_client_ip(request))
    except (ValueError, PermissionDenied):  # no address, or none of a kind we know
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    bits, shown = (16, 2) if address.version == 4 else (32, 2)
    network = ipaddress.ip_network((address, bits), strict=False).network_address
    parts = network.exploded.split("." if network.version == 4 else ":")[:shown]
    return ".".join([*parts, "…"]) if network.version == 4 else ":".join([*parts, "…"])


@transaction.atomic
def note_signed_in(request: HttpRequest, person: User, *, is_new_device: bool) -> SignIn:
    """Remember a sign-in that has succeeded, name the session after it, and tell the person of a new device.

    The first sign-in of all is from a new device by its nature, and nobody is told.
    """
    authentication.note_time(request, person)
    earlier = SignIn.objects.filter(person=person, outcome=SignIn.Outcome.SIGNED_IN)
    is_first = not earlier.exists()
    session = UserSession.objects.filter(session_key=request.session.session_key).first()
    row = _record(request, person, SignIn.Outcome.SIGNED_IN, session=session, is_new=is_new_device and not is_first)
    request.session[open_sessions.SID] = str(row.pk)
    if row.is_new_device:
        _notify(row)
    else:
        _remember_language(person)
        _show_open_notice(person, session)
    return row


def note_proved(request: HttpRequest, person: User) -> SignIn:
    """Remember that a signed-in person proved once more who they are."""
    return _record(request, person, SignIn.Outcome.PROVED)


def note_failed(request: HttpRequest, person: User | None) -> SignIn:
    """Remember a try that failed. A name that nobody has costs the same, so that the clock tells nothing."""
    return _record(request, person, SignIn.Outcome.FAILED)


def forget(*, now: datetime) -> int:
    """Delete what is older than a year, and failed tries at names that nobody has after a day."""
    old, _ = SignIn.objects.filter(at__lt=now - KEEP).delete()
    of_nobody, _ = SignIn.objects.filter(at__lt=now - KEEP_OF_NOBODY, person=None).delete()
    return old + of_nobody


# --- The notice of a new device -----------------------------------------------------------------------
def link_token(sign_in: SignIn) -> str:
    """For the mail: lets whoever reads it say that it was not them, without signing in."""
    return signing.dumps(sign_in.pk.hex, salt=SALT)


def of_token(token: str) -> SignIn | None:
    """The sign-in of a mail's link; None for one that was forged or is too old."""
    try:
        named = UUID(signing.loads(token, salt=SALT, max_age=ANSWERED_WITHIN))
    except (signing.BadSignature, ValueError, AttributeError):
        logger.warning("device_link_refused")
        return None
    return SignIn.objects.filter(pk=named, notice__isnull=False).select_related("person").first()


@transaction.atomic
def answer(sign_in: SignIn, *, was_me: bool) -> None:
    """What the person says of the notice. "It was not me" ends that session at once, also when said later on."""
    said = DeviceNotice.Answer.MINE if was_me else DeviceNotice.Answer.NOT_MINE
    DeviceNotice.objects.filter(pk=sign_in.pk).update(answer=said, answered_at=timezone.now())
    execute(SHOWN_NO_MORE, [sign_in.person_id, str(sign_in.pk)])
    if not was_me:
        open_sessions.end(UserSession.objects.filter(pk=sign_in.session_id, user=sign_in.person_id))
        logger.warning("sign_in_denied", person=pseudonym(sign_in.person))


def _notify(sign_in: SignIn) -> None:
    from identity.accounts import tasks  # which send what is noted here

    DeviceNotice.objects.create(sign_in=sign_in)
    others = UserSession.objects.filter(user=sign_in.person_id).exclude(pk=sign_in.session_id)
    execute(SHOWN, [str(sign_in.pk), list(others.values_list("pk", flat=True))])
    transaction.on_commit(tasks.ring)


def _show_open_notice(person: User, session: UserSession | None) -> None:
    """Whoever comes back to a device they know reads there what nobody has answered yet."""
    notices = DeviceNotice.objects.filter(sign_in__person=person, answer=DeviceNotice.Answer.OPEN)
    newest = notices.order_by("-sign_in__at").values_list("pk", flat=True).first()
    if newest and session:
        execute(SHOWN, [str(newest), [session.pk]])


def _remember_language(person: User) -> None:
    language = get_language() or settings.LANGUAGE_CODE
    if language != person.language and language in dict(settings.LANGUAGES):
        person.language = language
        User.objects.filter(pk=person.pk).update(language=language)


def _record(
    request: HttpRequest, person: User | None, outcome: str, *, session: UserSession | None = None, is_new: bool = False
) -> SignIn:
    proved = authentication.of(request) if person is not None and outcome != SignIn.Outcome.FAILED else None
    return SignIn.objects.create(
        person=person,
        outcome=outcome,
        amr=list(proved.amr) if proved else [],
        user_agent=request.META.get("HTTP_USER_AGENT", "")[: user_agents.LONGEST],
        network=network_of(request),
        is_new_device=is_new,
        session=session,
    )
