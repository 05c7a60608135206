"""Text folded so that every way of writing the same thing meets, and cut into what search counts."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path

from opencc import OpenCC

from services.search import stems

LONGEST = 200  # characters of a query or a text that are read
LONGEST_PHRASE = 9  # words or characters of a keyword that is known as a whole
CJK = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
ATOM = re.compile(rf"[a-z0-9]+|[{CJK}]")
JOINERS = re.compile(r"(?<=[a-z0-9])['’`](?=[a-z])|(?<=\b[a-z])&(?=[a-z]\b)")  # driver's, a&e
HYPHENS = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)+")
# Two converters: hk2s knows the variants written in Hong Kong (衞, 裏), t2s all other Traditional writing.
FROM_HONG_KONG, FROM_TRADITIONAL = OpenCC("hk2s"), OpenCC("t2s")


@dataclass(frozen=True, slots=True)
class Atom:
    """A Latin word or number, or one Chinese character, where it stands in the folded text."""

    text: str
    start: int
    end: int

    @property
    def is_chinese(self) -> bool:
        return self.text[0] > "z"

    @property
    def stem(self) -> str:
        return self.text if self.is_chinese else stems.stem(self.text)


@lru_cache(maxsize=20_000)
def simplified(text: str) -> str:
    result: str = FROM_TRADITIONAL.convert(FROM_HONG_KONG.convert(text))
    return result


@cache
def _rewriting() -> tuple[re.Pattern[str], dict[str, str]]:
    """Cantonese and regional words with what they are read as, both already simplified."""
    with (Path(__file__).parent / "lexicon" / "folds.csv").open(encoding="utf-8", newline="") as file:
        meant = {simplified(row["written"]): simplified(row["meant"]) for row in csv.DictReader(file)}
    longest_first = sorted(meant, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))), meant


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """Lower case, half width, no accents, no control characters, Simplified characters, one word for one thing."""
    text = unicodedata.normalize("NFKC", text[:LONGEST])[:LONGEST]
    text = "".join(" " if unicodedata.category(char) in {"Cc", "Cs"} else char for char in text).lower()
    text = "".join(char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char))
    text = unicodedata.normalize("NFC", text)
    pattern, meant = _rewriting()
    # Twice: 唔見 becomes 不見, which may be part of a longer entry.
    for _ in range(2):
        text = pattern.sub(lambda found: meant[found.group()], simplified(text))
    return JOINERS.sub("", text)


@lru_cache(maxsize=4096)
def atoms(folded: str) -> tuple[Atom, ...]:
    return tuple(Atom(found.group(), found.start(), found.end()) for found in ATOM.finditer(folded))


def runs(found: Sequence[Atom]) -> Iterator[list[Atom]]:
    """Neighbouring Chinese characters together; each Latin word by itself."""
    run: list[Atom] = []
    for atom in found:
        if run and not (atom.is_chinese and run[-1].is_chinese and run[-1].end == atom.start):
            yield run
            run = []
        run.append(atom)
    if run:
        yield run


def joined(folded: str) -> set[str]:
    """What is written with a hyphen, as one word: e-cert -> ecert."""
    return {found.group().replace("-", "") for found in HYPHENS.finditer(folded)}


def phrase(found: Sequence[Atom]) -> str:
    """The whole as one term, whatever stood between its parts."""
    text = ""
    for atom in found:
        gap = " " if text and not (atom.is_chinese or text[-1] > "z") else ""
        text += gap + atom.stem
    return f"={text}"


def terms(found: Sequence[Atom]) -> list[str]:
    """Stems of Latin words, overlapping pairs of Chinese characters, lone characters as they are."""
    result = []
    for run in runs(found):
        if not run[0].is_chinese:
            result.append(run[0].stem)
        elif len(run) == 1:
            result.append(run[0].text)
        else:
            result += [first.text + second.text for first, second in pairwise(run)]
    return result


@lru_cache(maxsize=4096)
def terms_of(written: str) -> tuple[str, ...]:
    """Those of a whole text; departments and summaries come again and again."""
    return tuple(dict.fromkeys(terms(atoms(fold(written)))))
