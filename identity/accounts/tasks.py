"""Chores of accounts. Each may run twice or not at all: the database decides what there is to do."""

from datetime import timedelta

import structlog
from celery import shared_task
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from kombu.exceptions import OperationalError

from identity.accounts import attempts, sign_ins, user_agents
from identity.accounts.models import DeviceNotice, SignInTicket
from identity.statements import clock

KEPT = timedelta(days=2)  # longer than any counter counts and any ticket lives
logger = structlog.get_logger(__name__)


def ring() -> None:
    """Ask a worker to mail what there is to mail. If the broker does not answer, the next round does."""
    try:
        tell_of_new_devices.delay()
    except OperationalError as error:
        logger.warning("mail_waits", error=type(error).__name__)


@shared_task(name="accounts.tell_of_new_devices")
def tell_of_new_devices() -> None:
    """Mail every person about sign-ins from new devices, in their language, each once; answered ones are not sent."""
    while _mail_next():
        pass


@shared_task(name="accounts.forget")
def forget() -> None:
    """Delete old sign-ins, ended sessions, counters and tickets. Safe to run twice: then there are none."""
    now = clock()
    sign_ins.forget(now=now)
    Session.objects.filter(expire_date__lt=now).delete()
    attempts.forget(now - KEPT)
    SignInTicket.objects.filter(created_at__lt=now - KEPT).delete()


@transaction.atomic
def _mail_next() -> bool:
    """One mail; whether there was one to send. A failure leaves it for the next round."""
    waiting = DeviceNotice.objects.select_for_update(of=("self",), skip_locked=True).filter(mailed_at=None, answer="")
    notice = waiting.select_related("sign_in__person").order_by("sign_in__at").first()
    if notice is None:
        return False
    _mail(notice)
    notice.mailed_at = timezone.now()
    notice.save(update_fields=["mailed_at"])
    return True


def _mail(notice: DeviceNotice) -> None:
    person = notice.sign_in.person
    if person is None or not person.email:
        return
    with translation.override(person.language or settings.LANGUAGE_CODE):
        page = reverse("web:account-not-me", args=[sign_ins.link_token(notice.sign_in)])
        context = {
            "person": person,
            "at": notice.sign_in.at,
            "device": user_agents.device(notice.sign_in.user_agent),
            "network": notice.sign_in.network,
            "url": f"{settings.BASE_URL}{page}",
        }
        subject = render_to_string("account/email/new_device_subject.txt", context).strip()
        body = render_to_string("account/email/new_device_message.txt", context)
    send_mail(subject, body, None, [person.email])
