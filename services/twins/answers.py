"""What a department would say to a submission: one believable answer per action, the same for every protocol.

An answer is a JSON object with the names of the REST wire; SOAP renders the same object as elements.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation

from services.twins.catalogue import Backend, Field, Function

Answer = dict[str, object]

HONG_KONG = timezone(timedelta(hours=8), "HKT")  # no summer time since 1979
SESSION_TIMES = {"morning": "09:30", "afternoon": "14:30", "evening": "18:30"}
BOOKING_DATE_FIELDS = ("preferredDate", "date")
NO_RECORD_PREFIX = "VOID"
LARGEST_PAYMENT = Decimal(10) ** 9


@dataclass(frozen=True)
class Submission:
    """One application as it reached a department; `function` is None if the department does not know it."""

    backend: Backend
    receipt: str
    function: Function | None
    action: str
    details: Mapping[str, object]
    received_at: datetime

    def number(self, purpose: str, below: int) -> int:
        """A number that is always the same for the same function, details and purpose."""
        code = self.function.code if self.function else ""
        facts = json.dumps([purpose, code, self.details], sort_keys=True, default=str)
        return int.from_bytes(hashlib.sha256(facts.encode()).digest()[:8]) % below

    def text(self, name: str) -> str:
        """A detail as text, or nothing where it is absent or not text."""
        value = self.details.get(name)
        return value.strip() if isinstance(value, str) else ""


def answer_to(submission: Submission) -> Answer:
    """The department's answer; its `outcome` is REFUSED if a field is missing or nothing is on record."""
    refusal = refusal_of(submission)
    if refusal is not None:
        return {"outcome": "REFUSED", "receiptNo": submission.receipt, **refusal}
    outcome, say = ACTIONS.get(submission.action, ACTIONS["apply"])
    return {
        "outcome": outcome,
        "receiptNo": submission.receipt,
        "caseNo": case_number(submission),
        **say(submission),
    }


def refusal_of(submission: Submission) -> Answer | None:
    for field in submission.function.fields if submission.function else ():
        if field.is_required and not is_present(field, submission.details):
            return {
                "reasonCode": "MISSING_FIELD",
                "field": field.name,
                "reason": f"{field.name} is required.",
            }
    for name, value in submission.details.items():
        if any(text.startswith(NO_RECORD_PREFIX) for text in texts_in(value)):
            return {
                "reasonCode": "NOT_ON_RECORD",
                "field": name,
                "reason": f"We have no record that matches {name}.",
            }
    return None


def is_present(field: Field, details: Mapping[str, object]) -> bool:
    """Whether the field has a value; an address may also come in parts (`address.line1`, `addressLine1`)."""
    if has_value(details.get(field.name)):
        return True
    parts = (field.name + ".", field.name + "Line1") if field.type == "address" else (field.name + ".",)
    return any(name.startswith(parts) and has_value(value) for name, value in details.items())


def has_value(value: object) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    return value is not None and value != {} and value != []


def texts_in(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from texts_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts_in(part)


def case_number(submission: Submission) -> str:
    department = submission.backend.department.code
    digest = hashlib.sha256(f"{department} {submission.receipt}".encode()).digest()
    number = int.from_bytes(digest[:8]) % 10_000_000
    return f"{department.upper()}-{submission.received_at.year}-{number:07d}"


def accepted(submission: Submission) -> Answer:
    """Promises a reply within two to four weeks, never at a weekend."""
    reply_by = submission.received_at.date() + timedelta(days=14 + submission.number("reply", 15))
    days_to_monday = 7 - reply_by.weekday()
    if days_to_monday <= 2:
        reply_by += timedelta(days=days_to_monday)
    return {"replyBy": reply_by.isoformat()}


def paid(submission: Submission) -> Answer:
    return {
        "amount": f"{amount_of(submission):.2f}",
        "paidAt": submission.received_at.isoformat(timespec="seconds"),
    }


def amount_of(submission: Submission) -> Decimal:
    """What the person said to pay, else the function's fee, else some amount between HK$100 and HK$2,100."""
    fee = submission.function.fee if submission.function else ""
    for text in (str(submission.details.get("amount", "")), fee):
        try:
            amount = Decimal(text)
            if amount.is_finite() and 0 < amount < LARGEST_PAYMENT:
                return amount.quantize(Decimal("0.01"))
        except InvalidOperation:
            continue
    return Decimal(100 + submission.number("amount", 2000))


def booked(submission: Submission) -> Answer:
    hour = 9 + submission.number("hour", 8)
    office = next((text for name in ("office", "venue", "hall") if (text := submission.text(name))), "Main Office")
    return {
        "date": booked_date(submission).isoformat(),
        "time": SESSION_TIMES.get(submission.text("session"), f"{hour:02d}:15"),
        "place": f"{submission.backend.department.name}, {office}",
    }


def booked_date(submission: Submission) -> date:
    for name in BOOKING_DATE_FIELDS:
        try:
            return date.fromisoformat(submission.text(name)[:10])
        except ValueError:
            continue
    return submission.received_at.date() + timedelta(days=7)


def found(submission: Submission) -> Answer:
    name = submission.function.name if submission.function else ""
    describe = next((describe for pattern, describe in RECORDS if pattern.search(name)), general_records)
    records = describe(submission)
    return {"records": [{"title": title, "value": value} for title, value in records.items()]}


def application_records(submission: Submission) -> dict[str, str]:
    states = ("Received", "Being examined", "Waiting for a document from you", "Approved")
    updated = submission.received_at.date() - timedelta(days=submission.number("updated", 20))
    return {
        "Status": states[submission.number("state", len(states))],
        "Last updated": updated.isoformat(),
        "Answer expected by": (updated + timedelta(days=28)).isoformat(),
    }


def register_records(submission: Submission) -> dict[str, str]:
    states = ("In force", "In force, with conditions", "Renewal under way")
    expiry = submission.received_at.date() + timedelta(days=30 + submission.number("expiry", 1000))
    return {
        "Entry number": entry_number(submission),
        "Status": states[submission.number("state", len(states))],
        "Valid until": expiry.isoformat(),
    }


def waiting_records(submission: Submission) -> dict[str, str]:
    return {
        "Minutes to wait": str(5 + submission.number("wait", 90)),
        "People waiting": str(submission.number("people", 60)),
        "As of": submission.received_at.strftime("%Y-%m-%d %H:%M"),
    }


def money_records(submission: Submission) -> dict[str, str]:
    return {
        "Amount": f"HK${100 + submission.number('amount', 9000):,}.00",
        "As of": submission.received_at.date().isoformat(),
    }


def general_records(submission: Submission) -> dict[str, str]:
    return {
        "Record number": entry_number(submission),
        "Status": ("On record", "On record, nothing due")[submission.number("state", 2)],
        "As of": submission.received_at.date().isoformat(),
    }


def entry_number(submission: Submission) -> str:
    return f"{submission.backend.department.code.upper()}{submission.number('entry', 1_000_000):06d}"


RECORDS: tuple[tuple[re.Pattern[str], Callable[[Submission], dict[str, str]]], ...] = (
    (re.compile(r"application for|status of", re.IGNORECASE), application_records),
    (re.compile(r"\bregister\b|licensed|registration\b", re.IGNORECASE), register_records),
    (re.compile(r"waiting|queue", re.IGNORECASE), waiting_records),
    (re.compile(r"fee|price|estimate|calculate|balance|bill|value|allowance", re.IGNORECASE), money_records),
)
ACTIONS: dict[str, tuple[str, Callable[[Submission], Answer]]] = {
    "apply": ("ACCEPTED", accepted),
    "pay": ("PAID", paid),
    "book": ("BOOKED", booked),
    "enquire": ("FOUND", found),
}
