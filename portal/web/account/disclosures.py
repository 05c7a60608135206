"""Who has seen my data: every line of the person's disclosure log, and asking why."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from identity.accounts.models import User
from identity.consent import asking, copies, news
from identity.consent.errors import ConsentError
from identity.consent.models import Disclosure, DisclosureQuerySet, Question
from portal.web.account import sentences
from services import languages
from services.gateway.models import ServiceCall

PAGE_SIZE = 20


@dataclass(frozen=True)
class Filters:
    """What the reader narrowed the list to; whatever is none of the choices is left out."""

    recipient: str = ""
    kind: str = ""
    since: date | None = None
    until: date | None = None

    @classmethod
    def of(cls, request: HttpRequest) -> "Filters":
        given = request.GET
        kind = given.get("kind", "")
        return cls(
            recipient=given.get("recipient", "")[:30].replace("\0", ""),
            kind=kind if kind in Disclosure.Kind.values else "",
            since=_day(given.get("since", "")),
            until=_day(given.get("until", "")),
        )

    @property
    def is_narrow(self) -> bool:
        return self != Filters()

    def apply(self, lines: DisclosureQuerySet) -> DisclosureQuerySet:
        zone = timezone.get_default_timezone()
        if self.recipient:
            lines = lines.filter(recipient=self.recipient)
        if self.kind:
            lines = lines.filter(kind=self.kind)
        if self.since:
            lines = lines.filter(at__gte=datetime.combine(self.since, time(), tzinfo=zone))
        if self.until:
            lines = lines.filter(at__lt=datetime.combine(self.until, time(), tzinfo=zone) + timedelta(days=1))
        return lines


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year < 2200 else None


@never_cache
@require_safe
def disclosure_list(request: HttpRequest) -> HttpResponse:
    """The lines that may be read, newest first. Reading them puts the dot in the header out."""
    assert isinstance(request.user, User)
    reader, now, filters = request.user, timezone.now(), Filters.of(request)
    own = Disclosure.objects.of(reader)
    lines = filters.apply(own.visible(now)).select_related("person", "for_person")
    page = Paginator(lines, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": _rows(page, reader, now),
        "filters": filters,
        "recipients": _recipients(own.visible(now)),
        "kinds": Disclosure.Kind.choices,
        "hidden_count": own.filter(visible_from__gt=now).count(),
    }
    response = render(request, "web/account_disclosures.html", context)
    if reader.news_count:
        news.seen(reader)
    return response


def _recipients(lines: DisclosureQuerySet) -> list[tuple[str, str]]:
    """Everyone who stands in the log, by name."""
    found = lines.order_by("recipient", "-at").distinct("recipient").values_list("recipient", "recipient_names")
    return sorted(((code, languages.pick(names) or code) for code, names in found), key=lambda pair: pair[1])


def _rows(page: Page[Disclosure], reader: User, now: datetime) -> list[dict[str, Any]]:
    """What the page says of each line. One query for their calls and one for their questions."""
    calls = ServiceCall.objects.filter(receipt__in=[line.reference for line in page]).select_related("version")
    found = {call.receipt: call for call in calls.only("receipt", "status", "caller", "version__form")}
    asked = Question.objects.filter(disclosure__in=[line.pk for line in page], person=reader)
    questions = {question.disclosure_id: question for question in asked}
    return [_row(line, found.get(line.reference), questions.get(line.pk), reader, now) for line in page]


def _row(
    line: Disclosure, call: ServiceCall | None, question: Question | None, reader: User, now: datetime
) -> dict[str, Any]:
    is_own_call = call is not None and call.caller == f"user:{reader.pk}"
    is_taken_back = call is not None and call.status == ServiceCall.Status.WITHDRAWN and line.kind == "call"
    return {
        "line": line,
        "sentence": sentences.say(line, reader=reader),
        "titles": sentences.titles(line.fields, call.version.form if call else {}),
        "call_url": reverse("web:call", args=[line.reference]) if is_own_call else "",
        "is_taken_back": is_taken_back,
        "ground": sentences.ground(line),
        "was_hidden": line.visible_from > line.at,
        "question": question,
        "is_overdue": question is not None and question.is_overdue(now),
        "ask_url": "" if question else reverse("web:account-disclosure-ask", args=[line.hash]),
    }


@never_cache
@require_safe
def disclosure_copy(request: HttpRequest) -> HttpResponse:
    """The person's own chain, to be kept and checked by scripts/verify_disclosures.py without us."""
    assert isinstance(request.user, User)
    found = copies.copy(request.user, timezone.now())
    headers = {"Content-Disposition": 'attachment; filename="ferry-disclosures.json"'}
    return JsonResponse(found, headers=headers, json_dumps_params={"ensure_ascii": False, "indent": 1})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def disclosure_ask(request: HttpRequest, digest: str) -> HttpResponse:
    """Put a "why?" to the department that a line names."""
    assert isinstance(request.user, User)
    now = timezone.now()
    own = Disclosure.objects.of(request.user).visible(now).select_related("person", "for_person")
    line = own.filter(hash=digest).first()
    if line is None:
        raise Http404("no such line among the reader's own")
    error, text = "", request.POST.get("text", "")[: asking.LONGEST]
    if request.method == "POST":
        try:
            asking.ask(line, by=request.user, text=text, now=now)
            return redirect(f"{reverse('web:account-disclosures')}?asked")
        except ConsentError as refused:
            error = refused.message
    context = {
        "line": line,
        "sentence": sentences.say(line, reader=request.user),
        "recipient": languages.pick(line.recipient_names) or line.recipient,
        "due_at": asking.due_at(now) - timedelta(days=1),
        "text": text,
        "longest": asking.LONGEST,
        "errors": [("", error)] if error else [],
    }
    return render(request, "web/account_disclosure_ask.html", context, status=409 if error else 200)
