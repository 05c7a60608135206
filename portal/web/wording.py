"""Texts of the registry as a page shows them: their language said where it is not the page's, found words marked."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from portal.web.templatetags.ferry import lang_tag
from services import languages


@dataclass(frozen=True)
class Wording:
    """A text, and the language it is really in."""

    text: str
    language: str

    @property
    def is_foreign(self) -> bool:
        """Not in the language of this page."""
        return bool(self.text) and self.language != languages.current()

    def html(self, matched: Collection[str] = ()) -> SafeString:
        """Escaped, with the matched words marked, and with its own `lang` where it is not the page's."""
        marked = mark(self.text, matched)
        if not self.is_foreign:
            return marked
        return format_html('<span lang="{}">{}</span>', lang_tag(self.language), marked)


def wording(row: Any, prefix: str = "name") -> Wording:
    """A column of a row in the reader's language, or in the next best one."""
    language = languages.current()
    for code in languages.FALLBACKS[language]:
        if text := getattr(row, languages.column(prefix, code)):
            return Wording(text, code)
    return Wording("", language)


def mark(text: str, matched: Collection[str]) -> SafeString:
    """Escaped text with each of the words in <mark>; Latin words only from their beginning."""
    words = sorted((word for word in matched if word.strip()), key=len, reverse=True)
    if not words:
        return escape(text)
    pattern = "|".join(rf"\b{re.escape(word)}" if word[0].isascii() else re.escape(word) for word in words)
    parts = re.split(f"({pattern})", text, flags=re.IGNORECASE)
    return mark_safe(  # noqa: S308 (every part is escaped)
        "".join(f"<mark>{escape(part)}</mark>" if number % 2 else escape(part) for number, part in enumerate(parts))
    )
