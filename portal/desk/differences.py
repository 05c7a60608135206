"""What changed between two versions of a function, so that a person can judge it."""

import difflib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from portal.desk import questions
from portal.desk.questions import Row
from services.languages import CODES
from services.registry.completeness import LANGUAGES
from services.registry.models import FunctionVersion


@dataclass(frozen=True)
class Fact:
    """One thing that was said otherwise before."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Question:
    """A question of the form that was added, removed, moved or changed."""

    title: str
    verb: str  # added, removed, changed, moved
    facts: list[Fact] = field(default_factory=list)


@dataclass(frozen=True)
class Line:
    """A line of a document: `same`, `added` or `removed`; `gap` where unchanged lines are left out."""

    state: str
    text: str


@dataclass(frozen=True)
class Difference:
    facts: list[Fact]
    questions: list[Question]
    request: list[Line]
    answer: list[Line]

    @property
    def is_none(self) -> bool:
        return not (self.facts or self.questions or self.request or self.answer)


def between(before: FunctionVersion | None, after: FunctionVersion) -> Difference:
    """From one version to another; from nothing, everything is new."""
    old_form = before.form if before else {}
    return Difference(
        facts=[fact for fact in _facts(before, after) if fact.before != fact.after],
        questions=list(_questions(questions.from_schema(old_form), questions.from_schema(after.form))),
        request=_lines(before.request_map if before else None, after.request_map),
        answer=_lines(before.answer_map if before else None, after.answer_map),
    )


def _facts(before: FunctionVersion | None, after: FunctionVersion) -> Iterator[Fact]:
    old, new = (_said(before) if before else {}), _said(after)
    for label, text in new.items():
        yield Fact(label, old.get(label, ""), text)


def _said(version: FunctionVersion) -> dict[str, str]:
    words = {}
    for prefix, label in (("name", _("Name")), ("summary", _("Summary"))):
        for code in CODES:
            words[f"{label} · {LANGUAGES[code]}"] = getattr(version, f"{prefix}_{code.replace('-', '_')}")
    audiences = dict(FunctionVersion.Audience.choices)
    return {
        **words,
        _("Words that people search with"): ", ".join(version.keywords),
        _("Category"): str(version.get_category_display()),
        _("What people do"): str(version.get_action_display()),
        _("Who it is for"): ", ".join(str(audiences.get(code, code)) for code in version.audience),
        _("Who may use it"): str(version.get_assurance_display()),
        _("Fee in HK$"): "" if version.fee_hkd is None else f"{version.fee_hkd:.2f}",
        _("Days that what was sent is kept"): "" if version.retention_days is None else str(version.retention_days),
        _("The department's system"): version.backend.code,
    }


def _questions(old: list[Row], new: list[Row]) -> Iterator[Question]:
    before = {row.name: row for row in old}
    after = {row.name: row for row in new}
    stayed = [row.name for row in old if row.name in after]
    in_place = _longest_in_order([row.name for row in new if row.name in before], stayed)
    for row in new:
        if row.name not in before:
            yield Question(_title(row), "added", [fact for fact in _row_facts(Row(), row) if fact.after])
            continue
        facts = [fact for fact in _row_facts(before[row.name], row) if fact.before != fact.after]
        if facts:
            yield Question(_title(row), "changed", facts)
        elif row.name not in in_place:
            yield Question(_title(row), "moved")
    for row in old:
        if row.name not in after:
            yield Question(_title(row), "removed")


def _longest_in_order(new: list[str], old: list[str]) -> set[str]:
    """The names that kept their order, so that moving one question does not make all others look moved."""
    matcher = difflib.SequenceMatcher(a=old, b=new, autojunk=False)
    return {name for block in matcher.get_matching_blocks() for name in new[block.b : block.b + block.size]}


def _title(row: Row) -> str:
    return row.title or row.name


def _row_facts(old: Row, new: Row) -> Iterator[Fact]:
    kinds = dict(questions.kinds())
    profiles = dict(questions.profiles())
    is_new = not old.name
    yield Fact(_("Kind"), "" if is_new else kinds[old.kind], kinds[new.kind])
    for code in CODES:
        yield Fact(_("Question in %(language)s") % {"language": LANGUAGES[code]}, old.titles[code], new.titles[code])
        yield Fact(_("Hint in %(language)s") % {"language": LANGUAGES[code]}, old.hints[code], new.hints[code])
    needed = {True: _("must be answered"), False: _("may be left empty")}
    yield Fact(_("Answer"), "" if is_new else needed[old.is_required], needed[new.is_required])
    yield Fact(_("Choices"), old.choices, new.choices)
    yield Fact(_("Filled in from the profile"), profiles.get(old.profile, ""), profiles.get(new.profile, ""))
    yield Fact(_("Limits"), old.limits_text, new.limits_text)


def _lines(before: Any, after: Any) -> list[Line]:
    """A unified difference of two JSON documents with three lines around each change."""
    if before == after:
        return []
    old, new = (
        json.dumps(document, ensure_ascii=False, indent=2).splitlines() if document is not None else []
        for document in (before, after)
    )
    states = {"+": "added", "-": "removed", " ": "same", "@": "gap"}
    found = list(difflib.unified_diff(old, new, lineterm="", n=3))[2:]
    return [Line(states[line[0]], "⋯" if line[0] == "@" else line[1:]) for line in found]
