"""The record of changes in words: who, when, what."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from services.registry.models import Change

LONGEST = 160  # characters of a value


@dataclass(frozen=True)
class Told:
    """One line of history."""

    at: datetime
    who: str
    what: str
    subject: str
    details: list[tuple[str, str]]


def told(changes: Iterable[Change]) -> list[Told]:
    said = {**_verbs()}
    return [
        Told(
            at=change.at,
            who=(change.actor.get_full_name() or change.actor.get_username()) if change.actor else _("The system"),
            what=said.get(change.verb, change.verb),
            subject=change.subject,
            details=_details(change.details),
        )
        for change in changes
    ]


def _verbs() -> dict[str, str]:
    return {
        "function.created": _("registered the function"),
        "function.suspended": _("suspended it"),
        "function.resumed": _("opened it again"),
        "function.retired": _("retired it"),
        "version.loaded": _("loaded it with the catalogue"),
        "version.started": _("started a version"),
        "version.brought_back": _("brought an older version back"),
        "version.changed": _("changed the draft"),
        "version.submitted": _("sent it for approval"),
        "version.withdrawn": _("took it out of review"),
        "version.approved": _("approved it"),
        "version.refused": _("sent it back"),
        "version.tried": _("tried it against the system"),
        "backend.created": _("added a system"),
        "backend.changed": _("changed a system"),
    }


def _details(details: dict[str, Any]) -> list[tuple[str, str]]:
    """Field and values; of long documents only that they changed."""
    lines = []
    for name, pair in details.get("changed", {}).items():
        if name in {"form", "request_map", "answer_map"} or not isinstance(pair, list):
            lines.append((name, _("changed")))
        else:
            lines.append((name, f"{_short(pair[0])} → {_short(pair[1])}"))
    lines += [(name, _short(value)) for name, value in details.items() if name != "changed" and value]
    return lines


def _short(value: Any) -> str:
    if isinstance(value, dict):
        value = "; ".join(str(text) for text in value.values())
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    text = "—" if value in (None, "") else str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
