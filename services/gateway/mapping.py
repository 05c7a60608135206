"""Mappings are data: a form becomes a backend's request, its answer becomes values for the citizen's words.

A template is JSON in which a string that begins with "=" is a JMESPath expression (https://jmespath.org) over the
context of the call; "==" begins a literal "=". Nulls are left out of objects, so that an empty field is not sent.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult

from services.gateway.errors import MappingError
from services.languages import CODES

OUTCOMES = ("completed", "rejected", "waiting", "retry")
KINDS = ("text", "date", "money", "records")
NO_RULE = -1  # in place of a rule's number: understood without the map, so the words are the portal's own
MAX_VALUE_CHARS = 4000  # of one value in an answer


@lru_cache(maxsize=4096)
def _compiled(expression: str) -> ParsedResult:
    try:
        return jmespath.compile(expression)
    except JMESPathError as error:
        raise MappingError(f"{expression!r} is not JMESPath: {error}") from error


def evaluate(expression: str, context: Any) -> Any:
    """The expression's value; raises MappingError if it is malformed or meets a wrong type."""
    try:
        return _compiled(expression).search(context)
    except JMESPathError as error:
        raise MappingError(f"{expression!r}: {type(error).__name__}") from error


def compose(template: Any, context: dict[str, Any]) -> Any:
    """The template with its expressions replaced; raises MappingError."""
    if isinstance(template, str):
        if template.startswith("=="):
            return template[1:]
        return evaluate(template[1:], context) if template.startswith("=") else template
    if isinstance(template, dict):
        filled = {key: compose(value, context) for key, value in template.items()}
        return {key: value for key, value in filled.items() if value is not None}
    if isinstance(template, list):
        return [value for item in template if (value := compose(item, context)) is not None]
    return template


def names_in(template: Any) -> set[str]:
    """The form fields that a template mentions, for the disclosure log and the admin's checks."""
    if isinstance(template, str) and template.startswith("=") and not template.startswith("=="):
        return _form_fields(_compiled(template[1:]).parsed)
    if isinstance(template, dict):
        return set().union(*(names_in(value) for value in template.values())) if template else set()
    if isinstance(template, list):
        return set().union(*(names_in(item) for item in template)) if template else set()
    return set()


def _form_fields(node: Any) -> set[str]:
    children = node.get("children", [])
    if node.get("type") == "subexpression" and children[0] == {
        "type": "field",
        "children": [],
        "value": "form",
    }:
        return {children[1]["value"]} if children[1].get("type") == "field" else set()
    return set().union(*(_form_fields(child) for child in children if isinstance(child, dict))) if children else set()


@dataclass(frozen=True)
class Reply:
    """What came back over the wire, whatever the protocol."""

    status: int  # HTTP status, or what a connector says is like it
    body: Any = None  # decoded; None when there was none
    fault: dict[str, Any] | None = None  # {"code", "text", "detail"}

    def context(self) -> dict[str, Any]:
        return {"status": self.status, "body": self.body, "fault": self.fault}


@dataclass(frozen=True)
class Reading:
    """A reply as one rule of the answer map understood it."""

    outcome: str  # one of OUTCOMES
    rule: int  # its place in the map, from 0; or NO_RULE
    values: dict[str, Any] = field(default_factory=dict)


AWAITED = Reading("waiting", rule=-1)  # the answer comes later; no rule has spoken yet


def read(answer_map: list[dict[str, Any]], reply: Reply) -> Reading | None:
    """What the first rule that fits makes of the reply; None when no rule fits or a value is not what it should be."""
    context = reply.context()
    for number, rule in enumerate(answer_map):
        try:
            if not evaluate(rule["when"], context):
                continue
            values = {name: evaluate(expression, context) for name, expression in rule.get("values", {}).items()}
        except MappingError:  # a rule written for another shape of answer
            continue
        if all(_is_presentable(value) for value in values.values()):
            return Reading(rule["outcome"], number, {name: v for name, v in values.items() if v is not None})
    return None


def _is_presentable(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(item, dict) and {"title", "value"} <= item.keys() for item in value[:100])
    return (
        value is None
        or isinstance(value, bool | int | float)
        or (isinstance(value, str) and len(value) <= MAX_VALUE_CHARS)
    )


def check_template(template: Any, fields: set[str], where: str = "") -> None:
    """Raise MappingError unless every expression compiles and mentions only fields of the form."""
    if isinstance(template, str) and template.startswith("=") and not template.startswith("=="):
        try:
            unknown = names_in(template) - fields
        except MappingError as error:
            raise MappingError(f"{where or '/'}: {error}") from error
        if unknown:
            raise MappingError(f"{where or '/'}: the form has no field {', '.join(sorted(unknown))}")
    elif isinstance(template, dict):
        for key, value in template.items():
            check_template(value, fields, f"{where}/{key}")
    elif isinstance(template, list):
        for number, item in enumerate(template):
            check_template(item, fields, f"{where}/{number}")


def check_answer_map(answer_map: Any) -> None:
    """Raise MappingError, with a JSON pointer, unless the rules can be used."""
    if not isinstance(answer_map, list) or not answer_map:
        raise MappingError("/: give at least one rule")
    for number, rule in enumerate(answer_map):
        where = f"/{number}"
        if not isinstance(rule, dict) or not isinstance(rule.get("when"), str):
            raise MappingError(f"{where}/when: a JMESPath expression is missing")
        if rule.get("outcome") not in OUTCOMES:
            raise MappingError(f"{where}/outcome: use one of {', '.join(OUTCOMES)}")
        _check_rule(rule, where)


def _check_rule(rule: dict[str, Any], where: str) -> None:
    _compiled(rule["when"])
    values = rule.get("values", {})
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise MappingError(f"{where}/values: give an object of JMESPath expressions")
    for expression in values.values():
        _compiled(expression)
    if rule["outcome"] in {"completed", "rejected"}:
        for part in ("title", "message"):
            words = rule.get(part)
            if not isinstance(words, dict) or not all(words.get(code) for code in CODES):
                raise MappingError(f"{where}/{part}: say it in {', '.join(CODES)}")
    for place, item in enumerate(rule.get("items", [])):
        if item.get("value") not in values or item.get("kind", "text") not in KINDS:
            raise MappingError(f"{where}/items/{place}: name one of the values, and one of {', '.join(KINDS)}")
        _check_words(item.get("words", {}), f"{where}/items/{place}/words")


def _check_words(words: Any, where: str) -> None:
    if not isinstance(words, dict):
        raise MappingError(f"{where}: give an object, from what the department writes to what people read")
    for text, said in words.items():
        if not isinstance(said, dict) or not all(isinstance(said.get(code), str) for code in CODES):
            raise MappingError(f"{where}/{text}: say it in {', '.join(CODES)}")
