"""Whether a person may still take a call back: only while it has surely not left."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from services.gateway.connectors.base import Outcome
from services.gateway.connectors.registry import answers_in_batches
from services.gateway.models import Attempt, BatchRecord, ServiceCall

MAY_HAVE_ARRIVED = (Outcome.AMBIGUOUS, Outcome.ANSWERED)  # of a delivery: what leaves no certainty that nothing arrived


def obstacle(call: ServiceCall, attempts: Iterable[Attempt] | None = None) -> str:
    """Why it cannot be taken back, as a stable code; empty if it can. For a page: only the flow decides.

    One query, or none if the attempts are given; one more for a call that waits for the next file of a batch.
    """
    if call.status == ServiceCall.Status.ACCEPTED:
        tried = call.attempts.all() if attempts is None else attempts
        if not any(may_have_arrived(attempt) for attempt in tried):
            return ""
    if needs_taking_out(call) and BatchRecord.objects.filter(call=call, batch=None).exists():
        return ""
    return _CODES.get(call.status, "may_have_arrived")


def may_have_arrived(attempt: Attempt) -> bool:
    """Whether this delivery left anything at the department's, for all that we know."""
    return attempt.kind == Attempt.Kind.SEND and attempt.outcome in MAY_HAVE_ARRIVED


def needs_taking_out(call: ServiceCall) -> bool:
    """Whether it lies in a file of ours that leaves later."""
    is_kept = call.status in {ServiceCall.Status.ACCEPTED, ServiceCall.Status.WAITING}
    return is_kept and answers_in_batches(call.backend.connector)


_CODES = {
    ServiceCall.Status.DELIVERING.value: "on_its_way",
    ServiceCall.Status.WAITING.value: "arrived",
    ServiceCall.Status.COMPLETED.value: "answered",
    ServiceCall.Status.REJECTED.value: "answered",
    ServiceCall.Status.FAILED.value: "over",
    ServiceCall.Status.WITHDRAWN.value: "over",
}


def reason(code: str) -> str:
    """The obstacle in words for the person, with the next step."""
    return {
        "on_its_way": _("It is on its way to the department at this very moment, so it cannot be taken back. "
                        "The answer will be on your receipt in a moment."),
        "may_have_arrived": _("It may have reached the department already, so it cannot be taken back here. "
                              "Please wait for the answer, or ask the department."),
        "arrived": _("The department has it already. Please ask the department if you have changed your mind."),
        "answered": _("The department has answered already. Please ask the department if you have changed your mind."),
        "over": _("This form is not on its way any more, so there is nothing to take back."),
    }[code]  # fmt: skip
