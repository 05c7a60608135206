"""Finding a service: the front page, search, subjects and departments."""

from functools import partial
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.vary import vary_on_headers

from identity.consent import asking
from portal.web import labels, results, shared
from portal.web.asked import Asked
from portal.web.wording import wording
from services import languages
from services.registry.models import Department, ServiceFunction
from services.search.find import find

RESULTS_SECONDS = 120  # they change when something is published, and that is noticed at once
# Encodings whose order is that of a printed list: by strokes in Big5, by pinyin in GB 18030.
ORDERS = {"zh-hant": "big5hkscs", "zh-hans": "gb18030"}
IS_PUBLIC = Q(functions__state__in=[ServiceFunction.State.PUBLISHED, ServiceFunction.State.SUSPENDED])


@login_not_required
def home(request: HttpRequest) -> HttpResponse:
    popular = labels.POPULAR[languages.current()]
    return render(request, "web/home.html", {"subjects": labels.CATEGORIES.items(), "popular": popular})


@login_not_required
def about(request: HttpRequest) -> HttpResponse:
    """What this is and is not, what becomes of data, and how it can be used."""
    return render(request, "web/about.html")


@login_not_required
@vary_on_headers("HX-Request", "HX-History-Restore-Request")
def search(request: HttpRequest) -> HttpResponse:
    """Answers in the person's words."""
    asked = Asked.of(request)
    context: dict[str, Any] = {"heading": _("Find a service"), "back": _back_to_front()}
    if asked.category and not asked.q:  # a subject by itself is a page of its own
        context |= {"heading": labels.CATEGORIES[asked.category], "said": "category"}
    return _answer(request, asked, context)


@login_not_required
def department(request: HttpRequest, code: str) -> HttpResponse:
    """What one department offers."""
    asked = Asked.of(request, department=code)
    if not asked.department:
        raise Http404
    row = get_object_or_404(Department, code=code)
    back = {"url": reverse("web:department-list"), "text": _("All departments")}
    context: dict[str, Any] = {"heading": wording(row).html(), "plain": row.name, "back": back, "said": "department"}
    context["share"] = partial(asking.share, code, timezone.now())  # asked for only when the page is made anew
    return _answer(request, asked, context)


def _answer(request: HttpRequest, asked: Asked, context: dict[str, Any]) -> HttpResponse:
    """Typing asks for the results alone. A failure is said to be one: an empty list means that nothing fits."""
    is_part = results.is_part(request)
    title = _("“%(words)s” – search") % {"words": asked.q} if asked.q else str(context.get("plain", context["heading"]))
    context |= {"asked": asked, "title": title, "is_part": is_part, "action": reverse("web:search")}
    template = "web/search_results.html" if is_part else "web/search.html"
    context["request"] = request  # its address, for the pager
    facts = (request.get_full_path(), is_part)
    try:
        kept = shared.part("search", facts, lambda: _page(template, asked, context), seconds=RESULTS_SECONDS)
    except DatabaseError:
        return render(request, template, context | {"has_failed": True}, status=503)
    if not kept:
        return redirect(asked.without().url)
    return HttpResponse(kept) if is_part else shared.answer(request, kept)


def _page(template: str, asked: Asked, context: dict[str, Any]) -> str:
    """The page with its results; nothing beyond the last page of them."""
    context = context | {"subjects": labels.CATEGORIES.items()}
    if asked.is_question:
        offset = (asked.page - 1) * results.PAGE_SIZE
        found = find(asked.q, languages.current(), asked.filters, offset=offset, limit=results.PAGE_SIZE)
        if asked.page > 1 and not found.results:
            return ""
        context |= results.shown(found, asked, context.get("said", ""))
    return shared.page(template, context)


def _back_to_front() -> dict[str, str]:
    return {"url": reverse("web:home"), "text": _("Front page")}


@login_not_required
def department_list(request: HttpRequest) -> HttpResponse:
    """Every department that offers something; with words asked, the way to look in one department only."""
    asked = Asked.of(request)
    rows = Department.objects.annotate(count=Count("functions", filter=IS_PUBLIC)).filter(count__gt=0)
    departments = [
        {
            "name": wording(row).html(),
            "url": asked.within(row.code).url if asked.is_question else reverse("web:department", args=[row.code]),
            "counted": results.counted(row.count),
        }
        for row in sorted(rows, key=_as_listed)
    ]
    back = {"url": asked.url, "text": _("Search")} if asked.is_question else _back_to_front()
    return render(request, "web/department_list.html", {"departments": departments, "back": back})


def _as_listed(department: Department) -> bytes:
    """Sorts names as readers of the language expect; databases rarely know how."""
    return department.name.lower().encode(ORDERS.get(languages.current(), "utf-8"), "replace")
