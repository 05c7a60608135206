"""What the API sends, described for the OpenAPI document and built from the rows."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request

from services import languages
from services.gateway import acting, deadlines, story
from services.gateway.models import ServiceCall
from services.registry.models import FunctionVersion, ServiceFunction

LANGUAGES = [(code, code) for code in languages.CODES]
MAX_PAGE = 1000
MAX_PAGE_SIZE = 100


class PageQuery(serializers.Serializer[Any]):
    """A page of a list."""

    page = serializers.IntegerField(min_value=1, max_value=MAX_PAGE, default=1)
    page_size = serializers.IntegerField(min_value=1, max_value=MAX_PAGE_SIZE, default=20)
    lang = serializers.ChoiceField(choices=LANGUAGES, required=False, help_text="language of names and messages")


class FunctionQuery(PageQuery):
    """What to look for, and in which part of the catalogue."""

    q = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=1000, help_text="in any language"
    )
    category = serializers.ChoiceField(choices=FunctionVersion.Category.choices, required=False)
    audience = serializers.ChoiceField(choices=FunctionVersion.Audience.choices, required=False)
    action = serializers.ChoiceField(choices=FunctionVersion.Action.choices, required=False)
    department = serializers.SlugField(required=False, max_length=20, help_text="code of a department")


class LanguageQuery(serializers.Serializer[Any]):
    lang = serializers.ChoiceField(choices=LANGUAGES, required=False, help_text="language of names and messages")


def check_language(request: Request) -> None:
    """Raise ValidationError for a `lang` that we do not have."""
    if "lang" in request.query_params:
        LanguageQuery(data=request.query_params.dict()).is_valid(raise_exception=True)


class ProblemBody(serializers.Serializer[Any]):
    """RFC 9457."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(required=False)
    errors = serializers.ListField(  # type: ignore[assignment]  # the name that RFC 9457 uses in its example
        child=serializers.DictField(child=serializers.CharField()), required=False
    )


class FunctionBody(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField()
    summary = serializers.CharField()
    department = serializers.CharField(help_text="code")
    department_name = serializers.CharField()
    category = serializers.CharField()
    audience = serializers.ListField(child=serializers.CharField())
    action = serializers.CharField()
    assurance = serializers.ChoiceField(choices=FunctionVersion.Assurance.choices)
    fee_hkd = serializers.CharField(allow_null=True, help_text="null: it depends")
    state = serializers.ChoiceField(choices=["published", "suspended"])
    version = serializers.IntegerField()
    missing_languages = serializers.ListField(child=serializers.CharField())


class OutageBody(serializers.Serializer[Any]):
    whose = serializers.ChoiceField(choices=["department", "portal"])
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True, help_text="null: it is still down")


class DeadlineBody(serializers.Serializer[Any]):
    opens_at = serializers.DateTimeField()
    closes_at = serializers.DateTimeField(help_text="as the department set it")
    effective_at = serializers.DateTimeField(help_text="as it holds: moved by what was down meanwhile")
    message = serializers.CharField()
    outages = OutageBody(many=True)


class AvailabilityBody(serializers.Serializer[Any]):
    code = serializers.ChoiceField(
        choices=["open", "closed", "troubled", "suspended", "not_yet", "too_early", "too_late"]
    )
    message = serializers.CharField(allow_blank=True)
    opens_at = serializers.DateTimeField(allow_null=True)
    deadline = DeadlineBody(allow_null=True, help_text="null: it can be filed at any time")


class FunctionDetailBody(FunctionBody):
    availability = AvailabilityBody()
    form = serializers.DictField(help_text="JSON Schema 2020-12 of the body of a call")


class FunctionPageBody(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    did_you_mean = serializers.CharField(allow_blank=True)
    results = FunctionBody(many=True)


class StepBody(serializers.Serializer[Any]):
    label = serializers.CharField()  # type: ignore[assignment]  # also an attribute of a field
    detail = serializers.CharField(allow_blank=True)
    at = serializers.DateTimeField(allow_null=True)
    state = serializers.ChoiceField(choices=["done", "missed", "current", "todo", "problem"])


class AnswerItemBody(serializers.Serializer[Any]):
    label = serializers.CharField()  # type: ignore[assignment]  # also an attribute of a field
    value = serializers.CharField(allow_blank=True)


class AnswerBody(serializers.Serializer[Any]):
    outcome = serializers.ChoiceField(choices=["completed", "rejected", "waiting"])
    title = serializers.CharField(allow_blank=True)
    message = serializers.CharField(allow_blank=True)
    items = AnswerItemBody(many=True)


class ReceiptBody(serializers.Serializer[Any]):
    receipt = serializers.CharField()
    status = serializers.ChoiceField(choices=ServiceCall.Status.values)
    status_name = serializers.CharField()
    message = serializers.CharField(allow_blank=True)
    function = serializers.CharField()
    function_name = serializers.CharField()
    accepted_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    made_by = serializers.CharField(
        allow_blank=True, help_text="who made it for whom; empty where a person did it for themselves"
    )
    sent_sha256 = serializers.CharField(help_text="of the text that /sent.json of the receipt's page gives")


class CallBody(ReceiptBody):
    answer = AnswerBody(allow_null=True)
    timeline = StepBody(many=True)


class CallPageBody(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = ReceiptBody(many=True)


class FileBody(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    type = serializers.CharField()
    size = serializers.IntegerField(help_text="bytes")


def of_function(function: ServiceFunction) -> dict[str, Any]:
    """A row of the list; the function must come with its content."""
    version = function.published
    assert version is not None
    return {
        "code": function.code,
        "name": version.name,
        "summary": version.summary,
        "department": function.department.code,
        "department_name": function.department.name,
        "category": version.category,
        "audience": version.audience,
        "action": version.action,
        "assurance": version.assurance,
        "fee_hkd": None if version.fee_hkd is None else str(version.fee_hkd),
        "state": function.state,
        "version": version.number,
        "missing_languages": version.missing_languages,
    }


def of_availability(found: story.Availability) -> dict[str, Any]:
    deadline = found.deadline
    return {
        "code": found.code,
        "message": found.message,
        "opens_at": found.opens_at,
        "deadline": deadline and {
            "opens_at": deadline.opens_at,
            "closes_at": deadline.closes_at,
            "effective_at": deadline.effective_at,
            "message": deadlines.say(deadline),
            "outages": [
                {"whose": outage.whose, "started_at": outage.started_at, "ended_at": outage.ended_at}
                for outage in deadline.outages
            ],
        },
    }  # fmt: skip


def of_receipt(call: ServiceCall) -> dict[str, Any]:
    """What a list shows of a call."""
    return {
        "receipt": call.receipt,
        "status": call.status,
        "status_name": _(str(call.get_status_display())),
        "message": "" if call.status in {"completed", "rejected"} else story.status_message(call),
        "function": call.function.code,
        "function_name": call.version.name,
        "accepted_at": call.accepted_at,
        "finished_at": call.finished_at,
        "sent_sha256": call.sent_sha256,
        "made_by": acting.label(call.mandate),
    }


def of_call(call: ServiceCall) -> dict[str, Any]:
    """The whole story of a call."""
    answer = story.answer(call)
    items = [{"label": item.label, "value": item.value} for item in answer.items] if answer else []
    return {
        **of_receipt(call),
        "answer": answer and {
            "outcome": answer.outcome, "title": answer.title, "message": answer.message, "items": items
        },
        "timeline": [
            {"label": step.label, "detail": step.detail, "at": step.at, "state": step.state}
            for step in story.timeline(call)
        ],
    }  # fmt: skip
