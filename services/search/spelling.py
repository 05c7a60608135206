"""Typing errors mended and half-typed words finished, from the words of the index."""

from __future__ import annotations

from dataclasses import dataclass

SHORTEST_MENDED = 5  # letters; below, almost any word is one error away from another
TWO_ERRORS_FROM = 8  # letters
SHORTEST_FINISHED = 3
MOST = 3  # words that one word may have meant


@dataclass(frozen=True)
class Candidate:
    word: str
    term: str
    documents: int  # functions with the term


def likeliest(word: str, candidates: list[Candidate], *, is_last: bool) -> tuple[list[Candidate], bool]:
    """What was meant, likeliest first, and whether that mends an error (and does not only finish the word)."""
    if not word.isalpha():
        return [], False
    finished = [each for each in candidates if each.word.startswith(word)]
    if is_last and finished and len(word) >= SHORTEST_FINISHED:
        return sorted(finished, key=lambda each: (len(each.word), -each.documents))[:MOST], False
    if len(word) < SHORTEST_MENDED:
        return [], False
    limit = 2 if len(word) >= TWO_ERRORS_FROM else 1
    mended = sorted(
        (
            (errors, each.word[0] != word[0], abs(len(each.word) - len(word)), -each.documents, each)
            for each in candidates
            if (errors := distance(word, each.word, limit)) <= limit
        ),
        key=lambda row: row[:4],
    )
    return [row[-1] for row in mended if row[0] == mended[0][0]][:MOST], bool(mended)


def distance(one: str, other: str, limit: int) -> int:
    """Letters to add, drop, change or swap with their neighbour; above `limit` only that it is above."""
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for place, letter in enumerate(one, start=1):
        last, before, row = before, row, [place]
        for column, wanted in enumerate(other, start=1):
            cost = min(before[column] + 1, row[-1] + 1, before[column - 1] + (letter != wanted))
            if place > 1 and column > 1 and letter == other[column - 2] and one[place - 2] == wanted:
                cost = min(cost, last[column - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
    return row[-1]
