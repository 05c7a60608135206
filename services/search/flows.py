"""Keeping the index true to what is published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db import connection, transaction

from services.registry.models import ServiceFunction
from services.search.analysis import Analysis, analyse
from services.search.models import Document, Posting, Term, Word
from services.search.questions import TOTAL

LOCK = 0x5EA2C4  # of the advisory lock that one writer of the index holds
BATCH = 2_000  # functions held in memory at once
MANY = 10  # functions at once from which on the planner's statistics no longer fit the tables
NEWS = 100  # functions indexed at once, beyond which the planner's statistics are taken anew
OWN_WORDS = 0.12  # how much likelier a function is meant whose keywords are its own, not those of a family
# The columns that `analyse` reads; forms and mappings are large and say nothing to search.
UNREAD = ("published__form", "published__request_map", "published__answer_map")

# Plain SQL where there are tens of thousands of rows: instances would take most of the time.
ADD_TERMS = "INSERT INTO search_term (text, documents) SELECT unnest(%s::text[]), 0 ON CONFLICT DO NOTHING"
COUNT_TERMS = """
    UPDATE search_term SET documents = counted.documents
    FROM (
        SELECT term.id, count(posting.function_id) AS documents
        FROM search_term term LEFT JOIN search_posting posting ON posting.term_id = term.id
        WHERE term.id = ANY(%s) GROUP BY term.id
    ) counted
    WHERE counted.id = search_term.id AND counted.documents <> search_term.documents"""
RAISE_OWN_WORDS = """
    UPDATE search_document SET prior = prior + %s * own.share
    FROM (
        SELECT posting.function_id, avg((term.documents = 1)::int) AS share
        FROM search_posting posting JOIN search_term term ON term.id = posting.term_id
        WHERE posting.function_id = ANY(%s) AND term.text LIKE '=%%' GROUP BY posting.function_id
    ) own
    WHERE own.function_id = search_document.function_id"""


@transaction.atomic
def index(function_ids: Iterable[int] | None = None) -> int:
    """Index these functions anew, or all; those that are not public leave the index. Returns how many are in it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    if function_ids is None:
        function_ids = ServiceFunction.objects.order_by("pk").values_list("pk", flat=True)
    ids = list(function_ids)
    if len(ids) > MANY:  # by statistics from before these rows came, a nested loop looks cheap and runs for an hour
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_nestloop = off")
    for start in range(0, len(ids), BATCH):
        _index(ids[start : start + BATCH])
    total = Document.objects.count()
    Term.objects.update_or_create(text=TOTAL, defaults={"documents": total})
    with connection.cursor() as cursor:
        cursor.execute(RAISE_OWN_WORDS, [OWN_WORDS, ids])
        cursor.execute("SET LOCAL enable_nestloop = on")
    return total


def _index(ids: list[int]) -> None:
    rows = ServiceFunction.objects.public().with_content().defer(*UNREAD).filter(pk__in=ids)
    functions = {function: analyse(function) for function in rows}
    touched = set(Posting.objects.filter(function__in=ids).values_list("term", flat=True).distinct())
    Document.objects.filter(function__in=ids).delete()
    Posting.objects.filter(function__in=ids).delete()
    terms = _term_ids(functions.values())
    _write(functions, terms)
    touched |= {terms[term] for analysis in functions.values() for term in analysis.weights}
    with connection.cursor() as cursor:
        if len(ids) > NEWS:  # what the planner knew of these tables may be of the time when they were empty
            cursor.execute("ANALYZE search_document, search_posting, search_term, search_word")
        cursor.execute(COUNT_TERMS, [list(touched)])


def _term_ids(analyses: Iterable[Analysis]) -> dict[str, int]:
    """The id of every term and of every word's term; new ones are written down."""
    wanted = sorted({term for analysis in analyses for term in (*analysis.weights, *analysis.words.values())})
    with connection.cursor() as cursor:
        cursor.execute(ADD_TERMS, [wanted])
        cursor.execute("SELECT text, id FROM search_term WHERE text = ANY(%s)", [wanted])
        return dict(cursor.fetchall())


def _write(functions: Mapping[ServiceFunction, Analysis], terms: Mapping[str, int]) -> None:
    documents = []
    words: dict[str, str] = {}
    for function, analysis in functions.items():
        version = function.published
        assert version is not None
        documents.append(
            Document(
                function=function,
                department_id=function.department_id,
                category=version.category,
                action=version.action,
                audience=version.audience,
                prior=analysis.prior,
                handle=analysis.handle,
            )
        )
        words |= analysis.words
    Document.objects.bulk_create(documents, batch_size=1_000)
    Word.objects.bulk_create(
        [Word(text=word, term_id=terms[term]) for word, term in sorted(words.items())], ignore_conflicts=True
    )
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY search_posting (term_id, function_id, weight) FROM STDIN") as copy,
    ):
        # By term: what one query reads then lies together.
        for row in sorted(
            (terms[term], function.pk, weight)
            for function, analysis in functions.items()
            for term, weight in analysis.weights.items()
        ):
            copy.write_row(row)
