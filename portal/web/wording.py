"""Texts of the registry as a page shows them: their language said where it is not the page's, found words marked."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from portal.web.templatetags.ferry import lang_tag
from services import languages


@dataclass(frozen=True)
class Wording:
    """A text, the language it is really in, and whether that is another than the page's."""

    text: str
    language: str
    is_foreign: bool

    def html(self, matched: Collection[str] = ()) -> SafeString:
        """Escaped, with the matched words marked, and with its own `lang` where it is not the page's."""
        marked = mark(self.text, matched)
        if not self.is_foreign:
            return marked
        return format_html('<span lang="{}">{}</span>', lang_tag(self.language), marked)


def wording(row: Any, prefix: str = "name", language: str = "") -> Wording:
    """A column of a row in the reader's language (of this request, if not given), or in the next best one."""
    language = language or languages.current()
    for code in languages.FALLBACKS[language]:
        if text := getattr(row, languages.column(prefix, code)):
            return Wording(text, code, code != language)
    return Wording("", language, False)


def mark(text: str, matched: Collection[str]) -> SafeString:
    """Escaped text with each of the words in <mark>; Latin words only from their beginning."""
    pattern = _pattern(tuple(matched)) if matched else None
    parts = pattern.split(text) if pattern else [text]
    return mark_safe(  # noqa: S308 (every part is escaped)
        "".join(f"<mark>{escape(part)}</mark>" if number % 2 else escape(part) for number, part in enumerate(parts))
    )


@lru_cache(maxsize=500)
def _pattern(matched: tuple[str, ...]) -> re.Pattern[str] | None:
    """The longest first; the functions found together often share their words."""
    words = sorted((word for word in matched if word.strip()), key=len, reverse=True)
    if not words:
        return None
    parts = (rf"\b{re.escape(word)}" if word[0].isascii() else re.escape(word) for word in words)
    return re.compile(f"({'|'.join(parts)})", re.IGNORECASE)
