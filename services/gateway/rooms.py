"""A person's calls: what they take along, and what becomes of them with the account."""

from collections.abc import Iterator

from django.db.models import Max, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from identity.accounts import closing, export
from identity.accounts.closing import Kept
from identity.accounts.export import Attachment, Fact, Record
from identity.accounts.models import User
from services import moments
from services.forms import files
from services.forms.flows import SENT
from services.forms.models import StoredFile
from services.forms.schema import title_of
from services.gateway import story
from services.gateway.models import ServiceCall, ServiceCallQuerySet
from services.registry.models import Department, FunctionVersion


def register() -> None:
    """Called once, when everything is loaded."""
    export.register("calls", calls, title=gettext_lazy("My calls"), attachments=attachments)
    closing.register("calls", kept=kept)


def of(person: User) -> ServiceCallQuerySet:
    """The person's own, and those that others made for them."""
    return ServiceCall.objects.filter(Q(person=person) | Q(for_person=person))


def calls(person: User) -> Iterator[Record]:
    """Each with what was sent, its answer and its story, newest first."""
    rows = of(person).select_related("function__department", "version", "backend").order_by("-accepted_at")
    for call in rows.iterator(chunk_size=100):
        answer = story.answer(call)
        steps = [f"{step.at:%Y-%m-%d %H:%M} {step.label}" for step in story.timeline(call) if step.at]
        yield [
            Fact("receipt", _("Receipt number"), call.receipt),
            Fact("function", _("Service"), call.version.names, call.version.name),
            Fact("department", _("Department"), call.function.department.names, call.function.department.name),
            Fact("status", _("Status"), call.status, call.get_status_display()),
            Fact("accepted_at", _("Received on"), call.accepted_at.isoformat(), moments.say(call.accepted_at)),
            Fact("finished_at", _("Finished"), call.finished_at and call.finished_at.isoformat()),
            Fact("sent_sha256", "SHA-256", call.sent_sha256),
            Fact("sent", _("What was sent"), call.payload, _sent(call)),
            Fact("answer", _("The answer"), call.answer, _answered(answer)),
            Fact("timeline", _("What has happened"), steps, "\n".join(steps)),
        ]


def _sent(call: ServiceCall) -> str:
    if call.blanked_at:
        return _("Deleted on %(date)s, as promised") % {"date": moments.say(call.blanked_at)}
    asked = call.version.form.get("properties", {})
    lines = [(title_of(asked.get(name, {})) or name, value) for name, value in call.payload["form"].items()]
    return "\n".join(f"{title}: {_plain(value)}" for title, value in lines)


def _plain(value: object) -> str:
    return ", ".join(str(part) for part in value.values()) if isinstance(value, dict) else str(value)


def _answered(answer: story.Answer | None) -> str:
    if answer is None:
        return ""
    return "\n".join([answer.title, answer.message, *(f"{item.label}: {item.value}" for item in answer.items)])


def attachments(person: User) -> Iterator[Attachment]:
    """The files that were sent, one after another."""
    for receipt in of(person).order_by("-accepted_at").values_list("receipt", flat=True):
        for file in StoredFile.objects.filter(caller=f"{SENT}{receipt}").order_by("pk"):
            yield Attachment(f"{receipt}/{str(file.pk)[:8]}-{file.name}", files.read(file))


def kept(person: User) -> Iterator[Kept]:
    """Calls on their way, what was sent with others until its time is over, and receipts."""
    own = ServiceCall.objects.filter(person=person)
    if on_way := own.filter(finished_at=None).count():
        said = ngettext(
            "%(count)s call that is still on its way", "%(count)s calls that are still on their way", on_way
        )
        yield Kept(
            said % {"count": on_way},
            _("It goes on: the department has it, or will. You will not see the answer here."),
            _("until it has ended"),
        )
    if own.filter(blanked_at=None).exists():
        yield Kept(
            _("What you sent with your calls, and the answers"),
            _("Departments may still need it, and their laws say for how long."),
            _("at the latest %(days)s days after each call has ended") % {"days": _longest(own)},
        )
    if own.exists():
        yield Kept(
            _("Receipts: number, time and fingerprint, without your name"),
            _("They prove that something was filed, and when."),
            _("for good"),
        )


def _longest(own: ServiceCallQuerySet) -> int:
    versions = FunctionVersion.objects.filter(calls__in=own).aggregate(most=Max("retention_days"))["most"]
    departments = Department.objects.filter(functions__calls__in=own).aggregate(most=Max("retention_days"))["most"]
    return max(versions or 0, departments or 0)
