"""My rights: take everything along, put it right, delete the account."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from identity.accounts import closing
from identity.accounts.freshness import fresh
from identity.accounts.models import User
from identity.profile import ending, exporting, tasks
from identity.profile.errors import NotClosable, NotOpen
from identity.profile.models import DataExport
from identity.security import logger, pseudonym
from services import languages


@never_cache
@require_safe
def rights(request: HttpRequest) -> HttpResponse:
    """What can be done, and what is under way."""
    assert isinstance(request.user, User)
    context = {"made": exporting.of(request.user), "closing": ending.of(request.user)}
    return render(request, "web/rights.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@fresh(minutes=15)
def export(request: HttpRequest) -> HttpResponse:
    """Gather everything: at once if it is little, else by a task while the person waits elsewhere."""
    assert isinstance(request.user, User)
    if request.method == "POST":
        made = exporting.ask(request.user, language=languages.current())
        if made.made_at is None:
            tasks.ring(made)
    return redirect("web:account-rights")


@never_cache
@require_http_methods(["GET", "POST"])
@fresh(minutes=15)
def export_take(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The archive, to its owner alone. A post, because the disclosure log says that it was taken."""
    assert isinstance(request.user, User)
    if request.method != "POST":
        return redirect("web:account-rights")
    try:
        content = exporting.take(DataExport(pk=pk), person=request.user)
    except DataExport.DoesNotExist as error:
        if DataExport.objects.filter(pk=pk).exclude(person=request.user).exists():
            logger.warning("export_of_another", person=pseudonym(request.user))
        raise Http404("no such export of the person's") from error
    headers = {"Content-Disposition": 'attachment; filename="ferry-my-data.zip"'}
    return HttpResponse(content, content_type="application/zip", headers=headers)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@fresh(minutes=15)
def delete(request: HttpRequest) -> HttpResponse:
    """What is deleted and what is kept, why and until when; a post begins the week of thought."""
    assert isinstance(request.user, User)
    error = ""
    if request.method == "POST":
        try:
            if "sure" in request.POST:
                ending.ask(request.user)
                return redirect("web:account-rights")
            error = _("Tick the box first, so that nobody deletes an account by a slip.")
        except NotClosable:
            error = _("This is an account of staff. Your department ends it.")
    rooms = closing.registry.rooms.values()
    context = {
        "erased": [text for room in rooms for text in room.erased],
        "kept": [each for room in rooms for each in room.kept(request.user)],
        "days": ending.TIME_TO_THINK.days,
        "errors": [("sure", error)] if error else [],
    }
    return render(request, "web/account_delete.html", context, status=422 if error else 200)


@never_cache
@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    """The person has thought better of it."""
    assert isinstance(request.user, User)
    if asked := ending.of(request.user):
        try:
            ending.cancel(asked)
        except NotOpen as error:
            raise Http404("it was carried out a moment ago") from error
    return redirect("web:account-rights")
