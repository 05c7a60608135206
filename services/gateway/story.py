"""What a person reads about a function and about their call: plain words, in the language of this request."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import groupby
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from services import moments
from services.gateway import acting, deadlines, mapping
from services.gateway.connectors.registry import answers_in_batches
from services.gateway.models import Attempt, ServiceCall, Settlement
from services.languages import current, pick
from services.registry.models import Backend, FunctionVersion, Maintenance, ServiceFunction

LONG_WAIT_MS = 3000  # from which on a person wants to know why it took so long
SOON = timedelta(minutes=1)
DATE = re.compile(r"\d{4}-\d\d-\d\d")
DATE_AND_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d")


@dataclass(frozen=True)
class Availability:
    """Whether a function can be done now. `closed` and `troubled` still accept: the call goes when the way is free."""

    code: str  # open, closed, troubled, suspended, not_yet, too_early, too_late
    message: str = ""
    opens_at: datetime | None = None
    deadline: deadlines.Deadline | None = None

    @property
    def is_accepting(self) -> bool:
        return self.code in {"open", "closed", "troubled"}


def availability(function: ServiceFunction, now: datetime | None = None) -> Availability:
    """Four queries at most beyond a function loaded with `with_content()` and its lane: two without filing periods."""
    now = now or timezone.now()
    version = function.published
    if version is None or function.state not in {"published", "suspended"}:
        return Availability("not_yet", _("This service is not open yet. Please look again later."))
    if function.state == "suspended":
        return Availability("suspended", _suspension(function))
    backend = version.backend
    if not backend.is_deliverable:
        return Availability(
            "not_yet",
            _("You cannot do this here yet: we are still connecting the department's system. "
              "Please use the department's own service for now."),
        )  # fmt: skip
    deadline = deadlines.effective(function, now, backend)
    if deadline and deadline.effective_at <= now:
        return Availability("too_late", deadlines.say_over(deadline), deadline=deadline)
    if deadline and deadline.opens_at > now:
        return Availability("too_early", deadlines.say_early(deadline), deadline.opens_at, deadline)
    return replace(_of_backend(backend, now), deadline=deadline)


def _of_backend(backend: Backend, now: datetime) -> Availability:
    opens = backend.opens_at(now)
    if opens > now:
        return Availability("closed", _closure(backend.maintenance(now), opens), opens)
    if hasattr(backend, "lane") and backend.lane.breaker(now) == "open":
        return Availability(
            "troubled",
            _("The department's system is not answering well right now. You can send your form: "
              "you get a receipt at once, and we deliver it as soon as we can."),
        )  # fmt: skip
    return Availability("open")


def _closure(maintenance: Maintenance | None, opens: datetime) -> str:
    if maintenance is None:
        return _(
            "The department's system is closed now. You can send your form: we keep it and deliver it on %(time)s."
        ) % {"time": moments.say(opens)}
    return _(
        "The department's system is closed for maintenance until %(until)s. You can send your form: we keep it and "
        "deliver it on %(time)s. The department says: %(reason)s"
    ) % {"until": moments.say(maintenance.ends_at), "time": moments.say(opens), "reason": maintenance.reason}


def _suspension(function: ServiceFunction) -> str:
    if function.suspended_until:
        return _("This service is paused until %(time)s. %(reason)s") % {
            "time": moments.say(function.suspended_until),
            "reason": function.suspended_reason,
        }
    return _("This service is paused. %(reason)s") % {"reason": function.suspended_reason}


@dataclass(frozen=True)
class Step:
    """One line of a timeline."""

    label: str
    at: datetime | None
    state: str  # done, missed (it is tried again), current, todo, problem
    detail: str = ""


def timeline(
    call: ServiceCall,
    attempts: Iterable[Attempt] | None = None,
    settlements: Iterable[Settlement] | None = None,
) -> list[Step]:
    """The whole story, oldest first, ending in what comes next. Three queries; two fewer if the rows are given."""
    attempts = list(call.attempts.all() if attempts is None else attempts)
    settlements = list(call.settlements.all() if settlements is None else settlements)
    steps = [Step(_("We received your form"), call.accepted_at, "done", acting.label(call.mandate))]
    taken = _taken(call, attempts)
    tries = [_tried(attempt) for attempt in attempts if attempt.outcome != "answered"]
    decided = [_decided(settlement) for settlement in settlements]
    progress = call.hook_events.filter(outcome="progress", words__isnull=False)
    told = [Step(pick(event.words), event.received_at, "done") for event in progress]
    between = sorted(
        (step for step in [*tries, *decided, *told, *taken] if step.at), key=lambda step: step.at or call.accepted_at
    )
    return [*steps, *_folded(between), *_ending(call, is_taken=bool(taken))]


def _taken(call: ServiceCall, attempts: Iterable[Attempt]) -> list[Step]:
    """That the department took the form, where its answer came or comes later; of a file, that it waits and leaves."""
    answered = [attempt for attempt in attempts if attempt.outcome == "answered"]
    if _waits_for_batch(call):
        return []
    if (call.answer or call.blanked_at) and call.status in {ServiceCall.Status.COMPLETED, ServiceCall.Status.REJECTED}:
        answered = answered[:-1]  # the last one is the answer itself
    is_batch = answers_in_batches(call.backend.connector)
    names = {"department": call.function.department.name}
    steps: dict[str, Step] = {}
    for attempt in answered:
        is_kept = is_batch and attempt.kind == Attempt.Kind.SEND
        said = _("We put it in the next batch for %(department)s") if is_kept else _("%(department)s has your form")
        steps.setdefault(said, Step(said % names, attempt.started_at, "done"))
    return list(steps.values())


def _folded(steps: list[Step]) -> list[Step]:
    """The same trouble many times over, as after a night of tries, is one line with the time of the last."""
    folded = []
    for _same, group in groupby(steps, key=lambda step: (step.label, step.detail or step.at)):
        alike = list(group)
        step = alike[-1]
        if len(alike) > 1:
            times = _("Tried %(count)s times.") % {"count": len(alike)}
            step = replace(step, detail=_space().join(filter(None, [times, step.detail])))
        folded.append(step)
    return folded


def _space() -> str:
    """Between two sentences; Chinese ones need none."""
    return " " if current() == "en" else ""


def _tried(attempt: Attempt) -> Step:
    label = {
        "busy": _("The department's system was busy"),
        "unreached": _("We could not reach the department's system"),
        "ambiguous": _("The department's system gave no clear answer"),
        "unknown_receipt": _("The department told us that your form had not arrived"),
        "unsendable": _("We could not put your form into the department's format"),
    }[attempt.outcome]
    detail = _("This is not your fault. You need to do nothing.")
    if attempt.outcome == "ambiguous" and attempt.duration_ms >= LONG_WAIT_MS:
        waited = ngettext("We waited %(count)s second.", "We waited %(count)s seconds.", attempt.duration_ms // 1000)
        detail = _space().join([waited % {"count": attempt.duration_ms // 1000}, detail])
    return Step(label, attempt.started_at, "missed", detail)


def _decided(settlement: Settlement) -> Step:
    said = {
        Settlement.Verb.RETRY.value: _("Our staff looked at it and sent it again"),
        Settlement.Verb.TAKEN_BACK.value: _("Our staff held it back before it was sent again"),
        Settlement.Verb.ARRIVED.value: _("Our staff checked with the department: it has your form"),
        Settlement.Verb.NOT_ARRIVED.value: _("Our staff checked with the department: it had not arrived, so we sent "
                                             "it again"),
    }.get(settlement.verb)  # fmt: skip
    if said:
        return Step(said, settlement.at, "done")
    return Step(_("Our staff looked at it and closed it"), settlement.at, "problem", settlement.reason)


def _ending(call: ServiceCall, *, is_taken: bool) -> list[Step]:
    department = call.function.department.name
    match call.status:
        case "completed" if not call.answer and not call.blanked_at:  # settled by our staff
            return [Step(_("%(department)s has your form") % {"department": department}, call.finished_at, "done")]
        case "completed":
            return [Step(_("%(department)s answered") % {"department": department}, call.finished_at, "done")]
        case "rejected":
            return [Step(_("%(department)s said no") % {"department": department}, call.finished_at, "problem")]
        case "failed":
            return [Step(_("We could not deliver your form"), call.finished_at, "problem", status_message(call))]
        case "withdrawn":
            return [Step(_("You took it back"), call.finished_at, "done", status_message(call))]
        case "waiting" if is_taken:
            return [Step(_("The answer"), None, "current", status_message(call))]
        case "waiting" if call.trouble != "batch":
            return [Step(_("%(department)s has your form") % {"department": department}, None, "current")]
    on_its_way = _("On its way to %(department)s")
    if _waits_for_batch(call):
        on_its_way = _("Waiting for the next batch to %(department)s")
    elif call.status == ServiceCall.Status.IN_DOUBT:
        on_its_way = _("We are asking %(department)s whether your form arrived")
    return [
        Step(
            on_its_way % {"department": department},
            None,
            "current",
            status_message(call),
        ),
        Step(_("The answer"), None, "todo"),
    ]


def _waits_for_batch(call: ServiceCall) -> bool:
    return call.status == ServiceCall.Status.WAITING and call.trouble == "batch"


def status_message(call: ServiceCall) -> str:
    """One or two sentences: what is happening, and whether the person has to do anything."""
    if call.blanked_at:
        return _(
            "The answer was deleted on %(date)s, as promised. Your receipt still proves when you sent your form."
        ) % {"date": moments.say(call.blanked_at)}
    if call.status == ServiceCall.Status.IN_DOUBT:
        return _("We are asking the department whether your form arrived, so that it is not filed twice. "
                 "You need to do nothing.")  # fmt: skip
    if call.status == ServiceCall.Status.FAILED:
        if call.closed_at:
            return _("This form was not filed. Please send it again, or ask the department. Your receipt proves when "
                     "you sent it.")  # fmt: skip
        return _("Our staff have been told and will look at it. Your receipt proves when you sent it. "
                 "You need to do nothing.")  # fmt: skip
    if call.status == ServiceCall.Status.WITHDRAWN:
        return _("You took this form back before it left. The department has received nothing.")
    if call.status == ServiceCall.Status.COMPLETED:
        return _("Our staff checked with the department: it has your form. If it writes to you, it does so itself. "
                 "You need to do nothing.")  # fmt: skip
    if call.status == ServiceCall.Status.WAITING:
        return _while_waiting(call)
    if call.status == ServiceCall.Status.ACCEPTED and call.trouble:
        return _when_again(call, timezone.now())
    return _("The answer usually comes within a moment.")


def _when_again(call: ServiceCall, now: datetime) -> str:
    """Of a call that could not leave yet: what for, and until when, it waits."""
    times = {"time": moments.say(call.due_at)}
    if call.trouble == "closed" and call.due_at > now:
        return _("The department's system is closed now. We deliver your form on %(time)s.") % times
    if call.due_at > now + SOON:
        again = _("The department is taking longer than usual. We try again on %(time)s: you may leave this page.")
        return again % times
    return _("The department is taking longer than usual. We keep trying: you may leave this page.")


def _while_waiting(call: ServiceCall) -> str:
    """With us until its batch leaves, with the department after that."""
    time, is_to_come = moments.say(call.due_at), call.due_at > timezone.now()
    if call.trouble == "batch" and is_to_come:
        return _("Your form leaves with the department's next batch on %(time)s. Until then you can take it back.") % {
            "time": time
        }
    if call.trouble == "batch":
        return _("Your form is leaving with the department's batch. You may leave this page.")
    if is_to_come:
        return _("The department has your form. Its answer usually comes by %(time)s. We will show it here.") % {
            "time": time
        }
    return _("The department will answer later. We will show the answer here.")


@dataclass(frozen=True)
class AnswerItem:
    """One value of an answer, ready to be read."""

    label: str
    value: str


@dataclass(frozen=True)
class Answer:
    """The department's answer in the person's words."""

    outcome: str  # completed or rejected
    title: str
    message: str
    items: list[AnswerItem] = field(default_factory=list)


def answer(call: ServiceCall) -> Answer | None:
    """The answer, by the rules of the version that the call was made with; None while there is none."""
    if not call.answer:
        return None
    return answer_from(call.version, call.answer)


def answer_from(version: FunctionVersion, kept: dict[str, Any]) -> Answer:
    """The citizen's words for a reading kept as {"rule", "values"}."""
    if kept["rule"] == mapping.NO_RULE:
        return _refused_without_rule(kept["values"])
    rule, values = version.answer_map[kept["rule"]], kept["values"]
    kinds = {item["value"]: item.get("kind", "text") for item in rule.get("items", [])}
    words = {
        name: _say(value, kinds.get(name, "text")) for name, value in values.items() if not isinstance(value, list)
    }
    items = []
    for item in rule.get("items", []):
        value = values.get(item["value"])
        if isinstance(value, list):
            items += [_recorded(record, item.get("words", {})) for record in value]
        elif value not in (None, ""):
            items.append(AnswerItem(pick(item["label"]), words[item["value"]]))
    title, message = (_fill(pick(rule.get(part, {})), words) for part in ("title", "message"))
    return Answer(rule["outcome"], title, message, items)


def _refused_without_rule(values: dict[str, Any]) -> Answer:
    """A refusal that the backend's settings, not the version's map, understood."""
    reason = values.get("reason")
    return Answer(
        "rejected",
        _("The department did not accept your form"),
        _("Nothing was filed. Please check what you wrote and send it again, or ask the department."),
        [AnswerItem(_("What the department wrote"), str(reason))] if reason else [],
    )


def _recorded(record: dict[str, Any], words: dict[str, dict[str, str]]) -> AnswerItem:
    """A title and value of the department's; `words` of the item gives what it says in other languages."""
    title, value = str(record["title"]), str(_say(record["value"], "text"))
    said = pick(words[value]) if value in words else _say_moment(value)
    return AnswerItem(pick(words[title]) if title in words else title, said)


def _say_moment(text: str) -> str:
    """`2027-03-02` and `2027-03-02 14:30` as everywhere else; any other text as it is."""
    try:
        if DATE.fullmatch(text):
            return moments.say_date(date.fromisoformat(text))
        if DATE_AND_TIME.fullmatch(text):
            return moments.say(datetime.fromisoformat(text).replace(tzinfo=moments.HONG_KONG))
    except ValueError:
        pass
    return text


def _fill(text: str, words: dict[str, str]) -> str:
    for (
        name,
        word,
    ) in words.items():  # not str.format: values are the department's, and braces in them stay braces
        text = text.replace(f"{{{name}}}", word)
    return text


def _say(value: Any, kind: str) -> str:
    if kind == "date" and isinstance(value, str):
        try:
            return moments.say_date(date.fromisoformat(value[:10]))
        except ValueError:
            return value
    if kind == "money":
        try:
            return moments.say_money(Decimal(str(value)))
        except InvalidOperation:
            return str(value)
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return str(value)
