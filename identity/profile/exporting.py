"""Everything that Ferry holds of a person, in one archive: JSON for machines, one page of HTML for them.

Small ones are made at once, large ones by a task; either is kept for a day, encrypted, and only for its owner.
"""

import io
import json
import zipfile
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext, override

from identity.accounts import export
from identity.accounts.models import User
from identity.consent.flows import disclose
from identity.consent.models import Disclosure
from identity.profile.models import DataExport

logger = structlog.get_logger(__name__)
KEPT = timedelta(hours=24)
SMALL = 50  # lines of the disclosure log: so many calls and sign-ins at departments are gathered within a moment
FORMAT = "ferry-export/1"
MOST = 200 * 1024 * 1024  # bytes of attached files in one archive; what is beyond is named, not packed


def ask(person: User, *, language: str) -> DataExport:
    """Begin one; what there was before goes. It is made already if there is little to gather."""
    now = timezone.now()
    with transaction.atomic():
        User.objects.select_for_update(no_key=True, of=("self",)).get(pk=person.pk)  # one at a time
        DataExport.objects.filter(person=person).delete()
        made = DataExport.objects.create(person=person, language=language, asked_at=now, until=now + KEPT)
    if Disclosure.objects.of(person)[: SMALL + 1].count() <= SMALL:
        return make(made)
    return made


def make(asked: DataExport) -> DataExport:
    """Gather everything and keep it. Made already, or gone, it changes nothing."""
    content = archive(asked.person, asked.language, timezone.now())
    open_one = DataExport.objects.filter(pk=asked.pk, made_at=None)
    open_one.update(content=content, made_at=timezone.now())
    logger.info("export_made")
    return DataExport.objects.filter(pk=asked.pk).first() or asked


def of(person: User) -> DataExport | None:
    """The person's own that is still kept, without its content."""
    kept = DataExport.objects.filter(person=person, until__gt=timezone.now()).defer("content")
    return kept.order_by("-asked_at").first()


@transaction.atomic
def take(made: DataExport, *, person: User) -> bytes:
    """The archive, for its owner; the disclosure log says that it was taken. Raises DataExport.DoesNotExist."""
    found = DataExport.objects.get(pk=made.pk, person=person, until__gt=timezone.now(), made_at__isnull=False)
    disclose(
        person=person,
        recipient="self",
        recipient_names=_in_every_language(lambda: gettext("Yourself")),
        purpose_names=_in_every_language(lambda: gettext("Download my data")),
        fields=sorted(export.registry.exporters),
        kind=Disclosure.Kind.EXPORT,
        reference=str(found.pk),
        ground="Personal Data (Privacy) Ordinance (Cap. 486), section 18",
        at=timezone.now(),
    )
    return bytes(found.content)


def forget(now: datetime) -> int:
    """Delete those whose day is over; how many."""
    return DataExport.objects.filter(until__lte=now).delete()[0]


def archive(person: User, language: str, now: datetime) -> bytes:
    """A ZIP of data.json, data.html in that language, and files/."""
    with override(language):
        gathered = export.registry.collect(person)
        page = render_to_string("profile/export.html", {"rooms": _readable(gathered), "at": now})
    document: dict[str, Any] = {
        "format": FORMAT,
        "issuer": settings.BASE_URL,
        "made_at": now.isoformat(),
        "data": {
            room.name: [{fact.key: fact.value for fact in record} for record in records]
            for room, records in gathered.items()
        },
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bundle:
        document["files_left_out"] = _pack(bundle, export.registry.attachments(person))
        bundle.writestr("data.json", json.dumps(document, ensure_ascii=False, indent=1, default=str))
        bundle.writestr("data.html", page)
    return packed.getvalue()


def _pack(bundle: zipfile.ZipFile, attachments: Iterable[export.Attachment]) -> list[str]:
    """What would not fit any more, by name."""
    size, left_out = 0, []
    for each in attachments:
        size += len(each.content)
        if size > MOST:
            left_out.append(each.path)
            continue
        bundle.writestr(f"files/{each.path}", each.content)
    return left_out


def _readable(gathered: Any) -> list[dict[str, Any]]:
    return [
        {"title": room.title, "records": [[(fact.label, _said(fact)) for fact in record] for record in records]}
        for room, records in gathered.items()
    ]


def _said(fact: export.Fact) -> str:
    if fact.said:
        return str(fact.said)
    if fact.value is None:
        return ""
    if isinstance(fact.value, dict | list):
        return json.dumps(fact.value, ensure_ascii=False, default=str)
    return str(fact.value)


def _in_every_language(said: Callable[[], str]) -> dict[str, str]:
    """By language code, because the log keeps what it said."""
    names = {}
    for code, _name in settings.LANGUAGES:
        with override(code):
            names[code] = said()
    return names
