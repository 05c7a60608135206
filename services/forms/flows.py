"""Keeping what a person is filling in, until it is sent or forgotten."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from services.forms.files import named_in
from services.forms.models import Draft, StoredFile
from services.registry.models import FunctionVersion

KEEP = timedelta(days=30)
SENT = "call:"  # how the caller of a file begins once a call has taken it


@transaction.atomic
def save_draft(version: FunctionVersion, data: dict[str, Any], *, caller: str) -> Draft:
    """The caller's one draft of the function, with this data now."""
    _one_at_a_time(version, caller)
    draft = find_draft(version, [caller])
    if draft is None:
        return Draft.objects.create(version=version, caller=caller, data=data)
    draft.data = data
    draft.updated_at = timezone.now()
    draft.save(update_fields=["data", "updated_at"])
    return draft


def _one_at_a_time(version: FunctionVersion, caller: str) -> None:
    """Two presses of a button at once must not begin two drafts, which would be two idempotency keys."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"forms.draft {version.function_id} {caller}"],
        )


def find_draft(version: FunctionVersion, callers: list[str]) -> Draft | None:
    """The newest draft that any of the callers has of the function; from now on it is the first caller's.

    One begun on an earlier version comes along, without answers to questions that are asked no more.
    """
    drafts = list(
        Draft.objects.filter(version__function=version.function_id, caller__in=callers).order_by("-updated_at", "pk")
    )
    if not drafts:
        return None
    draft: Draft = drafts[0]
    if len(drafts) > 1 or (draft.version_id, draft.caller) != (version.pk, callers[0]):
        _adopt(draft, drafts[1:], version, callers[0])
    return draft


@transaction.atomic
def _adopt(draft: Draft, older: list[Draft], version: FunctionVersion, caller: str) -> None:
    """The files that the draft names come along; older drafts give way to it."""
    Draft.objects.filter(pk__in=[old.pk for old in older]).delete()
    asked = version.form.get("properties", {})
    draft.data = {name: value for name, value in draft.data.items() if name in asked}
    files = named_in(version.form, draft.data, callers=[draft.caller])
    StoredFile.objects.filter(pk__in=files).update(caller=caller)
    draft.version, draft.caller = version, caller
    draft.save(update_fields=["data", "version", "caller"])


def discard(draft: Draft) -> None:
    """Forget it, for example because it was sent. Its files stay."""
    draft.delete()


def hand_over(files: Iterable[StoredFile], *, receipt: str) -> None:
    """The files now belong to a call: nobody can send them again, and they are not forgotten."""
    if ids := [file.pk for file in files]:
        StoredFile.objects.filter(pk__in=ids).update(caller=f"{SENT}{receipt}")


def forget(*, before: datetime) -> tuple[int, int]:
    """Delete drafts left alone since then and files that no call took; how many of each."""
    drafts, _ = Draft.objects.filter(updated_at__lt=before).delete()
    files, _ = StoredFile.objects.filter(created_at__lt=before).exclude(caller__startswith=SENT).delete()
    return drafts, files
