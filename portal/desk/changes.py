"""The record of changes in words: who, when, what."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from portal.desk import client_sheet
from services import moments
from services.registry.models import Change, FilingPeriod

LONGEST = 160  # characters of a value
SITE = "client."  # begins the verbs of departments' sites


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
            details=_of_site(change.details) if change.verb.startswith(SITE) else _details(change.details),
        )
        for change in changes
    ]


def _verbs() -> dict[str, str]:
    return {
        "function.created": _("registered the function"),
        "function.suspended": _("suspended it"),
        "function.resumed": _("opened it again"),
        "function.retired": _("retired it"),
        "function.filing_added": _("set a filing period"),
        "function.filing_extended": _("extended a filing period"),
        "function.filing_removed": _("removed a filing period"),
        "version.loaded": _("loaded it with the catalogue"),
        "version.started": _("started a version"),
        "version.brought_back": _("brought an older version back"),
        "version.changed": _("changed the draft"),
        "version.submitted": _("sent it for approval"),
        "version.withdrawn": _("took it out of review"),
        "version.approved": _("approved it"),
        "version.refused": _("sent it back"),
        "version.tried": _("tried it against the system"),
        "blocker.opened": _("noted what is in the way of retiring an app"),
        "blocker.closed": _("cleared what was in the way of retiring an app"),
        "app.retired": _("retired an app"),
        "aim.set": _("set an aim"),
        "function.hiding_set": _("set when people read that their data was looked at"),
        "function.hiding_removed": _("let people read at once that their data was looked at"),
        "question.answered": _("answered why data was looked at or received"),
        "call.seen": _("looked at what was sent with a call, masked"),
        "department.retention": _("set how long what was sent is kept"),
        "correction.answered": _("answered a report of wrong data"),
        "backend.created": _("added a system"),
        "backend.changed": _("changed a system"),
        "backend.breaker_closed": _("closed the breaker of a system"),
        "client.drafted": _("registered a client"),
        "client.change_started": _("started a change of a client"),
        "client.changed": _("changed the draft of a client"),
        "client.submitted": _("sent a client for approval"),
        "client.withdrawn": _("took a client out of review"),
        "client.approved": _("approved a client"),
        "client.refused": _("sent a client back"),
        "client.discarded": _("threw the draft of a client away"),
        "client.secret_rotated": _("made a new secret for a client"),
        "client.suspended": _("suspended a client"),
        "client.resumed": _("opened a client again"),
        "client.tried": _("tried a client with a test log-in"),
        "maintenance.noted": _("noted a maintenance of a system"),
        "maintenance.ended": _("ended a maintenance of a system"),
        "maintenance.called_off": _("called off a maintenance of a system"),
    }


def _details(details: dict[str, Any]) -> list[tuple[str, str]]:
    """Field and values; of long documents only that they changed."""
    labels, lines = _labels(), []
    for name, pair in details.get("changed", {}).items():
        if name in {"form", "request_map", "answer_map"} or not isinstance(pair, list):
            lines.append((labels.get(name, name), _("changed")))
        else:
            lines.append((labels.get(name, name), f"{_short(pair[0])} → {_short(pair[1])}"))
    for name, value in details.items():
        if name != "changed" and value:
            lines.append((labels.get(name, name), _said(name, value)))
    return lines


def _of_site(details: dict[str, Any]) -> list[tuple[str, str]]:
    """The same for a department's site, in the words of its sheet."""
    lines = [
        (client_sheet.label(name), " → ".join(_short(client_sheet.say(name, value)) for value in pair))
        for name, pair in details.get("changed", {}).items()
    ]
    return lines + _details({name: value for name, value in details.items() if name != "changed"})


def _said(name: str, value: Any) -> str:
    """A value in words where the record keeps a code or a moment."""
    if name in {"from", "until", "opens_at", "before"}:
        return moments.say(datetime.fromisoformat(value))
    if name == "rule":
        return str(dict(FilingPeriod.Rule.choices).get(value, value))
    return outcome_words(value) if name == "outcome" else _short(value)


def attempt_words(kind: str, outcome: str) -> str:
    """How an exchange ended. A look-up sends nothing, so it cannot itself have arrived."""
    if kind == "lookup" and outcome == "ambiguous":
        return _("The department's system gave no clear answer")
    return outcome_words(outcome)


def outcome_words(kind: str) -> str:
    """How an exchange with a department's system ended; what has no words stays as it is stored."""
    words = {
        "answered": _("The department answered"),
        "busy": _("The department's system was too busy"),
        "unreached": _("The department's system could not be reached"),
        "ambiguous": _("It may have arrived: the department's system gave no clear answer"),
        "unknown_receipt": _("The department says that it never arrived"),
        "unsendable": _("It could not be put into the department's format"),
    }
    return words.get(kind, kind)


def _labels() -> dict[str, str]:
    """The desk's own words for what changes; what has none stays as it is stored."""
    return {
        "name_en": _("Name in English"),
        "name_zh_hant": _("Name in 繁體"),
        "name_zh_hans": _("Name in 简体"),
        "summary_en": _("Summary in English"),
        "summary_zh_hant": _("Summary in 繁體"),
        "summary_zh_hans": _("Summary in 简体"),
        "keywords": _("Words that people search with"),
        "category": _("Category"),
        "action": _("What people do"),
        "audience": _("Who it is for"),
        "assurance": _("Who may use it"),
        "fee_hkd": _("Fee in HK$"),
        "retention_days": _("Days that what was sent is kept"),
        "backend": _("The department's system"),
        "form": _("The form"),
        "request_map": _("What is sent"),
        "answer_map": _("What citizens read"),
        "connector": _("How it speaks"),
        "address": _("Address"),
        "credentials": _("Environment variable that holds its secret"),
        "settings": _("Settings of the connector"),
        "connect_timeout_seconds": _("Seconds to wait for a connection"),
        "read_timeout_seconds": _("Seconds to wait while the system says nothing"),
        "timeout_seconds": _("Seconds to wait for the whole answer"),
        "max_concurrency": _("Calls at the same time, at most"),
        "max_per_minute": _("Calls in a minute, at most, empty for any number"),
        "service_window": _("Opening hours, empty for always"),
        "is_idempotent": _("The same receipt sent twice is filed once"),
        "has_lookup": _("It can say what became of a receipt"),
        "copied_from": _("Copied from version"),
        "reasons": _("Reason"),
        "reason": _("Reason"),
        "note": _("Reason"),
        "from": _("From (Hong Kong time)"),
        "until": _("Until (Hong Kong time)"),
        "opens_at": _("Opens (Hong Kong time)"),
        "before": _("Until then it was"),
        "rule": _("When a system was down"),
        "days": _("Days kept back"),
        "latest_on": _("Kept back until, at the latest"),
        "extend_days": _("Days added for each time"),
        "receipt": _("Receipt"),
        "outcome": _("Outcome"),
        "milliseconds": _("Milliseconds"),
        "status": _("Status"),
        "what": _("What is in the way"),
        "owner": _("Who clears it"),
    }


def _short(value: Any) -> str:
    if isinstance(value, dict):
        value = "; ".join(str(text) for text in value.values())
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    text = "—" if value in (None, "") else str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
