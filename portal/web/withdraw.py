"""Taking a call back before it has left: a question first, because it ends the call."""

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from portal.web.calls import own_call
from portal.web.stale_tokens import tells_stale_token
from portal.web.wording import wording
from services.gateway import flows, reach, withdrawal
from services.gateway.errors import NotWithdrawable
from services.gateway.models import ServiceCall


@login_not_required
@never_cache
@tells_stale_token
@require_http_methods(["GET", "HEAD", "POST"])
def call_withdraw(request: HttpRequest, receipt: str, *, is_stale: bool = False) -> HttpResponse:
    """The question, or why it is too late; a post takes the call back. After a stale token the question comes again."""
    try:
        call = own_call(request, receipt)
    except Http404:
        if request.user.is_authenticated:
            raise
        return redirect_to_login(request.get_full_path())
    seen = reach.of(request)
    if not seen.may_withdraw(call):
        raise Http404("not theirs to take back")
    if call.status == ServiceCall.Status.WITHDRAWN:
        return redirect("web:call", call.receipt)
    if request.method == "POST" and not is_stale:
        try:
            flows.withdraw(call, callers=seen.callers, person=seen.may_withdraw_for)
        except NotWithdrawable as late:
            return _asked(request, call, late.message, status=409)
        return redirect("web:call", call.receipt)
    code = withdrawal.obstacle(call)
    return _asked(request, call, withdrawal.reason(code) if code else "")


def _asked(request: HttpRequest, call: ServiceCall, too_late: str, status: int = 200) -> HttpResponse:
    context = {
        "call": call,
        "name": wording(call.version),
        "department": call.function.department.name,
        "too_late": too_late,
    }
    return render(request, "web/call_withdraw.html", context, status=status)
