"""Looking at a function: its state, its versions, what changed between them, and who did what."""

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from portal.desk import differences, previews
from portal.desk.access import function_of, may_act, may_decide, open_version, person, staff_page, version_of
from portal.desk.changes import told
from portal.desk.navigation import waiting_for
from portal.desk.pages import page
from services.gateway import deadlines, story
from services.languages import current
from services.registry import clients
from services.registry.completeness import LANGUAGES, missing_from
from services.registry.models import FunctionVersion


@staff_page
def function(request: HttpRequest, code: str) -> HttpResponse:
    """Where a function stands, and what can be done about it."""
    found = function_of(request, code)
    versions = list(found.versions.select_related("created_by", "submitted_by", "reviewed_by", "backend"))
    for version in versions:
        version.function = found
    opened = open_version(found)
    user = person(request)
    newest = versions[0] if versions else None
    return page(
        request,
        "function",
        found.published.name if found.published else newest.name if newest else code,
        function=found,
        versions=versions,
        open_version=opened,
        missing=missing_from(opened) if opened and opened.state == "draft" else [],
        may_act=may_act(user, found),
        may_decide=bool(opened and may_decide(user, opened)),
        sent_back=newest if newest and newest.state == "refused" else None,
        availability=(now := story.availability(found)),
        deadline=deadlines.say(now.deadline) if now.deadline else "",
        changes=told(found.changes.select_related("actor")[:6]),
    )


@staff_page
def review(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """A version against the published one, to be decided on."""
    found = function_of(request, code)
    version = version_of(found, number)
    before = found.published if found.published_id != version.pk else None
    shown = asked if (asked := request.GET.get("shown", "")) in LANGUAGES else current()
    user = person(request)
    return page(
        request,
        "review",
        version.name,
        function=found,
        version=version,
        before=before,
        difference=differences.between(before, version),
        may_decide=may_decide(user, version),
        may_act=may_act(user, found),
        is_own=user.pk in {version.created_by_id, version.submitted_by_id},
        is_new=before is None,
        shown=shown,
        languages=LANGUAGES.items(),
        preview=previews.draw(version.form, vars(version), shown),
    )


@staff_page
def compare(request: HttpRequest, code: str) -> HttpResponse:
    """Any two versions."""
    found = function_of(request, code)
    numbers = list(found.versions.order_by("-number").values_list("number", flat=True))
    if not numbers:
        raise Http404
    before = version_of(found, _number(request, "from", numbers[-1]))
    after = version_of(found, _number(request, "to", numbers[0]))
    return page(
        request,
        "compare",
        _("Compare versions"),
        function=found,
        numbers=numbers,
        before=before,
        after=after,
        difference=differences.between(before, after),
    )


def _number(request: HttpRequest, name: str, otherwise: int) -> int:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else otherwise


@staff_page
def history(request: HttpRequest, code: str) -> HttpResponse:
    """Every change of a function, newest first."""
    found = function_of(request, code)
    shown = Paginator(found.changes.select_related("actor"), 50).get_page(request.GET.get("page"))
    return page(
        request, "history", _("History: %(code)s") % {"code": code}, function=found, shown=shown, changes=told(shown)
    )


@staff_page
def waiting(request: HttpRequest) -> HttpResponse:
    """What the person may decide on."""
    versions: list[FunctionVersion] = list(waiting_for(request)[:200])
    sites = clients.to_decide(person(request))
    return page(request, "waiting", _("Waiting for you"), versions=versions, sites=sites)
