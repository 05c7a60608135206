"""Deleting an account: asked for, thought over for a week, then carried out.

What stays is the row of the person, without name, address or log-in: calls and the disclosure log point at it, and
the log's chains still verify, because they never held more than its key.
"""

import uuid
from datetime import datetime, timedelta

import structlog
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db import IntegrityError, transaction
from django.utils import timezone

from identity.accounts import closing, open_sessions
from identity.accounts.models import User
from identity.profile.errors import NotClosable, NotOpen
from identity.profile.models import BlindIndex, Closing, CorrectionRequest, DataExport, ProfileField

logger = structlog.get_logger(__name__)
TIME_TO_THINK = timedelta(days=7)
BATCH = 50  # accounts in one run


def ask(person: User) -> Closing:
    """Begin the week. A second time gives the first one back. Raises NotClosable for staff."""
    if person.is_staff or person.is_superuser:
        raise NotClosable("an account of staff is ended by its department")
    now = timezone.now()
    try:
        with transaction.atomic():
            asked = Closing.objects.create(person=person, asked_at=now, due_at=now + TIME_TO_THINK)
    except IntegrityError:
        return Closing.objects.get(person=person, cancelled_at=None, done_at=None)
    logger.info("closing_asked")
    return asked


def of(person: User) -> Closing | None:
    """The wish that stands."""
    return Closing.objects.filter(person=person, cancelled_at=None, done_at=None).first()


def cancel(asked: Closing) -> Closing:
    """Everything stays. Raises NotOpen once it was carried out or cancelled. One statement decides."""
    still = Closing.objects.filter(pk=asked.pk, cancelled_at=None, done_at=None)
    if not still.update(cancelled_at=timezone.now()):
        raise NotOpen("it was carried out or cancelled already")
    asked.refresh_from_db()
    logger.info("closing_cancelled")
    return asked


def carry_out_due(now: datetime) -> int:
    """End every account whose week is over; how many. Two at once share the work."""
    count = 0
    due = Closing.objects.filter(due_at__lte=now, cancelled_at=None, done_at=None).order_by("due_at")
    for key in list(due.values_list("pk", flat=True)[:BATCH]):
        count += _carry_out(key, now)
    return count


@transaction.atomic
def _carry_out(key: uuid.UUID, now: datetime) -> bool:
    held = Closing.objects.select_for_update(of=("self",), skip_locked=True)
    asked = held.filter(pk=key, cancelled_at=None, done_at=None).first()
    if asked is None:
        return False
    person = User.objects.select_for_update(of=("self",)).get(pk=asked.person_id)
    if person.is_staff or person.is_superuser:  # became one meanwhile
        Closing.objects.filter(pk=key).update(cancelled_at=now)
        return False
    for room in closing.registry.rooms.values():
        room.erase(person)
    _end_log_in(person)
    Closing.objects.filter(pk=key).update(done_at=now)
    logger.info("account_closed")
    return True


def _end_log_in(person: User) -> None:
    """Nobody can sign in as them any more, and nothing tells who they were."""
    open_sessions.end_others(person, key=None)
    for kind in (EmailAddress, Authenticator, SocialAccount):
        kind.objects.filter(user=person).delete()
    person.username = f"deleted-{uuid.uuid4().hex}"
    person.first_name = person.last_name = person.email = ""
    person.assurance = User.Assurance.NONE
    person.is_active = False
    person.last_login = None
    person.set_unusable_password()
    person.groups.clear()
    person.user_permissions.clear()
    person.save()


def erase_profile(person: User) -> None:
    """What this room holds; of reports that went to departments only that there was one stays."""
    ProfileField.objects.filter(person=person).delete()
    BlindIndex.objects.filter(person=person).delete()
    DataExport.objects.filter(person=person).delete()
    CorrectionRequest.objects.filter(person=person).update(value=None, remark=None, answer=None)
