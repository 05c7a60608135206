"""What the pages of doing a function share: the function and its draft, who may go on, and where the others are led."""

from typing import Any
from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from identity.accounts import assurance, authentication, step_up
from identity.accounts.callers import callers_of
from identity.accounts.models import User
from identity.mandates import acting as session
from identity.profile.models import ProfileField
from services.forms import files
from services.forms import flows as drafts
from services.forms.models import Draft
from services.gateway import acting, deadlines, story
from services.gateway import flows as gateway
from services.registry.models import FunctionVersion, ServiceFunction

Profile = dict[str, ProfileField]


def function_of(code: str) -> ServiceFunction:
    """One that citizens may find, with all that its pages say of it. Raises Http404."""
    found: ServiceFunction = get_object_or_404(
        ServiceFunction.objects.public()
        .with_content()
        .select_related("published__backend__lane")
        .prefetch_related("filing_periods"),
        code=code,
    )
    published(found).function = found
    return found


def published(function: ServiceFunction) -> FunctionVersion:
    """The version that is live."""
    assert function.published is not None  # a constraint says so of every function out of draft
    return function.published


def draft_of(function: ServiceFunction, callers: list[str]) -> Draft | None:
    """The newest draft of the function, on the version with which it was filled in."""
    newest = (
        Draft.objects.filter(version__function=function, caller__in=callers)
        .select_related("version__backend")
        .order_by("-updated_at")
        .first()
    )
    if newest is None:
        return None
    newest.version.function = function
    return drafts.find_draft(newest.version, callers)


def known_to(request: HttpRequest, version: FunctionVersion) -> Profile:
    """Of the person, or of the one for whom they act, as far as the mandate allows."""
    return gateway.known_to(request.user, session.of(request), version) if isinstance(request.user, User) else {}


def clean_now(request: HttpRequest, version: FunctionVersion, data: dict[str, Any]) -> dict[str, Any]:
    """As it would be sent, the person's own data included. Raises Invalid."""
    named = files.named_in(version.form, data, callers=callers_of(request))
    return gateway.clean(version, data, profile=known_to(request, version), files=named, mandate=session.of(request))


def turn_away(request: HttpRequest, function: ServiceFunction, version: FunctionVersion) -> HttpResponse | None:
    """Whoever cannot do this now: to the log-in, or to a page that says why and what is next."""
    availability = story.availability(function)
    is_kept = request.method == "POST"
    if not availability.is_accepting:
        return closed(request, function, availability.message, is_kept=is_kept)
    proved = acting.level(authentication.level(request), session.of(request))
    if assurance.reaches(proved, version.assurance):
        return None
    if not request.user.is_authenticated:
        return to_sign_in(request)
    place = f"{request.path}?kept" if is_kept else request.get_full_path()
    return redirect(step_up.address(request, version.assurance, next=place))


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """To the log-in and back; what was posted is kept in the draft by then."""
    return redirect_to_login(f"{request.path}?kept" if request.method == "POST" else request.get_full_path())


def deadline_of(availability: story.Availability) -> str:
    """Until when it can be filed, in words; empty where there is no end."""
    return deadlines.say(availability.deadline) if availability.deadline else ""


def closed(request: HttpRequest, function: ServiceFunction, reason: str, *, is_kept: bool) -> HttpResponse:
    """The page that says why it cannot be done now; 409 to a post."""
    context = {"function": function, "version": published(function), "reason": reason, "is_kept": is_kept}
    return render(request, "web/function_closed.html", context, status=409 if request.method == "POST" else 200)


def key_of(text: str) -> UUID | None:
    """The key that was posted; None for whatever is none."""
    try:
        return UUID(text)
    except ValueError:
        return None
