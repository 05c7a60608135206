"""The three languages of every name: stored side by side, asked for by code."""

from typing import Any

from django.utils.translation import get_language

CODES = ("en", "zh-hant", "zh-hans")
FALLBACKS = {
    "en": ("en", "zh-hant"),
    "zh-hant": ("zh-hant", "zh-hans", "en"),
    "zh-hans": ("zh-hans", "zh-hant", "en"),
}


def current() -> str:
    """The language of this request, one of CODES."""
    language = get_language() or "en"
    return language if language in CODES else "en"


def pick(names: dict[str, str], language: str | None = None) -> str:
    """The text in the language asked for, or in the next best one; empty if there is none."""
    return next((names[code] for code in FALLBACKS[language or current()] if names.get(code)), "")


def column(prefix: str, language: str) -> str:
    """`name`, `zh-hant` -> `name_zh_hant`."""
    return f"{prefix}_{language.replace('-', '_')}"


def names_of(row: Any, prefix: str = "name") -> dict[str, str]:
    """All three columns of a row, by language code."""
    return {code: getattr(row, column(prefix, code)) for code in CODES}


def text_of(row: Any, prefix: str = "name", language: str | None = None) -> str:
    """One column of a row in the language asked for, or in the next best one."""
    return pick(names_of(row, prefix), language)
