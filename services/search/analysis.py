"""What a function says to search: the terms of its published version, and how much each says about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from services import languages
from services.registry.models import FunctionVersion, ServiceFunction
from services.search import lexicon, text

KEYWORD, NAME, DEPARTMENT, SUMMARY = 1.0, 0.75, 0.25, 0.06
LONE_CHARACTER = 0.5  # of the weight that a pair of characters has there
AGAIN = 0.15  # of what a term's other places would weigh
LEADING, PLAIN, INSIDE, OF_ITS_KIND = 1.0, 0.9, 0.35, 0.6  # how surely a word names what the function does
# The kind of a function as its department chose it, as the action words of a query name it.
KINDS = {"enquire": "search", "appeal": "object", "declare": ""}
# What someone does who has the thing already; who names the thing alone more often wants the thing.
SECONDARY = {"cancel", "transfer", "amend", "replace", "status"}
FOR_CITIZENS, OFF_THE_MAIN_PATH = 0.05, 0.08


@dataclass
class Analysis:
    """Everything of one function that the index keeps."""

    weights: dict[str, float] = field(default_factory=dict)  # by term
    words: dict[str, str] = field(default_factory=dict)  # English word -> its term
    prior: float = 1.0
    handle: str = ""

    def add(self, term: str, weight: float) -> None:
        before = self.weights.get(term, 0)
        self.weights[term] = max(before, weight) + AGAIN * min(before, weight)

    def add_text(self, written: str, weight: float, *, is_phrase: bool = False) -> None:
        folded = text.fold(written)
        found = text.atoms(folded)
        for term in dict.fromkeys(text.terms(found)):
            self.add(term, weight)
        for word in text.joined(folded) | set(_pairs(found) if is_phrase else ()):
            self.add(text.stems.stem(word), weight)
        for atom in found:
            if not atom.is_chinese and len(atom.text) > 1:
                self.words[atom.text] = atom.stem
        if is_phrase:
            for character in {atom.text for atom in found if atom.is_chinese}:
                self.add(character, weight * LONE_CHARACTER)


def _pairs(found: list[text.Atom]) -> Iterable[str]:
    """Two short English words written as one: trade mark -> trademark."""
    for first, second in zip(found, found[1:], strict=False):
        if not first.is_chinese and not second.is_chinese and len(first.text) + len(second.text) <= 12:
            yield first.text + second.text


def analyse(function: ServiceFunction) -> Analysis:
    """Of its published version; the department and the version come with the row."""
    version = function.published
    assert version is not None
    names = list(dict.fromkeys(name for name in languages.names_of(version).values() if name))
    analysis = Analysis()
    for keyword in version.keywords:
        analysis.add_text(keyword, KEYWORD, is_phrase=True)
        _add_phrases(analysis, keyword, KEYWORD)
    for name in names:
        analysis.add_text(name, NAME, is_phrase=True)
        _add_phrases(analysis, name, NAME)
    for name in {*languages.names_of(function.department).values(), function.department.code}:
        analysis.add_text(name, DEPARTMENT)
    for summary in languages.names_of(version, "summary").values():
        analysis.add_text(summary, SUMMARY)
    actions = _actions(version, names)
    for action, weight in actions.items():
        analysis.weights[f"@{action}"] = weight
    main = max(actions, key=lambda action: actions[action], default="")
    analysis.prior += FOR_CITIZENS * ("citizen" in version.audience)
    analysis.prior -= OFF_THE_MAIN_PATH * (main in SECONDARY)
    analysis.handle = " ".join([function.code.replace("-", " "), *map(text.fold, names)])
    return analysis


def _add_phrases(analysis: Analysis, written: str, weight: float) -> None:
    """The whole, and what is left of it without the words that only say what is done."""
    words = lexicon.load()
    found = text.atoms(text.fold(written))
    content = lexicon.without_stop_words(found)
    analysis.add(text.phrase(content), weight)
    start, end = 0, len(content)
    while start < end and content[start].stem in words.actions:
        start += 1
    rest = content[start:end]
    if rest and rest != content:
        analysis.add(text.phrase(rest), weight)


def _actions(version: FunctionVersion, names: list[str]) -> dict[str, float]:
    """What can be done with it, with how surely: its name begins with it, a keyword is it, or it is of that kind."""
    result: dict[str, float] = {}

    def note(action: str, weight: float) -> None:
        result[action] = max(weight, result.get(action, 0))

    if kind := KINDS.get(version.action, version.action):
        note(kind, OF_ITS_KIND)
    for name in names:
        for number, (action, _is_whole) in enumerate(lexicon.actions_in(name)):
            note(action, INSIDE if number else LEADING)
    for keyword in version.keywords:
        for action, is_whole in lexicon.actions_in(keyword):
            note(action, PLAIN if is_whole else INSIDE)
    return result
