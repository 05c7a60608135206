"""A query taken apart: what it is about, in how many ways that may be written, and what each way weighs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from services.search import lexicon, text
from services.search.lexicon import Meaning
from services.search.spelling import Candidate, likeliest
from services.search.stems import stem

MOST_ATOMS = 32  # words or characters that are looked at
MOST_CONCEPTS = 30  # they are numbered in the bits of an integer
# Weights of weak evidence, where a word of its own has 1.
STRADDLING = 0.5  # two Chinese characters that belong to two words
AT_AN_ACTION = 0.5  # of that, where one of them says what to do
NEIGHBOURS = 0.3  # two English words side by side
ONE_CHARACTER = 0.9  # a Chinese word of one character
HALF_OF_A_WORD = 0.4  # of that, where it may be but a part of a longer one
LONE = 0.4  # any other character by itself
WHOLE_KEYWORD = 0.65  # what a keyword that is the whole query adds, as a share of what its rarity says
ACTION = 4.0  # what an action says at least; and where every second function has it:
ACTIONS = {"@apply": 1.0, "@register": 1.0, "@search": 3.5}
UNKNOWN = 4.0  # what a word that stands nowhere might have said
MOST_UNKNOWN = 12.0  # that many of them might have said together
LEAST_FOR_SYNONYMS = 4.5  # what another name may say for a word that itself says less
SAYS_LITTLE = 1.6  # of a word that is so common, other names for it are not looked for
SPELLING = 0.85  # strength of a corrected or completed word
TOTAL = ""  # the term whose count is that of all functions


@dataclass
class Concept:
    """One thing the query says. The first option is in the person's own words."""

    words: str
    options: list[Meaning]
    weight: float = 1.0
    is_sure: bool = True  # its absence counts against a function
    share: float = 0.0  # of the query
    beside: tuple[str, ...] = ()  # of one Chinese character: the pairs that it may only be a half of, as 交 in 交通


@dataclass
class Question:
    folded: str = ""
    concepts: list[Concept] = field(default_factory=list)
    phrases: dict[str, float] = field(default_factory=dict)  # `=keyword` -> share of the query that it is
    words: list[tuple[str, str]] = field(default_factory=list)  # English words that say something, with their stems
    characters: list[str] = field(default_factory=list)  # Chinese ones, for when no pair of them is known
    last: str = ""  # the word that is perhaps not finished yet

    def terms(self) -> set[str]:
        """All that the index is asked about."""
        options = [option for concept in self.concepts for option in concept.options]
        spoken = {term for option in options for term in (*option.terms, option.phrase)}
        return (spoken | set(self.phrases) | set(self.characters)) - {""}

    def terms_of(self, concepts: int) -> set[str]:
        """Those of the concepts whose bits are set."""
        return {
            term
            for number, concept in enumerate(self.concepts)
            if concepts >> number & 1
            for option in concept.options
            for term in option.terms
        }


def understand(query: str) -> Question:
    """Of any text at all, with no look at the index."""
    words = lexicon.load()
    folded = text.fold(query)
    found = text.atoms(folded)[:MOST_ATOMS]
    question = Question(folded=folded)
    spoken: Sequence[text.Atom] = text.atoms(words.stop_chinese.sub(lambda stop: " " * len(stop.group()), folded))[
        :MOST_ATOMS
    ]
    question.concepts += _english([atom for atom in spoken or found if not atom.is_chinese])
    spoken = lexicon.without_stop_words(spoken or found)
    english = [atom for atom in spoken if not atom.is_chinese]
    for run in text.runs([atom for atom in spoken if atom.is_chinese]):
        question.concepts += _chinese(run, folded)
    question.concepts += _mixed(folded)
    once = {concept.words: concept for concept in reversed(question.concepts)}
    question.concepts = list(reversed(once.values()))[:MOST_CONCEPTS]
    for concept in question.concepts:
        concept.share = min(1.0, len(text.atoms(concept.words)) / max(len(spoken), 1))
    question.characters = list(dict.fromkeys(atom.text for atom in spoken if atom.is_chinese))
    question.words = [(atom.text, atom.stem) for atom in english]
    if english and english[-1].end == len(folded):
        question.last = english[-1].text
    question.phrases = _phrases(lexicon.without_stop_words(found), len(spoken))
    return question


def _english(found: Sequence[text.Atom]) -> Iterator[Concept]:
    """Each word, or several that mean something together, and neighbours as a pair."""
    words = lexicon.load()
    content = lexicon.without_stop_words(found)
    start = 0
    while start < len(found):
        size = _known_words(found[start : start + words.longest])
        part = found[start : start + size]
        if size > 1 or part[0] in content:
            key = " ".join(atom.stem for atom in part)
            own = Meaning(tuple(atom.stem for atom in lexicon.without_stop_words(part)), 1)
            yield Concept(" ".join(atom.text for atom in part), [own, *words.meanings.get(key, ())])
        start += size
    for first, second in pairwise(content):
        options = [
            Meaning((f"{first.stem} {second.stem}",), 1),
            Meaning((stem(first.text + second.text),), 1),
        ]
        yield Concept(f"{first.text} {second.text}", options, NEIGHBOURS, is_sure=False)


def _known_words(found: Sequence[text.Atom]) -> int:
    """How many of these, from the first on, the lexicon knows as one expression; at least 1."""
    meanings = lexicon.load().meanings
    for size in range(len(found), 1, -1):
        if " ".join(atom.stem for atom in found[:size]) in meanings:
            return size
    return 1


def _chinese(run: Sequence[text.Atom], folded: str) -> Iterator[Concept]:
    """Known words with what else they are called; pairs of characters for the rest."""
    words = lexicon.load()
    begin, end = run[0].start, run[-1].end
    spans = [match.span() for match in words.chinese.finditer(folded, begin, end)]
    for start, stop in spans:
        yield _known_word(folded[start:stop], start, folded)
    acts = {position for start, stop in spans if folded[start:stop] in words.actions for position in range(start, stop)}
    inside = {position for start, stop in spans for position in range(start, stop)}
    together = {(position, position + 1) for start, stop in spans for position in range(start, stop - 1)}
    for first, second in pairwise(range(begin, end)):
        if (first, second) not in together:
            is_loose = first not in inside and second not in inside
            pair = folded[first : second + 1]
            weight = 1 if is_loose else STRADDLING * (AT_AN_ACTION if {first, second} & acts else 1)
            yield Concept(pair, [Meaning((pair,), 1)], weight, is_sure=is_loose)
    for position in range(begin, end):
        neighbours = {position - 1, position + 1} & set(range(begin, end))
        if position not in inside and neighbours <= inside:
            yield Concept(folded[position], [Meaning((folded[position],), 1)], LONE, is_sure=False)


def _known_word(word: str, start: int, folded: str) -> Concept:
    words = lexicon.load()
    options = [Meaning(tuple(text.terms(text.atoms(word))), 1), *words.meanings[word]]
    if len(word) > 1:
        return Concept(word, options)
    beside = (folded[start - 1 : start + 1] if start else "", folded[start : start + 2])
    return Concept(word, options, ONE_CHARACTER, is_sure=False, beside=beside)


def _mixed(folded: str) -> Iterator[Concept]:
    """Known words of Latin letters and Chinese characters together, such as 生BB."""
    words = lexicon.load()
    for match in words.chinese.finditer(folded):
        if any(char.isascii() for char in match.group()):
            own = Meaning(tuple(text.terms(text.atoms(match.group()))), 1)
            yield Concept(match.group(), [own, *words.meanings[match.group()]], is_sure=False)


def _phrases(found: Sequence[text.Atom], spoken: int) -> dict[str, float]:
    """Every stretch of the query as the keyword that it may be, with the share of the query it covers."""
    result: dict[str, float] = {}
    for start in range(len(found)):
        for size in range(1, min(text.LONGEST_PHRASE, len(found) - start) + 1):
            part = found[start : start + size]
            if size > 1 or not part[0].is_chinese or len(found) == 1:
                phrase = text.phrase(part)
                result[phrase] = max(min(1.0, size / max(spoken, 1)), result.get(phrase, 0))
    return result


@dataclass(frozen=True)
class Vocabulary:
    """What the index knows of a question's terms."""

    total: int  # functions in the index
    known: dict[str, tuple[int, int]]  # term -> its id, functions that it stands in
    alike: dict[str, list[Candidate]]  # unknown English word -> known ones that look like it

    def rarity(self, term: str) -> float:
        if term not in self.known:
            return 0.0
        rarity = math.log(1 + self.total / self.known[term][1])
        return max(rarity, ACTIONS.get(term, ACTION)) if term[0] == "@" else rarity


@dataclass(frozen=True)
class Wanted:
    """One row of what the index is asked for: a term, as part of an option of a concept."""

    term_id: int
    concept: int
    option: int
    weight: float
    whole: float  # what all terms of the option weigh together, the unknown ones too
    documents: int


def mend(question: Question, vocabulary: Vocabulary) -> dict[str, str]:
    """Let unknown words also mean the known ones that they look like. Returns the errors mended: written -> meant."""
    mended: dict[str, str] = {}
    for concept in question.concepts:
        candidates = vocabulary.alike.get(concept.words, []) if _is_strange(concept.words) else []
        chosen, is_error = likeliest(concept.words, candidates, is_last=concept.words == question.last)
        concept.options += [Meaning((each.term,), SPELLING, f"={each.term}") for each in chosen]
        if is_error:
            mended[concept.words] = chosen[0].word
    return mended


def _is_strange(word: str) -> bool:
    """Not an English word that is known to be spelt so."""
    words = lexicon.load()
    return word not in words.spelt and lexicon.key(word) not in words.meanings


def weigh(question: Question, vocabulary: Vocabulary) -> tuple[list[Wanted], float]:
    """What to ask the index for, and the score that a function would have which says it all."""
    rows: list[Wanted] = []
    best = unknown = 0.0
    phrases = {phrase: WHOLE_KEYWORD * share for phrase, share in question.phrases.items()}
    for number, concept in enumerate(question.concepts):
        own = _said(concept.options[0], vocabulary)
        weight = concept.weight * (HALF_OF_A_WORD if any(pair in vocabulary.known for pair in concept.beside) else 1)
        missing = UNKNOWN * sum(term not in vocabulary.known for term in concept.options[0].terms)
        reached = 0.0
        for place, option in enumerate(concept.options):
            said = _said(option, vocabulary)
            if said and (not place or option.terms[0][0] == "@" or not 0 < own < SAYS_LITTLE):
                limit = said if option.terms[0][0] == "@" or not place else max(own + missing, LEAST_FOR_SYNONYMS)
                worth = weight * option.strength * min(said, limit)
                rows += _rows(option.terms, vocabulary, number, place, worth)
                reached = max(reached, worth)
            if option.phrase in vocabulary.known:
                share = WHOLE_KEYWORD * option.strength * concept.share
                phrases[option.phrase] = max(share, phrases.get(option.phrase, 0))
        if concept.is_sure:
            best += reached
            unknown += 0.0 if own or reached else UNKNOWN
    if not rows:
        characters = [Meaning((character,), LONE) for character in question.characters]
        for number, character in enumerate(characters[:MOST_CONCEPTS]):
            rows += _rows(
                character.terms, vocabulary, number, 0, character.strength * vocabulary.rarity(character.terms[0])
            )
    for place, (phrase, scale) in enumerate(phrases.items()):
        rows += _rows((phrase,), vocabulary, MOST_CONCEPTS, place, scale * vocabulary.rarity(phrase))
    return rows, best + min(unknown, MOST_UNKNOWN)


def _said(option: Meaning, vocabulary: Vocabulary) -> float:
    """What an option says in all. The pairs of one Chinese word overlap, so that each says less than it would alone."""
    said = sum(map(vocabulary.rarity, option.terms))
    return said / math.sqrt(len(option.terms)) if option.terms[0][0] > "z" else said


def _rows(terms: Iterable[str], vocabulary: Vocabulary, concept: int, option: int, worth: float) -> Iterator[Wanted]:
    """The terms share the worth by their rarity; unknown ones leave their part of it unsaid."""
    rarities = {term: vocabulary.rarity(term) for term in terms}
    known = sum(rarities.values())
    unknown = UNKNOWN * sum(not rarity for rarity in rarities.values())
    whole = worth * (1 + unknown / known) if known else 0.0
    for term, rarity in rarities.items():
        if rarity:
            identity, documents = vocabulary.known[term]
            yield Wanted(identity, concept, option, worth * rarity / known, whole, documents)
