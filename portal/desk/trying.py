"""Trying a version against its backend from the desk: the real exchange, shown and explained, stored nowhere."""

import copy
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.dom import minidom
from xml.parsers.expat import ExpatError

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from identity.accounts.models import User
from portal.desk import samples
from services.forms.validation import validate
from services.gateway import mapping, receipts, story
from services.gateway.connectors.base import Delivery, Outcome
from services.gateway.connectors.registry import connectors
from services.gateway.models import ServiceCall
from services.languages import CODES
from services.registry import record
from services.registry.models import FunctionVersion

LONGEST_SECONDS = 10.0
SHOWN_CHARACTERS = 20_000


@dataclass(frozen=True)
class Tried:
    """All there is to see of one try."""

    outcome: str
    heading: str
    explanation: str
    tone: str  # success, waiting, error
    detail: str
    milliseconds: int
    receipt: str
    request: str
    address: str
    status: int | None
    answer: str
    citizen: list[tuple[str, story.Answer]] = field(default_factory=list)  # by language code


def send(version: FunctionVersion, data: Mapping[str, Any], *, by: User) -> Tried:
    """Send now, in this request. Raises forms.errors.Invalid; writes one line into the function's history."""
    clean = validate(version.form, dict(data), profile=samples.profile(), files=samples.FILES)
    receipt = f"TRY-{receipts.new().removeprefix('FRY-')}"
    delivery = _delivery(version, clean, receipt)
    clock = time.monotonic()
    try:
        outcome = connectors[version.backend.connector].send(delivery)
    except Exception as error:  # shown to the officer, whatever a mapping by hand has brought about
        outcome = Outcome(Outcome.UNSENDABLE, detail=f"{type(error).__name__}: {error}"[:300])
    milliseconds = int((time.monotonic() - clock) * 1000)
    record.of_version("tried", version, by=by, receipt=receipt, outcome=outcome.kind, milliseconds=milliseconds)
    return _told(version, outcome, receipt, milliseconds)


def _delivery(version: FunctionVersion, clean: dict[str, Any], receipt: str) -> Delivery:
    backend = copy.copy(version.backend)
    backend.timeout_seconds = min(backend.timeout_seconds, LONGEST_SECONDS)
    backend.connect_timeout_seconds = min(backend.connect_timeout_seconds, LONGEST_SECONDS)
    backend.read_timeout_seconds = min(backend.read_timeout_seconds, LONGEST_SECONDS)
    named = {value for value in clean.values() if isinstance(value, str)}
    return Delivery(
        backend=backend,
        receipt=receipt,
        function=version.function.code,
        request_map=version.request_map,
        answer_map=version.answer_map,
        context={
            "form": clean,
            "files": {key: about for key, about in samples.FILES.items() if key in named},
            "receipt": receipt,
            "function": version.function.code,
            "submitted_at": timezone.localtime().isoformat(timespec="seconds"),
            "language": translation.get_language() or "en",
            "actor": None,
            "signature": None,
        },
    )


def _told(version: FunctionVersion, outcome: Outcome, receipt: str, milliseconds: int) -> Tried:
    exchange = outcome.exchange
    heading, explanation, tone = _explained(outcome)
    return Tried(
        outcome=outcome.kind,
        heading=heading,
        explanation=explanation,
        tone=tone,
        detail=outcome.detail,
        milliseconds=milliseconds,
        receipt=receipt,
        request=readable(exchange.get("sent", "")),
        address=f"{exchange['method']} {exchange['url']}" if exchange else "",
        status=exchange.get("status"),
        answer=readable(exchange.get("received", "")),
        citizen=_citizen_reads(version, outcome),
    )


def _explained(outcome: Outcome) -> tuple[str, str, str]:
    """Heading, explanation and tone."""
    if outcome.kind == Outcome.ANSWERED and outcome.reading is not None:
        rule = _("Rule %(number)s of the answer mapping understood the answer.") % {"number": outcome.reading.rule + 1}
        if outcome.reading.rule < 0:  # a batch: nobody has answered yet
            rule = _("A citizen's form would leave with the next batch, as it stands below. This try leaves with none.")
        if outcome.reading.rule == mapping.NO_RULE:
            rule = _("The table of faults in the backend's settings understood the answer.")
        return {
            "completed": (_("It works: the department said yes"), rule, "success"),
            "rejected": (_("It works: the department said no"), rule, "waiting"),
            "waiting": (_("It works: the department will answer later"), rule, "success"),
        }[outcome.reading.outcome]
    if outcome.kind == Outcome.BUSY:
        return (
            _("The department's system is busy"),
            _("It asked us to come again. A citizen's call would be sent again by itself."),
            "waiting",
        )
    if outcome.kind == Outcome.UNREACHED:
        return (
            _("The department's system could not be reached"),
            _("Nothing arrived there. It may be switched off, or its address may be wrong: ask operations to look."),
            "error",
        )
    if outcome.kind == Outcome.UNSENDABLE:
        return (
            _("The request could not be built"),
            _("Nothing was sent. Put the request mapping right; the technical reason below says where."),
            "error",
        )
    return _explained_doubt(outcome)


def _explained_doubt(outcome: Outcome) -> tuple[str, str, str]:
    """What came back, if anything, was no answer that the mapping understands."""
    received = str(outcome.exchange.get("received", ""))
    heading = _("The answer was not understood")
    if "status" not in outcome.exchange:
        why = _("No answer came in time, or the line was cut. Whether the request arrived is not known.")
        return _("No answer came"), why, "error"
    if not received.strip():
        return heading, _("The answer is empty."), "error"
    if _is_html(received):
        why = _("The system sent a web page instead of data: often a log-in page or an error page.")
    elif ":Fault" in received or "<Fault" in received:
        why = _("The system sent a SOAP fault, and no rule of the answer mapping is about it.")
    elif "no JSON" in outcome.detail:
        why = _("What came back is no JSON.")
    else:
        why = _("No rule of the answer mapping fits this answer. Compare it with the “when” of each rule.")
    return heading, why, "error"


def _is_html(text: str) -> bool:
    return text.lstrip()[:200].lower().startswith(("<!doctype html", "<html"))


def _citizen_reads(version: FunctionVersion, outcome: Outcome) -> list[tuple[str, story.Answer]]:
    return [(code, _in_language(version, outcome, code)) for code in CODES]


def _in_language(version: FunctionVersion, outcome: Outcome, code: str) -> story.Answer:
    with translation.override(code):
        reading = outcome.reading
        if outcome.kind == Outcome.ANSWERED and reading is not None and reading.outcome != "waiting":
            return story.answer_from(version, {"rule": reading.rule, "values": reading.values})
        status = _status(version, outcome)
        call = ServiceCall(status=status, trouble="" if status == "waiting" else outcome.kind)
        return story.Answer(status, str(ServiceCall.Status(status).label), story.status_message(call))


def _status(version: FunctionVersion, outcome: Outcome) -> str:
    """Where a citizen's call would stand after such an exchange."""
    if outcome.kind == Outcome.ANSWERED:
        return "waiting"
    if outcome.kind == Outcome.UNSENDABLE:
        return "failed"
    return "in_doubt" if outcome.kind == Outcome.AMBIGUOUS and not version.backend.is_idempotent else "accepted"


def readable(text: str) -> str:
    """JSON and XML indented; anything else as it is. Long texts end where they are cut."""
    if len(text) > SHOWN_CHARACTERS:
        return text[:SHOWN_CHARACTERS] + "\n…"
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        pass
    if text.lstrip().startswith("<") and not _is_html(text) and "<!" not in text:  # no DTD, so no entities
        try:
            lines = minidom.parseString(text.encode()).toprettyxml(indent="  ").splitlines()  # noqa: S318
            return "\n".join(line for line in lines if line.strip())
        except (ExpatError, ValueError):
            pass
    return text
