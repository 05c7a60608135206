"""What words mean to a public office in Hong Kong: synonyms, action words and words that say nothing.

The words are data (`lexicon/*.csv`), written in Traditional Chinese and English, read once per process.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import permutations
from pathlib import Path

from services.search import text

FOLDER = Path(__file__).parent / "lexicon"
STRENGTHS = {"same": 0.9, "near": 0.75}  # of a synonym, where the person's own word has 1
NEAR_ACTION = 0.4


@dataclass(frozen=True)
class Meaning:
    """A way to say what a word of the query says: its terms, and how surely it means the same."""

    terms: tuple[str, ...]
    strength: float
    phrase: str = ""  # the same as one whole keyword


@dataclass(frozen=True)
class Lexicon:
    meanings: dict[str, tuple[Meaning, ...]]  # by the folded word or words; English ones by their stems
    chinese: re.Pattern[str]  # every such word that has Chinese characters, longest first
    longest: int  # English words in the longest of the others
    actions: dict[str, str]  # the words that name an action, as in `meanings`, and which
    stop: frozenset[str]  # English words that say nothing
    spelt: frozenset[str]  # everyday English words, which are right even where no function has them
    stop_chinese: re.Pattern[str]


def key(words: str) -> str:
    """As `meanings` knows it: Chinese folded, English stemmed."""
    folded = text.fold(words).strip()
    found = text.atoms(folded)
    return folded if any(atom.is_chinese for atom in found) else " ".join(atom.stem for atom in found)


@cache
def load() -> Lexicon:
    stop, stop_chinese = _stop_words()
    meanings: dict[str, dict[str, Meaning]] = defaultdict(dict)
    for strength, members in _groups():
        for word, other in permutations(members, 2):
            before = meanings[word].get(other)
            if before is None or before.strength < strength:
                meanings[word][other] = Meaning(members[other], strength, f"={other}")
    actions: dict[str, str] = {}
    for row in _rows("actions.csv"):
        own, near = f"@{row['action']}", f"@{row['near']}"
        for word in map(key, row["words"].split(";")):
            actions.setdefault(word, row["action"])
            meanings[word][own] = Meaning((own,), 1)
            if row["near"]:
                meanings[word].setdefault(near, Meaning((near,), NEAR_ACTION))
    chinese = sorted((word for word in meanings if not word.isascii()), key=len, reverse=True)
    return Lexicon(
        meanings={word: tuple(options.values()) for word, options in meanings.items()},
        chinese=re.compile("|".join(map(re.escape, chinese))),
        longest=max(word.count(" ") + 1 for word in meanings if word.isascii()),
        actions=actions,
        stop=stop,
        spelt=frozenset(_words("spelt")),
        stop_chinese=stop_chinese,
    )


def without_actions(found: Sequence[text.Atom]) -> Sequence[text.Atom]:
    """Without the words at both ends that only say what is done: renew, 申請."""
    actions = load().actions
    start, end = 0, len(found)
    while size := _action_at(found, range(start, end), actions):
        start += size
    while size := _action_at(found, range(end, start, -1), actions):
        end -= size
    return found[start:end]


def _action_at(found: Sequence[text.Atom], places: range, actions: Mapping[str, str]) -> int:
    """Atoms of the action word at the beginning of `places`, or at its end where it counts down; 0 for none."""
    for size in range(min(4, len(places)), 0, -1):
        part = found[places[0] : places[0] + size] if places.step > 0 else found[places[0] - size : places[0]]
        is_chinese = [atom.is_chinese for atom in part]
        if all(is_chinese) and size > 1 and "".join(atom.text for atom in part) in actions:
            return size
        if not any(is_chinese) and " ".join(atom.stem for atom in part) in actions:
            return size
    return 0


def without_stop_words(found: Sequence[text.Atom]) -> Sequence[text.Atom]:
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
            is_english = not any(atom.is_chinese for atom in part)
            if is_english and (action := actions.get(" ".join(atom.stem for atom in part))):
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
        yield STRENGTHS[row["kind"]], {key(word): _terms(word) for word in words}


def _terms(folded: str) -> tuple[str, ...]:
    stop, _ = _stop_words()
    found = text.atoms(folded)
    return tuple(text.terms([atom for atom in found if atom.text not in stop] or found))


@cache
def _stop_words() -> tuple[frozenset[str], re.Pattern[str]]:
    return frozenset(_words("en")), _longest_first(map(text.fold, _words("zh")))


def _words(kind: str) -> list[str]:
    return next(row["words"].split() for row in _rows("everyday.csv") if row["kind"] == kind)


def _longest_first(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted({word for word in words if word}, key=len, reverse=True))))
