"""What search found, as the page shows it."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.web import labels
from portal.web.asked import Asked
from portal.web.wording import wording
from services.registry.models import ServiceFunction
from services.search.find import Found, Hit

PAGE_SIZE = 20


def shown(found: Found, asked: Asked, said: str = "") -> dict[str, Any]:
    """The context of the results: rows, how many there are, and which page this is.

    `said`: the filter that the heading of the page says already.
    """
    return {
        "page": Paginator(range(found.count), PAGE_SIZE).get_page(asked.page),
        "items": [item(hit) for hit in found.results],
        "near": [item(hit) for hit in found.near],
        "counted": counted(found.count, found.did_you_mean or asked.q),
        "did_you_mean": found.did_you_mean,
        "filters": choices(asked),
        "chips": [chip for chip in chips(asked, found) if chip["name"] != said],
    }


def counted(count: int, words: str = "") -> str:
    """How many services there are, or fit the words."""
    if not words:
        return ngettext("%(count)s service", "%(count)s services", count) % {"count": f"{count:,}"}
    sentence = ngettext("%(count)s service for “%(words)s”", "%(count)s services for “%(words)s”", count)
    return sentence % {"count": f"{count:,}", "words": words}


def item(hit: Hit) -> dict[str, Any]:
    """One row of components/result_item.html."""
    function = hit.function
    version = function.published
    assert version is not None  # the index holds published functions only
    name, summary = wording(version), wording(version, "summary")
    return {
        "name": name.html(hit.matched),
        "url": reverse("web:function", args=[function.code]),
        "summary": summary.html(hit.matched),
        "department": wording(function.department).html(hit.matched),
        "tags": _tags(function),
        "note": foreign_note(name.is_foreign),
    }


def _tags(function: ServiceFunction) -> list[dict[str, str]]:
    assert function.published is not None
    tags = [{"text": str(labels.ACTIONS[function.published.action])}]
    if function.state == ServiceFunction.State.SUSPENDED:
        tags.append({"text": _("Paused"), "tone": "waiting"})
    return tags


def foreign_note(is_foreign: bool) -> str:
    """Said wherever a text is not in the reader's language."""
    return _("The department has not given this text in your language yet.") if is_foreign else ""


def chips(asked: Asked, found: Found) -> list[dict[str, str]]:
    """The filters in use, each with the address that leaves it out."""
    words: dict[str, Any] = {**labels.CATEGORIES, **labels.AUDIENCES, **labels.ACTIONS}
    words[asked.department] = _("One department")  # where nothing fits, nothing tells its name
    for hit in (*found.results[:1], *found.near[:1]):
        words[hit.function.department.code] = hit.function.department.name
    return [
        {"name": name, "text": str(words[value]), "url": asked.without(name).url} for name, value in asked.narrowing
    ]


def choices(asked: Asked) -> list[dict[str, Any]]:
    """What results can be narrowed to: the selects of components/filters.html."""
    selects: list[tuple[str, str, str, dict[str, Any]]] = [
        ("action", _("What to do"), _("Anything"), labels.ACTIONS),
        ("category", _("Subject"), _("All subjects"), labels.CATEGORIES),
        ("audience", _("Who it is for"), _("Everyone"), labels.AUDIENCES),
    ]
    return [
        {"name": name, "label": label, "all": everything, "choices": known.items(), "value": getattr(asked, name)}
        for name, label, everything, known in selects
    ]


def is_part(request: HttpRequest) -> bool:
    """Someone is typing, and wants the results alone."""
    asks = request.headers.get("HX-Request") == "true"
    return asks and request.headers.get("HX-History-Restore-Request") != "true"
