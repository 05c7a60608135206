"""What a function says to search: the terms of its published version, and how much each says about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, pairwise

from services import languages
from services.registry.models import FunctionVersion, ServiceFunction
from services.search import lexicon, text
from services.search.stems import stem

KEYWORD, NAME, DEPARTMENT, SUMMARY = 1.0, 0.8, 0.25, 0.06  # with its department a function's code
WHOLE, WITHOUT_ACTION = 1.0, 0.7  # of a keyword or name that is said completely, or but for what is done with it
SHARED = 0.2  # of a term's weight that the words beside it share
LONE_CHARACTER = 0.5  # of the weight that a pair of characters has there
AGAIN = 0.15  # of what a term's other places would weigh
LEADING, PLAIN, INSIDE, OF_ITS_KIND = 1.0, 0.9, 0.35, 0.6  # how surely a word names what the function does
# The kind of a function as its department chose it, as the action words of a query name it.
KINDS = {"enquire": "search", "appeal": "object", "declare": ""}
# What someone does who has the thing already; who names the thing alone more often wants the thing.
SECONDARY = {
    "status": 0.15,
    "cancel": 0.12,
    "transfer": 0.12,
    "amend": 0.12,
    "replace": 0.1,
    "search": 0.1,
    "renew": 0.05,
}
FOR_CITIZENS = 0.05
LONGEST_JOINED = 12  # letters of two words that may also be written as one


@dataclass
class Analysis:
    """Everything of one function that the index keeps."""

    weights: dict[str, float] = field(default_factory=dict)  # by term
    words: dict[str, str] = field(default_factory=dict)  # English word -> its term
    prior: float = 1.0
    handle: str = ""

    def add(self, place: Mapping[str, float]) -> None:
        """Terms of one place, with their weights there. Standing in two places says a little more than in one."""
        for term, weight in place.items():
            before = self.weights.get(term, 0)
            self.weights[term] = max(before, weight) + AGAIN * min(before, weight)

    def learn(self, written: Iterable[str]) -> None:
        """Remember the English words as they are spelt."""
        for each in written:
            self.words |= _spellings(each)


@lru_cache(maxsize=4096)
def _spellings(written: str) -> dict[str, str]:
    found = text.atoms(text.fold(written))
    return {atom.text: atom.stem for atom in found if not atom.is_chinese and len(atom.text) > 1}


def _ways_to_say(each: str) -> Iterator[tuple[str, float]]:
    """The whole, the whole without what is done with it, neighbouring words, and words written as one."""
    folded = text.fold(each)
    content = lexicon.without_stop_words(text.atoms(folded))
    for phrase, weight in ((content, WHOLE), (lexicon.without_actions(content), WITHOUT_ACTION)):
        if 0 < len(phrase) <= text.LONGEST_PHRASE:
            yield text.phrase(phrase), weight
    for word in text.joined(folded):
        yield stem(word), WHOLE
    for first, second in pairwise(content):
        if not (first.is_chinese or second.is_chinese):
            yield f"{first.stem} {second.stem}", WHOLE
            if len(first.text) + len(second.text) <= LONGEST_JOINED:
                yield stem(first.text + second.text), WHOLE  # trade mark, trademark


def _place(written: Iterable[str], weight: float) -> dict[str, float]:
    """The terms of keywords or names. One that is nearly all of its keyword says more than one of many."""
    result: dict[str, float] = {}
    for each in written:
        terms = text.terms_of(each)
        share = weight * (1 - SHARED + SHARED / max(len(terms), 1))
        for term, said in [*dict.fromkeys(terms, share).items(), *_ways_to_say(each)]:
            result[term] = max(said, result.get(term, 0))
        for character in _characters(each):
            result.setdefault(character, weight * LONE_CHARACTER)
    return result


def _characters(written: str) -> set[str]:
    return {atom.text for atom in text.atoms(text.fold(written)) if atom.is_chinese}


def analyse(function: ServiceFunction) -> Analysis:
    """Of its published version; the department and the version come with the row."""
    version = function.published
    assert version is not None
    names = list(dict.fromkeys(name for name in languages.names_of(version).values() if name))
    analysis = Analysis()
    departments = {*languages.names_of(function.department).values(), function.department.code}
    summaries = set(languages.names_of(version, "summary").values())
    for weight, place in ((KEYWORD, version.keywords), (NAME, names)):
        analysis.add(_place(place, weight))
    analysis.add(dict.fromkeys(chain(*map(text.terms_of, departments)), DEPARTMENT))
    analysis.add(dict.fromkeys(chain(*map(text.terms_of, summaries)), SUMMARY))
    analysis.learn([*version.keywords, *names, *departments, *summaries])
    actions = _actions(version, names)
    for action, weight in actions.items():
        analysis.weights[f"@{action}"] = weight
    analysis.prior += FOR_CITIZENS * ("citizen" in version.audience)
    analysis.prior -= max((SECONDARY[action] for action in SECONDARY if actions.get(action, 0) >= PLAIN), default=0)
    analysis.handle = " ".join([function.code.replace("-", " "), *map(text.fold, names)])
    return analysis


def _actions(version: FunctionVersion, names: list[str]) -> dict[str, float]:
    """What can be done with it, with how surely: its name begins with it, a keyword is it, or it is of that kind."""
    result: dict[str, float] = {}

    def note(action: str, weight: float) -> None:
        result[action] = max(weight, result.get(action, 0))

    if kind := KINDS.get(version.action, version.action):
        note(kind, OF_ITS_KIND)
    for name in names:
        said = lexicon.actions_in(name)
        for number, (action, _is_whole) in enumerate(said, start=1):
            # English says first what is done, Chinese often last: 護士註冊續期.
            is_main = number == 1 or (number == len(said) and not name.isascii())
            note(action, LEADING if is_main else INSIDE)
    for keyword in version.keywords:
        for action, is_whole in lexicon.actions_in(keyword):
            note(action, PLAIN if is_whole else INSIDE)
    if result.get("status", 0) >= PLAIN:
        result["search"] = INSIDE  # "Check an application" is not about whether something is genuine
    return result
