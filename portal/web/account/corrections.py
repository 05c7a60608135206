"""What a person reported as wrong: a ticket each, how it stands, and the answer of the register's owner."""

from contextlib import suppress

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from identity.accounts.models import User
from identity.profile import corrections, flows
from identity.profile.errors import NotCorrectable, NotOpen
from identity.profile.models import CorrectionRequest, ProfileField
from portal.web import profile_rows
from services.registry.models import Department

TONES = {"open": "waiting", "corrected": "success", "confirmed": "info"}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def correction_new(request: HttpRequest, name: str) -> HttpResponse:
    """Report one field of the profile, with a word on what would be right if the person likes."""
    assert isinstance(request.user, User)
    known = flows.read(request.user, only=[name]).get(name)
    if known is None or not known.is_verified:
        raise Http404("nobody but the person vouches for it")
    if request.method == "POST":
        try:
            made = corrections.report(request.user, name, remark=request.POST.get("remark", "").strip())
        except NotCorrectable as error:
            raise Http404("taken back since") from error
        return redirect("web:account-correction", made.ticket)
    row = profile_rows.row(known)
    return render(
        request,
        "web/correction_new.html",
        {"row": row, "department": _owner(corrections.OWNERS[ProfileField.Source(known.source)])},
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def correction(request: HttpRequest, ticket: str) -> HttpResponse:
    """One ticket; while it is open the person may say more."""
    made = CorrectionRequest.objects.of(request.user).filter(ticket=ticket).first()
    if made is None:
        raise Http404("no such ticket among the person's own")
    if request.method == "POST":
        with suppress(NotOpen):  # the page shows the answer that came meanwhile
            corrections.explain(made, remark=request.POST.get("remark", ""))
        return redirect("web:account-correction", made.ticket)
    context = {
        "made": made,
        "field": str(ProfileField.Name(made.name).label),
        "department": _owner(made.owner),
        "tone": TONES[made.state],
        "is_open": made.state == CorrectionRequest.State.OPEN,
    }
    return render(request, "web/correction.html", context)


def _owner(code: str) -> str:
    """The department's name in the reader's language."""
    found = Department.objects.filter(code=code).first()
    return found.name if found else _("the department")
