"""Forms that a person began and has not sent: what they take along, and what goes with the account."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from identity.accounts import closing, export
from identity.accounts.export import Attachment, Fact, Record
from identity.accounts.models import User
from services.forms import files
from services.forms.models import Draft, StoredFile
from services.forms.schema import title_of


def register() -> None:
    """Called once, when everything is loaded."""
    export.register("drafts", drafts, title=gettext_lazy("Forms you began"), attachments=attachments)
    closing.register("drafts", erase=erase, erased=[gettext_lazy("Forms you began and did not send, with their files")])


def drafts(person: User) -> Iterator[Record]:
    """Newest first."""
    rows = Draft.objects.of(_caller(person)).select_related("version").order_by("-updated_at")
    for draft in rows:
        asked = draft.version.form.get("properties", {})
        lines = [f"{title_of(asked.get(name, {})) or name}: {value}" for name, value in draft.data.items()]
        yield [
            Fact("function", _("Service"), draft.version.names, draft.version.name),
            Fact("updated_at", _("When"), draft.updated_at.isoformat()),
            Fact("data", _("What you filled in"), draft.data, "\n".join(lines)),
        ]


def attachments(person: User) -> Iterator[Attachment]:
    for file in StoredFile.objects.of(_caller(person)).order_by("pk"):
        yield Attachment(f"waiting/{str(file.pk)[:8]}-{file.name}", files.read(file))


def erase(person: User) -> None:
    for kind in (Draft, StoredFile):
        kind.objects.of(_caller(person)).delete()


def _caller(person: User) -> str:
    return f"user:{person.pk}"
