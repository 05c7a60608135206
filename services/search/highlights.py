"""Which stretches of a shown text fit the query."""

from __future__ import annotations

import re
from collections.abc import Iterator

from services.search import text
from services.search.stems import stem

ENGLISH = re.compile(r"[A-Za-z0-9]+")


def stretches(shown: str, terms: set[str]) -> list[str]:
    """As they stand in `shown`, each once; neighbouring pairs of Chinese characters in one piece."""
    marked = [False] * len(shown)
    for start, end in _fits(shown, terms):
        marked[start:end] = [True] * (end - start)
    result, piece = [], ""
    for char, is_marked in [*zip(shown, marked, strict=True), ("", False)]:
        if is_marked:
            piece += char
        elif piece:
            result.append(piece)
            piece = ""
    return list(dict.fromkeys(result))


def _fits(shown: str, terms: set[str]) -> Iterator[tuple[int, int]]:
    for found in ENGLISH.finditer(shown):
        if stem(found.group().lower()) in terms:
            yield found.span()
    # Character by character, so that positions stay those of the shown text.
    characters = [text.simplified(char) for char in shown]
    for start in range(len(characters) - 1):
        if characters[start] > "z" and characters[start] + characters[start + 1] in terms:
            yield start, start + 2
