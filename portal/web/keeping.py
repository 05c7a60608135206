"""Never a keystroke lost: a form is kept as it is typed, for the person it was drawn for, whatever the session does.

A form carries the signed name of its owner. Whoever posts it may add to that person's draft of that function, and read
nothing: so what is typed after the session has ended elsewhere still goes to its owner, and not to the next person at
the same computer.
"""

from datetime import timedelta
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core import signing
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from identity.accounts import limits
from identity.accounts.callers import caller_of, callers_of
from portal.web.stale_tokens import tells_stale_token
from services import languages, moments
from services.forms import fields
from services.forms import flows as drafts
from services.forms.models import Draft
from services.registry.models import FunctionVersion, ServiceFunction

A_FORM_STAYS_OPEN = timedelta(hours=24)  # so long a form that is being filled in keeps its version and its owner
_OWNER_SALT = "web.form-owner"
_VERSION_SALT = "web.form-version"


def marks(request: HttpRequest, version: FunctionVersion) -> dict[str, str]:
    """The hidden fields that a form carries: the version that it was drawn from, and whose it is."""
    own = caller_of(request) if request.user.is_authenticated else ""
    return {
        "version": signing.dumps(version.pk, salt=_VERSION_SALT),
        "owner": signing.dumps([own, version.function_id], salt=_OWNER_SALT) if own else "",
    }


def owner_of(request: HttpRequest, function: ServiceFunction) -> str:
    """In whose draft the posted form goes: the person's for whom it was drawn, else the caller's."""
    try:
        own, drawn_for = signing.loads(request.POST.get("owner", ""), salt=_OWNER_SALT, max_age=A_FORM_STAYS_OPEN)
    except (signing.BadSignature, ValueError):
        return caller_of(request)
    return str(own) if drawn_for == function.pk else caller_of(request)


def version_of(request: HttpRequest, function: ServiceFunction) -> FunctionVersion:
    """The version that the posted form was drawn from, if it is not too long ago; else the published one."""
    assert function.published is not None  # a constraint says so of every function out of draft
    try:
        pk = signing.loads(request.POST.get("version", ""), salt=_VERSION_SALT, max_age=A_FORM_STAYS_OPEN)
    except signing.BadSignature:
        return function.published
    found = function.versions.filter(pk=pk, state=FunctionVersion.State.APPROVED).select_related("backend").first()
    if found is None or found.pk == function.published_id:
        return function.published
    found.function = function
    return found


def ends(request: HttpRequest) -> dict[str, Any]:
    """When the session ends if nothing more is done: `at` as text, `seconds` from now. Empty if nobody is signed in."""
    use: limits.Use | None = getattr(request.session, "use", None)
    if use is None or not request.user.is_authenticated:
        return {}
    now = timezone.now()
    at = limits.ends_at(use, now=now)
    clock = moments.say_clock(timezone.localtime(at).time(), languages.current())
    return {"at": clock, "seconds": int((at - now).total_seconds())}


def begun(request: HttpRequest) -> list[Draft]:
    """The forms that the caller has begun and not sent, the latest first."""
    found = Draft.objects.filter(caller__in=callers_of(request), version__function__state="published")
    return list(found.select_related("version__function").defer("data").order_by("-updated_at")[:20])


@login_not_required
@never_cache
@tells_stale_token
@require_POST
def function_draft(request: HttpRequest, code: str, *, is_stale: bool = False) -> JsonResponse:
    """Keep a form as it is typed. Says nothing of what is in it: only that it is kept, and how the session stands."""
    function = ServiceFunction.objects.public().with_content().select_related("published__backend").filter(code=code)
    found = function.first()
    if found is None or found.published is None:
        return JsonResponse({}, status=404)
    found.published.function = found
    version = version_of(request, found)
    owner = owner_of(request, found)
    drafts.save_draft(version, fields.decode(version.form, request.POST.dict()), caller=owner)
    end = ends(request)
    if owner not in callers_of(request):
        return JsonResponse({"said": _("You were signed out. What you type is kept: sign in to go on with it.")})
    now = moments.say_clock(timezone.localtime().time(), languages.current())
    return JsonResponse({"said": _("Kept at %(time)s") % {"time": now}, "seconds": end.get("seconds")})


@login_not_required
@require_POST
def function_anew(request: HttpRequest, code: str) -> HttpResponse:
    """Forget the caller's draft of the function, and begin with an empty form."""
    Draft.objects.filter(version__function__code=code, caller__in=callers_of(request)).delete()
    return redirect("web:function-form", code)
