"""The page of one function: what it is, what it costs and asks, whether it can be done now, and the one button."""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _

from portal.web import labels, results, shared
from portal.web.asked import Asked
from portal.web.templatetags.ferry import hkd, lang_tag
from portal.web.wording import wording
from services import languages
from services.forms import schema
from services.gateway import deadlines, standing, story
from services.gateway.connectors.registry import answers_in_batches
from services.registry.models import FunctionVersion, ServiceFunction

CONTENT_SECONDS = 60  # a version never changes; the names of its department and app may
UNREAD = ("published__request_map", "published__answer_map")
Row = dict[str, Any]


@login_not_required
def function(request: HttpRequest, code: str) -> HttpResponse:
    """Whether it can be done is asked at every visit; what its version says is kept ready."""
    if not code.isascii() or not code.isprintable():
        raise Http404
    row = standing.find(code)
    if row is None or row.published is None:
        raise Http404
    now = story.availability(row)
    notice = _notice(now, row.published)
    when = deadlines.say(now.deadline) if now.deadline and now.is_accepting else ""
    must_sign_in = row.published.assurance != FunctionVersion.Assurance.NONE and not request.user.is_authenticated
    facts = (row.published_id, must_sign_in, when, *notice.values())
    return shared.answer(
        request,
        shared.part("function", facts, lambda: _page(code, notice, when, must_sign_in), seconds=CONTENT_SECONDS),
    )


def _page(code: str, notice: Row, when: str, must_sign_in: bool) -> str:
    """The page of the version that is published, with its notice, for anyone who must sign in or need not."""
    row = ServiceFunction.objects.public().with_content().defer(*UNREAD).get(code=code)
    version = row.published
    assert version is not None
    name, summary = wording(version), wording(version, "summary")
    context = {
        "name": name.html(),
        "plain_name": name.text,
        "summary": summary.html(),
        "plain_summary": summary.text,
        "foreign_note": results.foreign_note(name.is_foreign or summary.is_foreign),
        "back": {"url": Asked(category=version.category).url, "text": labels.CATEGORIES[version.category]},
        "notice": notice,
        "others_url": reverse("web:department", args=[row.department.code]) if notice.get("is_final") else "",
        "verb": labels.ACTIONS[version.action],
        "form_url": "" if notice.get("is_final") else reverse("web:function-form", args=[code]),
        "must_sign_in": must_sign_in,
        "facts": _facts(row, version, when),
        **_questions(version),
    }
    return shared.page("web/function.html", context)


def _notice(now: story.Availability, version: FunctionVersion) -> Row:
    """What stands in the way, or nothing. `is_final`: it cannot be done here now, so there is no button."""
    if now.code == "too_late":
        return {"tone": "waiting", "title": _("The time to file is over"), "text": now.message, "is_final": True}
    if now.code == "too_early":
        return {"tone": "info", "title": _("Not open yet"), "text": now.message, "is_final": True}
    if now.code == "suspended":
        return {"tone": "waiting", "title": _("Paused"), "text": now.message, "is_final": True}
    if now.code == "not_yet":
        return {"tone": "info", "title": _("Not possible here yet"), "text": now.message, "is_final": True}
    titles = {"closed": _("You can send it now; it is delivered later"), "troubled": _("It may take longer today")}
    return {"tone": "waiting", "title": titles[now.code], "text": now.message} if now.code in titles else {}


def _facts(row: ServiceFunction, version: FunctionVersion, when: str) -> list[Row]:
    """The rows of components/summary_list.html."""
    department = reverse("web:department", args=[row.department.code])
    facts = [
        *([(_("Deadline"), when)] if when else []),
        (_("What it costs"), _cost(version)),
        (_("Who it is for"), [labels.AUDIENCES[code] for code in labels.AUDIENCES if code in version.audience]),
        (_("What you need"), _needs(version)),
        (_("When you get the answer"), _speed(version)),
        (_("Who does it"), format_html('<a href="{}">{}</a>', department, wording(row.department).html())),
    ]
    if row.app:
        facts.append((_("Moved here from"), wording(row.app).html()))
    if missing := version.missing_languages:
        facts.append((_("Not translated yet"), _language_names(missing)))
    return [{"label": label, "value": value} for label, value in facts]


def _cost(version: FunctionVersion) -> str:
    if version.fee_hkd is None:
        return _("It depends on your case")
    return hkd(version.fee_hkd) if version.fee_hkd else _("Nothing: it is free")


def _needs(version: FunctionVersion) -> str:
    match version.assurance:
        case FunctionVersion.Assurance.NONE:
            return _("Nothing: you need not sign in")
        case FunctionVersion.Assurance.BASIC:
            return _("Your Ferry log-in")
    return _("Your Ferry log-in and your digital signature")


def _speed(version: FunctionVersion) -> str:
    if answers_in_batches(version.backend.connector):
        return _("Usually on the next working day: the department answers in batches")
    return _("Usually within a moment, on the same page")


def _language_names(codes: list[str]) -> str:
    own = dict(settings.LANGUAGES)
    return format_html_join(" · ", '<span lang="{}">{}</span>', ((lang_tag(code), own[code]) for code in codes))


def _questions(version: FunctionVersion) -> dict[str, list[str]]:
    """Titles of what the form asks, and of what a profile fills in."""
    properties = schema.localise(version.form, languages.current())["properties"].values()
    return {
        "asked": [made.get("title", "") for made in properties if "x-profile" not in made],
        "filled_in": [made.get("title", "") for made in properties if "x-profile" in made],
    }
