"""The one door to search: what a person types in, the functions that do it out."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import TypeVar

from django.contrib.postgres.search import TrigramWordSimilarity
from django.db import connection
from django.db.models import QuerySet

from services import languages
from services.registry.models import ServiceFunction
from services.search import highlights, questions, ranking, rows, text
from services.search.models import Document

NEAR = 5  # functions offered where nothing fits
FARTHEST = 1_000_000  # results that are passed over at most

Listed = TypeVar("Listed", bound=Document)


@dataclass(frozen=True)
class Filters:
    """What the results are narrowed to; codes as in the registry, empty for all."""

    category: str = ""
    department: str = ""
    audience: str = ""
    action: str = ""


@dataclass(frozen=True)
class Hit:
    function: ServiceFunction  # with its department, published version and backend
    score: float = 0.0
    matched: list[str] = field(default_factory=list)  # stretches of what is shown of it that fit the query


@dataclass(frozen=True)
class Found:
    count: int
    results: list[Hit]
    did_you_mean: str = ""  # the query with its typing errors mended; that is what was searched for
    near: list[Hit] = field(default_factory=list)  # what comes closest, where nothing fits


def find(query: str, language: str = "", filters: Filters | None = None, *, offset: int = 0, limit: int = 20) -> Found:
    """Best first, with two queries at most. Any text is harmless; one without words lists everything."""
    given = {name: value.replace("\0", "") for name, value in asdict(filters or Filters()).items() if value}
    language = language or languages.current()
    offset = min(max(offset, 0), FARTHEST)
    question = questions.understand(query)
    if not question.concepts:
        return _all(given, language, offset, limit) if not query.strip() else Found(0, [])
    with connection.cursor() as cursor:
        vocabulary = ranking.look_up(cursor, question)
        mended = questions.mend(question, vocabulary)
        wanted, best = questions.weigh(question, vocabulary)
        ranked = ranking.rank(cursor, wanted, best, given, offset=offset, limit=max(limit, NEAR)) if wanted else None
    if ranked is None:
        return Found(0, [], near=_alike(question.folded))
    hits = [
        Hit(row.function, row.score, _matched(row.function, question.terms_of(row.concepts), language))
        for row in ranked.rows
    ]
    if not ranked.count:
        return Found(0, [], near=hits[:NEAR])
    return Found(ranked.count, hits[:limit], _rewritten(query, mended))


def near_code(code: str) -> list[Hit]:
    """What an address that leads nowhere may have meant. Two queries."""
    words = text.fold(code).replace("-", " ").strip()
    found = find(words, limit=NEAR) if words else Found(0, [])
    return found.results or found.near


def _alike(words: str) -> list[Hit]:
    """By the letters they share. One query."""
    alike = (
        Document.objects.filter(handle__trigram_word_similar=words)
        .annotate(likeness=TrigramWordSimilarity(words, "handle"))
        .order_by("-likeness", "-prior", "pk")
    )
    return [Hit(document.function, document.likeness) for document in _with_content(alike)[:NEAR]]


def _all(given: dict[str, str], language: str, offset: int, limit: int) -> Found:
    """Everything that passes the filters, what most people want first."""
    names = {"department": "department__code", "audience": "audience__contains"}
    lookups = {names.get(name, name): [value] if name == "audience" else value for name, value in given.items()}
    documents = Document.objects.filter(**lookups)
    by_name = f"function__published__{languages.column('name', language)}"
    page = _with_content(documents.order_by("-prior", by_name, "pk"))[offset : offset + limit]
    return Found(documents.count(), [Hit(document.function) for document in page])


def _with_content(documents: QuerySet[Listed]) -> QuerySet[Listed]:
    heavy = [f"function__published__{name}" for name in rows.LEFT_OUT]
    return documents.select_related("function__department", "function__published__backend").defer(*heavy)


def _matched(function: ServiceFunction, terms: set[str], language: str) -> list[str]:
    version = function.published
    assert version is not None
    shown = [languages.text_of(version, prefix, language) for prefix in ("name", "summary")]
    shown.append(languages.text_of(function.department, "name", language))
    return list(dict.fromkeys(piece for each in shown for piece in highlights.stretches(each, terms)))


def _rewritten(query: str, mended: dict[str, str]) -> str:
    """The query as it was written but for its errors; empty without any."""
    result = query[: text.LONGEST]
    for written, meant in mended.items():
        result = re.sub(rf"(?<![^\W_]){re.escape(written)}(?![^\W_])", meant, result, flags=re.IGNORECASE)
    return result if mended else ""
