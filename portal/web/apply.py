"""Doing a function: fill in its form, look it over, send it. Nothing typed is lost on the way."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from identity.accounts import assurance, authentication, kinds, step_up
from identity.accounts.callers import callers_of
from identity.accounts.models import User
from identity.mandates import acting as session
from identity.mandates.errors import NotUsable
from identity.profile.models import ProfileField
from identity.signing.errors import NoSeal, SignatureRefused
from identity.signing.models import SignedDocument
from portal.web import for_another, keeping, labels, provenance, sheet, signatures
from portal.web.stale_tokens import tells_stale_token
from services import languages, traces
from services.forms import fields, figures, files
from services.forms import flows as drafts
from services.forms.errors import FieldError, Invalid
from services.forms.kinds import kind_of
from services.forms.models import Draft
from services.gateway import acting, deadlines, receipts, shown, signed, story
from services.gateway import flows as gateway
from services.gateway.errors import AssuranceTooLow, NotAvailable, SignatureNeeded
from services.gateway.models import ServiceCall
from services.registry.models import FunctionVersion, ServiceFunction

JUST_SENT = timedelta(hours=1)  # so long a new form of the same function mentions the call before
Profile = dict[str, ProfileField]


@login_not_required
@never_cache
@tells_stale_token
@require_http_methods(["GET", "HEAD", "POST"])
def function_form(request: HttpRequest, code: str, *, is_stale: bool = False) -> HttpResponse:
    """The form, filled in as far as we can. A post is kept and leads to the review, or back here with what to mend.

    An old CSRF token is no hindrance here: nothing leaves before the review.
    """
    function = function_of(code)
    if request.method == "POST":
        return _take(request, function)
    version = _published(function)
    for_another.check_open(request, version)
    if turned_away := turn_away(request, function, version):
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


@login_not_required
@never_cache
@tells_stale_token
@require_http_methods(["GET", "HEAD", "POST"])
def function_review(request: HttpRequest, code: str, *, is_stale: bool = False) -> HttpResponse:
    """Everything that would leave, and for whom; a post sends it."""
    function = function_of(code)
    if request.method != "POST":
        return look_over(request, function)
    if is_stale:
        waited = _("This page had been open for a while. Look it over and send it again: nothing has been sent yet.")
        return look_over(request, function, notice=waited, status=409)
    try:
        return _going_on(request, function, _send(request, function))
    except NotUsable as error:
        return for_another.refused_with_draft(request, error, _uuid(request.POST.get("draft", "")))


def _going_on(request: HttpRequest, function: ServiceFunction, response: HttpResponse) -> HttpResponse:
    """As it is; a page that sends by itself, once a form is signed, is told where to go."""
    if "HX-Request" not in request.headers:
        return response
    place = response.headers.get("Location") or reverse("web:function-review", args=[function.code])
    return HttpResponse(status=204, headers={"HX-Redirect": place})


# --- The form -------------------------------------------------------------------------------------
def _take(request: HttpRequest, function: ServiceFunction) -> HttpResponse:
    version = keeping.version_of(request, function)
    if outside := for_another.turned_away(request, version):
        return outside
    owner = keeping.owner_of(request, function)
    uploads = {name: upload for name, upload in request.FILES.items() if isinstance(upload, UploadedFile)}
    kept, refused = files.keep_uploads(version.form, uploads, caller=owner)
    data = fields.decode(version.form, request.POST.dict(), kept)
    drafts.save_draft(version, data, caller=owner)
    if turned_away := turn_away(request, function, version):
        return turned_away
    if owner not in callers_of(request):  # it was drawn for somebody who has been signed out since
        return redirect("web:function-form", function.code) if request.user.is_authenticated else _sign_in(request)
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
    known = _known(request, version)
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
        "deadline": _deadline(story.availability(version.function)),
        "has_files": any(kind_of(made) == "file" for made in version.form.get("properties", {}).values()),
        **extra,
    }
    return render(request, "web/function_form.html", context, status=status)


def _mistakes(request: HttpRequest, version: FunctionVersion, data: dict[str, Any]) -> list[FieldError]:
    try:
        clean_now(request, version, data)
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


# --- Looking over, and sending ----------------------------------------------------------------------
def look_over(request: HttpRequest, function: ServiceFunction, notice: str = "", status: int = 200) -> HttpResponse:
    if not request.user.is_authenticated and _published(function).assurance != FunctionVersion.Assurance.NONE:
        return redirect_to_login(request.get_full_path())
    draft = draft_of(function, callers_of(request))
    if draft is None:
        return redirect("web:function-form", function.code)
    version = draft.version
    for_another.check_open(request, version)
    if turned_away := turn_away(request, function, version):
        return turned_away
    try:
        clean = clean_now(request, version, draft.data)
    except Invalid:
        return redirect(f"{reverse('web:function-form', args=[function.code])}?check")
    kept = files.named_in(version.form, clean, callers=callers_of(request))
    rows = sheet.rows(
        version.form,
        clean,
        file_names={pk: file.name for pk, file in kept.items()},
        profile=_known(request, version),
        form_url=f"{reverse('web:function-form', args=[function.code])}?change",
        is_for_another=session.of(request) is not None,
    )
    figures.observe_step(function.code, "review")
    context = {
        "function": function,
        "version": version,
        "department": function.department.name,
        "rows": rows,
        "count": sum(bool(row.value) for row in rows),
        "draft": draft,
        "made_by": acting.label(session.of(request)),
        "needs_signature": signed.is_needed(version),
        "seen": fingerprint(draft, clean),
        "notice": notice,
        "availability": (availability := story.availability(function)),
        "deadline": _deadline(availability),
    }
    return render(request, "web/function_review.html", context, status=status)


def _send(request: HttpRequest, function: ServiceFunction) -> HttpResponse:
    callers = callers_of(request)
    posted = _uuid(request.POST.get("draft", ""))
    try:
        with transaction.atomic():
            if draft := _locked(posted, function, callers):
                clean = clean_now(request, draft.version, draft.data)
                if str(draft.pk) == str(posted) and constant_time_compare(
                    request.POST.get("seen", ""), fingerprint(draft, clean)
                ):
                    return redirect("web:call", _submit(request, function, draft).receipt)
                changed = _(
                    "The form was changed in another window. This is how it stands now: nothing has been sent yet."
                )
                return look_over(request, function, notice=changed, status=409)
    except NotAvailable as refused:
        return _closed(request, function, refused.message, is_kept=True)
    except SignatureNeeded:
        return _to_sign(request, function)
    except SignatureRefused as refused:
        return look_over(request, function, notice=signatures.refused(refused.reason), status=409)
    except AssuranceTooLow as refused:
        place = reverse("web:function-review", args=[function.code])
        return redirect(step_up.address(request, refused.needed, next=place))
    except Invalid:
        return redirect(f"{reverse('web:function-form', args=[function.code])}?check")
    sent = ServiceCall.objects.filter(caller__in=callers, idempotency_key=str(posted)).only("receipt").first()
    return redirect("web:call", sent.receipt) if sent else look_over(request, function)


def _submit(request: HttpRequest, function: ServiceFunction, draft: Draft) -> ServiceCall:
    """In the caller's transaction, so that the draft goes exactly when the call stands."""
    call, _created = gateway.submit(
        function,
        draft.data,
        person=request.user if isinstance(request.user, User) else None,
        acr=authentication.level(request),
        caller=draft.caller,
        idempotency_key=str(draft.pk),
        language=languages.current(),
        version=draft.version,
        traceparent=traces.current_header(),
        mandate=session.of(request),
        signature=_signature(request),
    )
    figures.observe_step(function.code, "sent")
    drafts.discard(draft)
    return call


def _signature(request: HttpRequest) -> SignedDocument | None:
    """The person's own that the post names; another's is none."""
    key = _uuid(request.POST.get("signature", ""))
    return signatures.of(request, key) if key and request.user.is_authenticated else None


def _locked(posted: UUID | None, function: ServiceFunction, callers: list[str]) -> Draft | None:
    """The draft to send. A second click waits here until the first has sent it, and then finds none."""
    if posted is None:
        return None
    own = Draft.objects.filter(pk=posted, caller__in=callers, version__function=function)
    if not own.select_for_update(of=("self",)).exists():
        return None
    return draft_of(function, callers)


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


def fingerprint(draft: Draft, clean: dict[str, Any]) -> str:
    """Of what the person sees on the review page: only that is sent."""
    return salted_hmac("web.review", f"{draft.pk} {json.dumps(clean, sort_keys=True)}").hexdigest()


# --- What both share ----------------------------------------------------------------------------------
def function_of(code: str) -> ServiceFunction:
    found: ServiceFunction = get_object_or_404(
        ServiceFunction.objects.public()
        .with_content()
        .select_related("published__backend__lane")
        .prefetch_related("filing_periods"),
        code=code,
    )
    _published(found).function = found
    return found


def _published(function: ServiceFunction) -> FunctionVersion:
    assert function.published is not None  # a constraint says so of every function out of draft
    return function.published


def _known(request: HttpRequest, version: FunctionVersion) -> Profile:
    """Of the person, or of the one for whom they act, as far as the mandate allows."""
    return gateway.known_to(request.user, session.of(request), version) if isinstance(request.user, User) else {}


def clean_now(request: HttpRequest, version: FunctionVersion, data: dict[str, Any]) -> dict[str, Any]:
    """As it would be sent, the person's own data included. Raises Invalid."""
    named = files.named_in(version.form, data, callers=callers_of(request))
    return gateway.clean(version, data, profile=_known(request, version), files=named, mandate=session.of(request))


def turn_away(request: HttpRequest, function: ServiceFunction, version: FunctionVersion) -> HttpResponse | None:
    """Whoever cannot do this now: to the log-in, or to a page that says why and what is next."""
    availability = story.availability(function)
    is_kept = request.method == "POST"
    if not availability.is_accepting:
        return _closed(request, function, availability.message, is_kept=is_kept)
    proved = acting.level(authentication.level(request), session.of(request))
    if assurance.reaches(proved, version.assurance):
        return None
    if not request.user.is_authenticated:
        return _sign_in(request)
    place = f"{request.path}?kept" if is_kept else request.get_full_path()
    return redirect(step_up.address(request, version.assurance, next=place))


def _meant_for(request: HttpRequest, version: FunctionVersion) -> list[str]:
    """For whom the function is meant, if that is not who is signed in: they may know better, so it only warns."""
    if not isinstance(request.user, User) or kinds.is_meant(request.user, version.audience):
        return []
    return [str(labels.AUDIENCES[each]) for each in version.audience]


def _sign_in(request: HttpRequest) -> HttpResponse:
    return redirect_to_login(f"{request.path}?kept" if request.method == "POST" else request.get_full_path())


def _deadline(availability: story.Availability) -> str:
    return deadlines.say(availability.deadline) if availability.deadline else ""


def _to_sign(request: HttpRequest, function: ServiceFunction) -> HttpResponse:
    """What the law wants signed is shown once more, character for character, and signed before it leaves."""
    draft = draft_of(function, callers_of(request))
    if draft is None:
        return redirect("web:function-form", function.code)
    try:
        document = signatures.prepare(request, draft)
    except NoSeal:
        reason = _("Forms cannot be signed here just now. Your answers are kept; please try again later.")
        return _closed(request, function, reason, is_kept=True)
    return redirect("web:function-sign", function.code, document.pk)


def _closed(request: HttpRequest, function: ServiceFunction, reason: str, *, is_kept: bool) -> HttpResponse:
    context = {"function": function, "version": _published(function), "reason": reason, "is_kept": is_kept}
    return render(request, "web/function_closed.html", context, status=409 if request.method == "POST" else 200)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
