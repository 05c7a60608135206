"""Filling in the form of a function. Nothing typed is lost on the way."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from identity.accounts import kinds
from identity.accounts.callers import callers_of
from identity.accounts.models import User
from portal.web import doing, for_another, keeping, labels, provenance
from portal.web.stale_tokens import tells_stale_token
from services import languages
from services.forms import fields, figures, files
from services.forms import flows as drafts
from services.forms.errors import FieldError, Invalid
from services.forms.kinds import kind_of
from services.gateway import receipts, shown, story
from services.gateway.models import ServiceCall
from services.registry.models import FunctionVersion, ServiceFunction

JUST_SENT = timedelta(hours=1)  # so long a new form of the same function mentions the call before


@login_not_required
@never_cache
@tells_stale_token
@require_http_methods(["GET", "HEAD", "POST"])
def function_form(request: HttpRequest, code: str, *, is_stale: bool = False) -> HttpResponse:
    """The form, filled in as far as we can. A post is kept and leads to the review, or back here with what to mend.

    An old CSRF token is no hindrance here: nothing leaves before the review.
    """
    function = doing.function_of(code)
    if request.method == "POST":
        return _take(request, function)
    version = doing.published(function)
    for_another.check_open(request, version)
    if turned_away := doing.turn_away(request, function, version):
        return turned_away
    callers = callers_of(request)
    draft = drafts.find_draft(version, callers) if callers else None
    data = draft.data if draft else _sent_then(request, function, version)
    errors = _mistakes(request, version, data) if draft and "check" in request.GET else []
    is_resumed = draft is not None and not ({"check", "change"} & request.GET.keys())
    return _show_form(
        request,
        version,
        data,
        errors,
        kept_at=draft.updated_at if draft and is_resumed else None,
        sent_before=None if draft or data else _sent_before(function, callers),
    )


def _take(request: HttpRequest, function: ServiceFunction) -> HttpResponse:
    version = keeping.version_of(request, function)
    if outside := for_another.turned_away(request, version):
        return outside
    owner = keeping.owner_of(request, function)
    uploads = {name: upload for name, upload in request.FILES.items() if isinstance(upload, UploadedFile)}
    kept, refused = files.keep_uploads(version.form, uploads, caller=owner)
    data = fields.decode(version.form, request.POST.dict(), kept)
    drafts.save_draft(version, data, caller=owner)
    if turned_away := doing.turn_away(request, function, version):
        return turned_away
    if owner not in callers_of(request):  # it was drawn for somebody who has been signed out since
        if not request.user.is_authenticated:
            return doing.to_sign_in(request)
        return redirect("web:function-form", function.code)
    if press := provenance.pressed(request):
        return provenance.act(request, version, data, *press, caller=owner)
    spoilt = {error.name for error in refused}
    errors = refused + [error for error in _mistakes(request, version, data) if error.name not in spoilt]
    if errors:
        return _show_form(request, version, data, errors, status=422)
    return redirect("web:function-review", function.code)


def _show_form(
    request: HttpRequest,
    version: FunctionVersion,
    data: dict[str, Any],
    errors: list[FieldError],
    status: int = 200,
    **extra: object,
) -> HttpResponse:
    if errors:
        figures.observe_mistakes(version.function.code, version.form, errors)
    else:
        figures.observe_step(version.function.code, "shown")
    kept = files.named_in(version.form, data, callers=callers_of(request))
    known = doing.known_to(request, version)
    drawn = fields.render(
        version.form,
        data=data,
        errors=errors,
        profile=known,
        language=languages.current(),
        files=kept,
    )
    shown.filled_in(request, version, [field.name for field in drawn if field.is_filled_in])
    context = {
        "function": version.function,
        "version": version,
        "acting_for": for_another.token(request),
        "marks": keeping.marks(request, version),
        "ends": keeping.ends(request),
        "meant_for": _meant_for(request, version),
        "fields": provenance.noted(drawn, request),
        "errors": [(error.name, error.message) for error in errors],
        "reported": provenance.reported(request),
        "is_filled_in": any(field.is_filled_in for field in drawn),
        "deadline": doing.deadline_of(story.availability(version.function)),
        "has_files": any(kind_of(made) == "file" for made in version.form.get("properties", {}).values()),
        **extra,
    }
    return render(request, "web/function_form.html", context, status=status)


def _mistakes(request: HttpRequest, version: FunctionVersion, data: dict[str, Any]) -> list[FieldError]:
    try:
        doing.clean_now(request, version, data)
    except Invalid as invalid:
        return invalid.errors
    return []


def _sent_then(request: HttpRequest, function: ServiceFunction, version: FunctionVersion) -> dict[str, Any]:
    """The answers of the call named by `?again=`, as far as they are still asked; its files stay with it."""
    number = receipts.normalise(request.GET.get("again", ""))
    own = ServiceCall.objects.filter(caller__in=callers_of(request), function=function, receipt=number)
    call = own.only("payload").first() if number else None
    if call is None:
        return {}
    asked = {name for name, made in version.form.get("properties", {}).items() if kind_of(made) != "file"}
    return {name: value for name, value in call.payload["form"].items() if name in asked}


def _sent_before(function: ServiceFunction, callers: list[str]) -> ServiceCall | None:
    """For those who come back by the browser's button and wonder whether the form went."""
    recent = ServiceCall.objects.filter(
        caller__in=callers, function=function, accepted_at__gte=timezone.now() - JUST_SENT
    )
    return recent.only("receipt", "accepted_at").order_by("-accepted_at").first()


def _meant_for(request: HttpRequest, version: FunctionVersion) -> list[str]:
    """For whom the function is meant, if that is not who is signed in: they may know better, so it only warns."""
    if not isinstance(request.user, User) or kinds.is_meant(request.user, version.audience):
        return []
    return [str(labels.AUDIENCES[each]) for each in version.audience]
