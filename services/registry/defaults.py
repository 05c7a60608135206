"""The mappings that a new function begins with: our own wire contract, in REST, SOAP, fixed-width records and files.

The answer rules are the same for all protocols; only the place of each fact differs, and FACTS says where
it is. services/gateway/mapping.py explains the language.
"""

from collections.abc import Collection, Mapping
from typing import Any

from services.forms.kinds import kind_of
from services.registry.answer_words import (
    ARRIVED,
    BOOKED,
    FOUND,
    LABELS,
    LATER,
    NOTHING_FOUND,
    PAID,
    RECORDS,
    REFUSED,
    Words,
)

Json = dict[str, Any]


def _record(number: int) -> str:
    """A record of an answer that has columns for several."""
    return f"{{title: body.RECORD_{number}_TITLE, value: body.RECORD_{number}_VALUE}}"


FACTS: dict[str, dict[str, str]] = {  # fact -> where each protocol's answer has it, in JMESPath
    "outcome": {
        "rest": "body.outcome",
        "soap": "body.Outcome",
        "fixed-width": "body.outcome",
        "sftp-batch": "body.OUTCOME",
    },
    "number": {
        "rest": "body.caseNo",
        "soap": "body.CaseNo",
        "fixed-width": "body.case_number",
        "sftp-batch": "body.CASE_NO",
    },
    "reply_by": {
        "rest": "body.replyBy",
        "soap": "body.ReplyBy",
        "fixed-width": "body.reply_by",
        "sftp-batch": "body.REPLY_BY",
    },
    "amount": {"rest": "body.amount", "soap": "body.Amount", "fixed-width": "body.amount", "sftp-batch": "body.AMOUNT"},
    "paid_on": {
        "rest": "body.paidAt",
        "soap": "body.PaidAt",
        "fixed-width": "body.paid_at",
        "sftp-batch": "body.PAID_AT",
    },
    "date": {"rest": "body.date", "soap": "body.Date", "fixed-width": "body.date", "sftp-batch": "body.DATE"},
    "time": {"rest": "body.time", "soap": "body.Time", "fixed-width": "body.time", "sftp-batch": "body.TIME"},
    "place": {"rest": "body.place", "soap": "body.Place", "fixed-width": "body.place", "sftp-batch": "body.PLACE"},
    "records": {
        "rest": "body.records[].{title: title, value: value}",
        "soap": "body.Records.Record[].{title: Title, value: Value}",
        "fixed-width": "body.records[].{title: title, value: value}",
        "sftp-batch": f"[{', '.join(_record(number) for number in range(1, 5))}][?title]",
    },
    "refused": {  # a SOAP refusal comes as a fault when sent, as elements when looked up
        "rest": "body.outcome=='REFUSED'",
        "soap": "(fault && ends_with(fault.code, 'Client') && fault.detail.Refusal) || body.RefusalCode",
        "fixed-width": "body.outcome=='REFUSED'",
        "sftp-batch": "body.OUTCOME=='REFUSED'",
    },
    "reason_code": {
        "rest": "body.reasonCode",
        "soap": "(fault.detail.Refusal.ReasonCode || body.RefusalCode)",
        "fixed-width": "body.reason_code",
        "sftp-batch": "body.REASON_CODE",
    },
    "reason": {
        "rest": "body.reason",
        "soap": "fault.detail.Refusal.Reason || body.RefusalReason",
        "fixed-width": "body.reason",
        "sftp-batch": "body.REASON",
    },
    "busy": {  # a file is never busy
        "rest": "status==`429` || status==`503`",
        "soap": "status==`429` || status==`503` || (fault && ends_with(fault.code, 'Server.Busy'))",
        "fixed-width": "status==`90`",
    },
}
TRANSACTIONS = {  # of the fixed-width wire: four letters for each action
    "apply": "APPL", "renew": "RENW", "register": "REGI", "pay": "PAYM", "book": "BOOK", "enquire": "ENQY",
    "report": "REPT", "declare": "DECL", "appeal": "APEA",
}  # fmt: skip
RECORD_COLUMNS = ("name_en", "name_zh", "hkid", "phone", "email", "address")  # of the profile, in the general record
KINDS = {"reply_by": "date", "paid_on": "date", "date": "date", "amount": "money", "records": "records"}

# Action -> the outcome it ends with, its words, the label of its number, and the other facts shown.
_DONE: dict[str, tuple[str, Words, str, tuple[str, ...]]] = {
    "pay": ("PAID", PAID, "payment_number", ("amount", "paid_on")),
    "book": ("BOOKED", BOOKED, "booking_number", ("date", "time", "place")),
    "enquire": ("FOUND", FOUND, "case_number", ("records",)),
}


def answer_map(connector: str, action: str) -> list[Json]:
    """Rules for every answer of the contract; empty while no connector speaks the protocol."""
    if connector not in FACTS["outcome"]:
        return []
    arrived = ARRIVED.get(action, ARRIVED["apply"])
    rules = [{"when": FACTS["busy"][connector], "outcome": "retry"}] if connector in FACTS["busy"] else []
    if action in _DONE:
        outcome, words, number, facts = _DONE[action]
        if action == "enquire":
            nothing = f"{_said(connector, outcome)} && !({FACTS['records'][connector]})"
            rules.append(_rule(connector, nothing, "completed", NOTHING_FOUND, {}))
        rules.append(_done(connector, outcome, words, number, facts))
    rules.append(_done(connector, "ACCEPTED", arrived, "case_number", ("reply_by",)))
    for code, words in REFUSED.items():
        when = FACTS["refused"][connector]
        if code:
            when = f"({when}) && {FACTS['reason_code'][connector]}=='{code}'"
        rules.append(_rule(connector, when, "rejected", words, {"reason": "reason"}))
    if connector == "rest":  # of our contracts the only one with answers that come by webhook
        rules.append(_rule(connector, _said(connector, "QUEUED"), "waiting", LATER, {}))
    return rules


def _said(connector: str, outcome: str) -> str:
    return f"{FACTS['outcome'][connector]}=='{outcome}'"


def _done(connector: str, outcome: str, words: Words, number: str, facts: tuple[str, ...]) -> Json:
    shown = {number: "number", **{fact: fact for fact in facts}}
    if "records" in facts:  # what was asked for stands first
        shown = {fact: fact for fact in facts} | shown
    return _rule(connector, _said(connector, outcome), "completed", words, shown)


def _rule(connector: str, when: str, outcome: str, words: Words, shown: Mapping[str, str]) -> Json:
    return {
        "when": when,
        "outcome": outcome,
        "values": {name: FACTS[fact][connector] for name, fact in shown.items()},
        "title": words.title,
        "message": words.message,
        "items": [_item_shown(name) for name in shown],
    }


def _item_shown(name: str) -> Json:
    shown: Json = {"label": LABELS[name], "value": name, "kind": KINDS.get(name, "text")}
    return {**shown, "words": RECORDS} if name == "records" else shown


def request_map(connector: str, function_code: str, action: str, form: Json, *, own: Collection[str] = ()) -> Json:
    """How the form travels. What the profile fills goes under the applicant, unless it is named in `own`."""
    build = {
        "rest": _rest_request, "soap": _soap_request, "fixed-width": _record_request, "sftp-batch": _csv_request
    }.get(connector)  # fmt: skip
    if build is None:
        return {}
    properties: dict[str, Json] = form.get("properties", {})
    applicant = {name for name, made in properties.items() if made.get("x-profile") and name not in own}
    return build(
        function_code,
        action,
        {name: made for name, made in properties.items() if name in applicant},
        {name: made for name, made in properties.items() if name not in applicant},
        required=set(form.get("required", [])) - applicant,
    )


def _rest_request(
    function_code: str,
    action: str,
    applicant: Mapping[str, Json],
    details: Mapping[str, Json],
    *,
    required: set[str],
) -> Json:
    body: Json = {
        "receiptNo": "=receipt",
        "serviceCode": "=function",
        "submittedAt": "=submitted_at",
        "actor": "=actor",  # who acted, and for whom; nothing where a person acted for themselves
        "signature": "=signature",  # who signed it, and the proof; nothing where none is asked for
        "applicant": {lower_camel(made["x-profile"]): f"=form.{name}" for name, made in applicant.items()},
        "details": {lower_camel(name): f"=form.{name}" for name in details},
    }
    if _has_files(details):
        body["attachments"] = "=files"
    return {"method": "POST", "path": f"v1/{function_code}", "body": body}


def _soap_request(
    function_code: str,
    action: str,
    applicant: Mapping[str, Json],
    details: Mapping[str, Json],
    *,
    required: set[str],
) -> Json:
    person = [_item(pascal(made["x-profile"]), name, made, needed=False) for name, made in applicant.items()]
    fields = [_item(pascal(name), name, made, needed=name in required) for name, made in details.items()]
    if _has_files(details):
        fields.append({"Name": "Attachments", "Value": "=to_string(files)"})
    fields.append("=signature.{Name: 'Signature', Value: to_string(jws)}")  # nothing where none is asked for
    body: Json = {"ReceiptNo": "=receipt", "ServiceCode": "=function", "SubmittedAt": "=submitted_at"}
    if person:
        body["Applicant"] = {"Item": person}
    return {"operation": action.capitalize(), "body": {**body, "Fields": {"Item": fields}}}


def _csv_request(
    function_code: str,
    action: str,
    applicant: Mapping[str, Json],
    details: Mapping[str, Json],
    *,
    required: set[str],
) -> Json:
    record = {"RECEIPT_NO": "=receipt", "SERVICE_CODE": "=function", "SUBMITTED_AT": "=submitted_at"}
    record |= {f"APPLICANT_{made['x-profile'].upper()}": _cell(name, made) for name, made in applicant.items()}
    record |= {name.upper(): _cell(name, made) for name, made in details.items()}
    if _has_files(details):
        record["ATTACHMENTS"] = "=to_string(files)"
    return {"record": record}


def _cell(name: str, made: Json) -> str:
    """The field's value in one cell; null, and so an empty one, where there is none."""
    value = f"form.{name}"
    return f"={value} && {_in_a_line(value)}" if made.get("type") == "object" else f"={value}"


def _in_a_line(value: str) -> str:
    """An address as one text."""
    return f"join(', ', [{value}.line_1, {value}.line_2, {value}.district][?@])"


def _item(wire_name: str, name: str, made: Json, *, needed: bool) -> Json | str:
    """A pair of texts; one that may be empty is left out as a whole, because the WSDL wants both."""
    value = _as_text(name, made)
    if needed:
        return {"Name": wire_name, "Value": f"={value}"}
    return f"=(form.{name} && {{Name: '{wire_name}', Value: {value}}}) || `null`"


def _record_request(
    function_code: str,
    action: str,
    applicant: Mapping[str, Json],
    details: Mapping[str, Json],
    *,
    required: set[str],
) -> Json:
    """The general record of catalogue/records.json: who applies in fields of their own, all else by name."""
    columns: dict[str, str] = {}
    for name, made in applicant.items():
        if made["x-profile"] in RECORD_COLUMNS:
            columns.setdefault(made["x-profile"], name)
    others = {name: made for name, made in {**details, **applicant}.items() if name not in columns.values()}
    record: Json = {
        "receipt": "=receipt",
        "service_code": "=function",
        "submitted_at": "=submitted_at",
        "language": "=language",
        **{column: f"={_as_text(name, applicant[name])}" for column, name in columns.items()},
        "details": [_slot(name, made, needed=name in required) for name, made in others.items() if not _is_long(made)],
    }
    if remarks := [_slot(name, made, needed=False) for name, made in others.items() if _is_long(made)]:
        record["remarks"] = remarks
    request: Json = {"transaction": TRANSACTIONS[action], "record": record}
    return {**request, "attach": "=files"} if _has_files(others) else request


def _slot(name: str, made: Json, *, needed: bool) -> Json | str:
    if needed:
        return {"name": lower_camel(name), "value": f"={_as_text(name, made)}"}
    return f"=(form.{name} && {{name: '{lower_camel(name)}', value: {_as_text(name, made)}}}) || `null`"


def _as_text(name: str, made: Json) -> str:
    """An expression for a field's value as one line of text."""
    value = f"form.{name}"
    if made.get("type") == "object":
        return f"join(', ', [{value}.line_1, {value}.line_2, {value}.district][?@])"
    return value if made.get("type") == "string" else f"to_string({value})"


def _is_long(made: Json) -> bool:
    return kind_of(made) == "longtext"


def _has_files(details: Mapping[str, Json]) -> bool:
    return any(made.get("format") == "file-id" for made in details.values())


def lower_camel(name: str) -> str:
    """`preferred_date` -> `preferredDate`."""
    return name[:1] + pascal(name)[1:]


def pascal(name: str) -> str:
    """`preferred_date` -> `PreferredDate`."""
    return "".join(word.capitalize() for word in name.split("_"))
