"""What words mean to a public office in Hong Kong: synonyms, action words and words that say nothing.

The words are data (`lexicon/*.csv`), written in Traditional Chinese and English, read once per process.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from services.search import text

FOLDER = Path(__file__).parent / "lexicon"
STRENGTHS = {"same": 0.9, "near": 0.6}  # of a synonym, where the person's own word has 1
NEAR_ACTION = 0.6


@dataclass(frozen=True)
class Meaning:
    """A way to say what a word of the query says: its terms, and how surely it means the same."""

    terms: tuple[str, ...]
    strength: float


@dataclass(frozen=True)
class Lexicon:
    meanings: dict[str, tuple[Meaning, ...]]  # by the folded word or words; English ones by their stems
    chinese: re.Pattern[str]  # every such word that has Chinese characters, longest first
    longest: int  # English words in the longest of the others
    actions: dict[str, str]  # the words that name an action, as in `meanings`, and which
    stop: frozenset[str]  # English words that say nothing
    stop_chinese: re.Pattern[str]


def key(words: str) -> str:
    """As `meanings` knows it: Chinese folded, English stemmed."""
    folded = text.fold(words).strip()
    found = text.atoms(folded)
    return folded if any(atom.is_chinese for atom in found) else " ".join(atom.stem for atom in found)


@cache
def load() -> Lexicon:
    stop, stop_chinese = _stop_words()
    meanings: dict[str, dict[tuple[str, ...], float]] = defaultdict(dict)
    for strength, members in _groups():
        for word in members:
            for terms in {members[other] for other in members if other != word}:
                meanings[word][terms] = max(strength, meanings[word].get(terms, 0))
    actions = {}
    for row in _rows("actions.csv"):
        for word in map(key, row["words"].split(";")):
            actions.setdefault(word, row["action"])
            meanings[word][(f"@{row['action']}",)] = 1
            if row["near"]:
                meanings[word].setdefault((f"@{row['near']}",), NEAR_ACTION)
    chinese = sorted((word for word in meanings if not word.isascii()), key=len, reverse=True)
    return Lexicon(
        meanings={
            word: tuple(Meaning(terms, strength) for terms, strength in options.items())
            for word, options in meanings.items()
        },
        chinese=re.compile("|".join(map(re.escape, chinese))),
        longest=max(word.count(" ") + 1 for word in meanings if word.isascii()),
        actions=actions,
        stop=stop,
        stop_chinese=stop_chinese,
    )


def without_stop_words(found: list[text.Atom]) -> list[text.Atom]:
    """What is left; all of it if there is nothing else."""
    stop = load().stop
    return [atom for atom in found if atom.text not in stop] or found


def actions_in(words: str) -> list[tuple[str, bool]]:
    """The actions that words of a function name, in order, each with whether it is all that they say.

    Single Chinese characters are left out: 交 pays, but not in 交通.
    """
    actions = load().actions
    folded = text.fold(words)
    found = text.atoms(folded)
    result = []
    for size in range(1, 4):
        for start in range(len(found) - size + 1):
            part = found[start : start + size]
            if not any(atom.is_chinese for atom in part):
                if action := actions.get(" ".join(atom.stem for atom in part)):
                    result.append((part[0].start, action, size == len(found)))
    for match in load().chinese.finditer(folded):
        if len(match.group()) > 1 and (action := actions.get(match.group())):
            result.append((match.start(), action, match.group() == folded.strip()))
    return [(action, is_whole) for _, action, is_whole in sorted(result)]


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _groups() -> Iterator[tuple[float, dict[str, tuple[str, ...]]]]:
    for row in _rows("synonyms.csv"):
        words = [text.fold(word).strip() for word in row["words"].split(";")]
        yield STRENGTHS[row["kind"]], {key(word): tuple(text.terms(text.atoms(word))) for word in words}


def _stop_words() -> tuple[frozenset[str], re.Pattern[str]]:
    words = {row["language"]: row["words"].split() for row in _rows("stopwords.csv")}
    return frozenset(words["en"]), _longest_first(text.fold(word) for word in words["zh"])


def _longest_first(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted({word for word in words if word}, key=len, reverse=True))))
