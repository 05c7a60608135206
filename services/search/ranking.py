"""The two questions to the database: what the words are worth, and which functions say them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.registry.models import ServiceFunction
from services.search import questions, rows
from services.search.questions import MOST_CONCEPTS, Question, Vocabulary, Wanted
from services.search.spelling import Candidate

NEAR = 5  # functions given where none is an answer
MOST_MENDED = 6  # words without a match that are looked up among the known ones
# An answer says this share of what the query says, and this share of what the best answer says.
OF_THE_QUERY, OF_THE_BEST = 0.12, 0.25
COMMON = 3_000  # functions beyond which a term only weighs where a rarer one stands too

LOOK_UP = """
    SELECT term.text, term.id, term.documents, NULL AS asked, NULL AS word
    FROM search_term term WHERE term.text = ANY(%(terms)s)
    UNION ALL
    SELECT meant.text, meant.id, meant.documents, asked.word, alike.text
    FROM unnest(%(words)s::text[], %(stems)s::text[]) AS asked(word, stem)
    CROSS JOIN LATERAL (
        SELECT word.text, word.term_id FROM search_word word
        WHERE word.text %% asked.word
            OR word.text ~>=~ left(asked.word, 1) AND word.text ~<~ chr(ascii(asked.word) + 1)
        ORDER BY starts_with(word.text, asked.word) DESC, similarity(word.text, asked.word) DESC LIMIT 30
    ) alike
    JOIN search_term term ON term.id = alike.term_id AND term.documents > 0
    JOIN search_term meant ON meant.text IN (term.text, '=' || term.text)
    WHERE NOT EXISTS (SELECT FROM search_term known WHERE known.text = asked.stem AND known.documents > 0)"""
RANK = """
    WITH wanted AS MATERIALIZED (
        SELECT * FROM unnest(
            %(term)s::bigint[], %(concept)s::int[], %(option)s::int[], %(weight)s::float8[], %(whole)s::float8[]
        ) AS wanted(term_id, concept, option, weight, whole)
    ), said AS (
        SELECT posting.function_id, wanted.concept, wanted.option,
            sum(wanted.weight * posting.weight) AS weight, sum(wanted.weight) / max(wanted.whole) AS share
        FROM wanted JOIN search_posting posting ON posting.term_id = wanted.term_id {only_with_rare}
        GROUP BY 1, 2, 3
    ), heard AS (
        -- An expression that is only half there says less than half of it; ways to say one thing do not add up.
        SELECT function_id, concept, max(weight * share) AS weight
        FROM said GROUP BY 1, 2
    ), scored AS (
        SELECT function_id, sum(weight) AS weight, sum(weight) FILTER (WHERE concept < %(phrases)s) AS spoken,
            bit_or(1 << concept) AS concepts
        FROM heard GROUP BY 1
    ), ranked AS (
        SELECT scored.function_id, weight * document.prior AS score, concepts,
            coalesce(spoken, 0) >= greatest(%(least)s, max(spoken) OVER () * %(of_the_best)s) AS is_answer
        FROM scored JOIN search_document document ON document.function_id = scored.function_id {facets}
    ), total AS (
        SELECT count(*) FILTER (WHERE is_answer) AS answers FROM ranked
    ), page AS (
        SELECT ranked.* FROM ranked, total WHERE is_answer OR answers = 0
        ORDER BY score DESC, function_id LIMIT %(limit)s OFFSET %(offset)s
    )
    SELECT answers, page.score, page.concepts, {columns}
    FROM total LEFT JOIN (page {joins}) ON true
    ORDER BY page.score DESC, page.function_id"""
ONLY_WITH_RARE = """AND (posting.term_id = ANY(%(rare)s) OR posting.function_id IN (
            SELECT function_id FROM search_posting WHERE term_id = ANY(%(rare)s)))"""
FACETS = {
    "category": "AND document.category = %(category)s",
    "department": "AND document.department_id = (SELECT id FROM registry_department WHERE code = %(department)s)",
    "audience": "AND document.audience @> ARRAY[%(audience)s]::varchar[]",
    "action": "AND document.action = %(action)s",
}


@dataclass(frozen=True)
class Row:
    function: ServiceFunction
    score: float
    concepts: int  # bit n: it says concept n of the question


@dataclass(frozen=True)
class Ranked:
    count: int  # 0: the rows are only what comes closest
    rows: list[Row]


def look_up(cursor: Any, question: Question) -> Vocabulary:
    """One query: the terms that the index knows, and known words that look like those it does not."""
    asked = question.words[:MOST_MENDED]
    cursor.execute(
        LOOK_UP,
        {
            "terms": [questions.TOTAL, *question.terms()],
            "words": [word for word, _ in asked],
            "stems": [stem for _, stem in asked],
        },
    )
    known: dict[str, tuple[int, int]] = {}
    alike: dict[str, list[Candidate]] = {}
    for term, identity, documents, word, candidate in cursor.fetchall():
        if documents:
            known[term] = (identity, documents)
        if word and term[0] != "=":
            alike.setdefault(word, []).append(Candidate(candidate, term, documents))
    _, total = known.pop(questions.TOTAL, (0, 0))
    return Vocabulary(total, known, alike)


def rank(
    cursor: Any,
    wanted: Sequence[Wanted],
    least: float,
    facets: Mapping[str, str],
    *,
    offset: int,
    limit: int,
) -> Ranked:
    """One query: the functions that say what is wanted, best first. `least` is what an answer must say."""
    rare = [row.term_id for row in wanted if row.documents <= COMMON]
    has_common = 0 < len(rare) < len(wanted)
    sql = RANK.format(
        only_with_rare=ONLY_WITH_RARE if has_common else "",
        facets=" ".join(FACETS[name] for name in facets),
        columns=rows.columns(),
        joins=rows.JOINS,
    )
    cursor.execute(
        sql,
        {
            "term": [row.term_id for row in wanted],
            "concept": [row.concept for row in wanted],
            "option": [row.option for row in wanted],
            "weight": [row.weight for row in wanted],
            "whole": [row.whole for row in wanted],
            "rare": rare,
            "phrases": MOST_CONCEPTS,
            "least": least * OF_THE_QUERY,
            "of_the_best": OF_THE_BEST,
            "limit": limit,
            "offset": offset,
            **facets,
        },
    )
    found = cursor.fetchall()
    return Ranked(
        found[0][0],
        [Row(rows.function(values[3:]), values[1], values[2]) for values in found if values[1] is not None],
    )
