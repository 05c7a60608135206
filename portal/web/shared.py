"""What is the same for whoever reads it, made once for a while: parts of pages, and pages around a person's header."""

import hashlib
from collections.abc import Callable
from typing import TypeVar

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from services import languages
from services.registry.publication import EPOCH_KEY

T = TypeVar("T")
# Where the header goes in a page that is kept. Texts of people are escaped, so none of them can look like it.
HEADER_PLACE = mark_safe("<!--header-->")
CONTENT_PLACE = mark_safe("<!--content-->")  # where a person's own goes in a frame that is kept


def part(name: str, facts: tuple[object, ...], make: Callable[[], T], *, seconds: int) -> T:
    """What `make` returns in this language for these facts; made anew whenever the registry publishes something.

    `facts` decide the content together with the language. Nothing that belongs to one person may be in it. One
    round trip; what `make` raises is raised, and then nothing is kept.
    """
    text = "\n".join(map(str, (name, languages.current(), *facts)))
    key = "part:" + hashlib.sha256(text.encode()).hexdigest()
    found = cache.get_many([EPOCH_KEY, key])
    epoch = found.get(EPOCH_KEY)
    kept = found.get(key)
    if isinstance(kept, tuple) and kept[0] == epoch:
        content: T = kept[1]
        return content
    made = make()
    cache.set(key, (epoch, made), seconds)
    return made


def page(template: str, context: dict[str, object]) -> str:
    """A page for `part` to keep: with a place for the header, and rendered without knowing who reads it."""
    return render_to_string(template, context | {"header_place": HEADER_PLACE})


def answer(request: HttpRequest, kept: str, content: str = "") -> HttpResponse:
    """The kept page with this person's header in its place, and what is theirs alone in its own."""
    frame, _, end = kept.partition(CONTENT_PLACE)
    head = frame.replace(HEADER_PLACE, render_to_string("components/header.html", request=request), 1)
    return HttpResponse(f"{head}{content}{end}")
