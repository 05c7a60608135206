"""Looking a form over and sending it: only what the person saw is sent, and once."""

import json
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from identity.accounts import authentication, step_up
from identity.accounts.callers import callers_of
from identity.accounts.models import User
from identity.mandates import acting as session
from identity.mandates.errors import NotUsable
from identity.signing.errors import NoSeal, SignatureRefused
from identity.signing.models import SignedDocument
from portal.web import doing, for_another, sheet, signatures
from portal.web.stale_tokens import tells_stale_token
from services import languages, traces
from services.forms import figures, files
from services.forms import flows as drafts
from services.forms.errors import Invalid
from services.forms.models import Draft
from services.gateway import acting, signed, story
from services.gateway import flows as gateway
from services.gateway.errors import AssuranceTooLow, NotAvailable, SignatureNeeded
from services.gateway.models import ServiceCall
from services.registry.models import FunctionVersion, ServiceFunction


@login_not_required
@never_cache
@tells_stale_token
@require_http_methods(["GET", "HEAD", "POST"])
def function_review(request: HttpRequest, code: str, *, is_stale: bool = False) -> HttpResponse:
    """Everything that would leave, and for whom; a post sends it."""
    function = doing.function_of(code)
    if request.method != "POST":
        return look_over(request, function)
    if is_stale:
        waited = _("This page had been open for a while. Look it over and send it again: nothing has been sent yet.")
        return look_over(request, function, notice=waited, status=409)
    try:
        return _going_on(request, function, _send(request, function))
    except NotUsable as error:
        return for_another.refused_with_draft(request, error, doing.key_of(request.POST.get("draft", "")))


def _going_on(request: HttpRequest, function: ServiceFunction, response: HttpResponse) -> HttpResponse:
    """As it is; a page that sends by itself, once a form is signed, is told where to go."""
    if "HX-Request" not in request.headers:
        return response
    place = response.headers.get("Location") or reverse("web:function-review", args=[function.code])
    return HttpResponse(status=204, headers={"HX-Redirect": place})


def look_over(request: HttpRequest, function: ServiceFunction, notice: str = "", status: int = 200) -> HttpResponse:
    """The page with every answer; or the way back to the form, to the log-in, or to why not."""
    if not request.user.is_authenticated and doing.published(function).assurance != FunctionVersion.Assurance.NONE:
        return redirect_to_login(request.get_full_path())
    draft = doing.draft_of(function, callers_of(request))
    if draft is None:
        return redirect("web:function-form", function.code)
    version = draft.version
    for_another.check_open(request, version)
    if turned_away := doing.turn_away(request, function, version):
        return turned_away
    try:
        clean = doing.clean_now(request, version, draft.data)
    except Invalid:
        return redirect(f"{reverse('web:function-form', args=[function.code])}?check")
    kept = files.named_in(version.form, clean, callers=callers_of(request))
    rows = sheet.rows(
        version.form,
        clean,
        file_names={pk: file.name for pk, file in kept.items()},
        profile=doing.known_to(request, version),
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
        "deadline": doing.deadline_of(availability),
    }
    return render(request, "web/function_review.html", context, status=status)


def _send(request: HttpRequest, function: ServiceFunction) -> HttpResponse:
    callers = callers_of(request)
    posted = doing.key_of(request.POST.get("draft", ""))
    try:
        with transaction.atomic():
            if draft := _locked(posted, function, callers):
                clean = doing.clean_now(request, draft.version, draft.data)
                if str(draft.pk) == str(posted) and constant_time_compare(
                    request.POST.get("seen", ""), fingerprint(draft, clean)
                ):
                    return redirect("web:call", _submit(request, function, draft).receipt)
                changed = _(
                    "The form was changed in another window. This is how it stands now: nothing has been sent yet."
                )
                return look_over(request, function, notice=changed, status=409)
    except NotAvailable as refused:
        return doing.closed(request, function, refused.message, is_kept=True)
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
    key = doing.key_of(request.POST.get("signature", ""))
    return signatures.of(request, key) if key and request.user.is_authenticated else None


def _locked(posted: UUID | None, function: ServiceFunction, callers: list[str]) -> Draft | None:
    """The draft to send. A second click waits here until the first has sent it, and then finds none."""
    if posted is None:
        return None
    own = Draft.objects.filter(pk=posted, caller__in=callers, version__function=function)
    if not own.select_for_update(of=("self",)).exists():
        return None
    return doing.draft_of(function, callers)


def fingerprint(draft: Draft, clean: dict[str, Any]) -> str:
    """Of what the person sees on the review page: only that is sent."""
    return salted_hmac("web.review", f"{draft.pk} {json.dumps(clean, sort_keys=True)}").hexdigest()


def _to_sign(request: HttpRequest, function: ServiceFunction) -> HttpResponse:
    """What the law wants signed is shown once more, character for character, and signed before it leaves."""
    draft = doing.draft_of(function, callers_of(request))
    if draft is None:
        return redirect("web:function-form", function.code)
    try:
        document = signatures.prepare(request, draft)
    except NoSeal:
        reason = _("Forms cannot be signed here just now. Your answers are kept; please try again later.")
        return doing.closed(request, function, reason, is_kept=True)
    return redirect("web:function-sign", function.code, document.pk)
