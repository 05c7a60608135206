"""What is done to a function and its versions by one press of a button, each with its reason where one is owed."""

from collections.abc import Callable
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal.desk import writing
from portal.desk.access import function_of, may_act, person, staff_page, version_of
from portal.desk.pages import do, page, to
from services.languages import CODES
from services.registry import flows
from services.registry.completeness import LANGUAGES
from services.registry.errors import RegistryError
from services.registry.models import FunctionVersion

Decision = Callable[[HttpRequest, FunctionVersion], tuple[Callable[[], object], str]]


@staff_page
@require_POST
def submit(request: HttpRequest, code: str, number: int) -> HttpResponse:
    return writing.submit(request, version_of(function_of(request, code), number))


def _decision(decide: Decision, *, to_edit: bool = False) -> Callable[..., HttpResponse]:
    """A view that carries out one flow on a version."""

    @staff_page
    @require_POST
    def view(request: HttpRequest, code: str, number: int) -> HttpResponse:
        act, done = decide(request, version_of(function_of(request, code), number))
        is_done = do(request, act, done)
        return to("edit" if to_edit and is_done else "function", code)

    return view


def _withdraw(request: HttpRequest, version: FunctionVersion) -> tuple[Callable[[], object], str]:
    return lambda: flows.withdraw(version, by=person(request)), _("Taken out of review. You can change it again.")


def _approve(request: HttpRequest, version: FunctionVersion) -> tuple[Callable[[], object], str]:
    return lambda: flows.approve(version, by=person(request)), _("Approved. Citizens find it from now on.")


def _refuse(request: HttpRequest, version: FunctionVersion) -> tuple[Callable[[], object], str]:
    note = request.POST.get("note", "")[:500]
    return lambda: flows.refuse(version, by=person(request), note=note), _("Sent back to its author.")


def _bring_back(request: HttpRequest, version: FunctionVersion) -> tuple[Callable[[], object], str]:
    done = _("A new draft says what version %(number)s said. Send it for approval to make it live.")
    return lambda: flows.bring_back(version, by=person(request)), done % {"number": version.number}


withdraw = _decision(_withdraw, to_edit=True)
approve = _decision(_approve)
refuse = _decision(_refuse)
bring_back = _decision(_bring_back, to_edit=True)


@staff_page
def suspend(request: HttpRequest, code: str) -> HttpResponse:
    """Close a function to citizens, with the reason in three languages."""
    function = function_of(request, code)
    reasons = {language: request.POST.get(f"reason-{language}", "")[:300] for language in CODES}
    until_text = request.POST.get("until", "")
    error = ""
    if request.method == "POST":
        try:
            flows.suspend(function, by=person(request), reasons=reasons, until=moment_of(until_text))
        except RegistryError as problem:
            error = problem.message
        except ValueError:
            error = _("Give the day and the time, or leave it empty.")
        else:
            messages.success(request, _("Suspended. Citizens read why."))
            return to("function", code)
    elif function.state == "suspended":
        reasons = {language: getattr(function, f"suspended_reason_{language.replace('-', '_')}") for language in CODES}
    return page(
        request,
        "suspend",
        _("Suspend: %(name)s") % {"name": function.published.name if function.published else code},
        status=422 if error else 200,
        function=function,
        may_act=may_act(person(request), function),
        reasons=[(language, LANGUAGES[language], text) for language, text in reasons.items()],
        until=until_text,
        error=error,
    )


def moment_of(text: str) -> datetime | None:
    """Hong Kong time, as the page's own clock field posts it. Raises ValueError."""
    if not text:
        return None
    moment = parse_datetime(text)
    if moment is None:
        raise ValueError(text)
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment


@staff_page
@require_POST
def resume(request: HttpRequest, code: str) -> HttpResponse:
    function = function_of(request, code)
    do(request, lambda: flows.resume(function, by=person(request)), _("Open again."))
    return to("function", code)


@staff_page
@require_POST
def retire(request: HttpRequest, code: str) -> HttpResponse:
    function = function_of(request, code)
    if request.POST.get("sure") != "on":
        messages.error(request, _("Tick the box first: a retired function does not come back."))
    else:
        do(request, lambda: flows.retire(function, by=person(request)), _("Retired."))
    return to("function", code)
