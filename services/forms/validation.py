"""Whether what was filled in can be sent. Takes any JSON value, whoever sent it."""

import re
from collections.abc import Container, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry

from identity.profile.models import ProfileField
from services.forms import messages
from services.forms.errors import FieldError, Invalid
from services.forms.formats import CHECKER
from services.forms.kinds import ADDRESS_PARTS, INTEGER_MAX, Json, kind_of
from services.forms.pointers import pointer_of
from services.forms.provenance import is_withheld
from services.forms.schema import is_locked, title_of
from services.forms.tidy import tidy, tidy_address

MAX_CHARACTERS = 100_000  # of all texts and names together
MAX_VALUES = 2_000
MAX_DEPTH = 4
MAX_ERRORS = 50
MAX_INTEGER_BITS = 200  # Python refuses to write much longer ones
_UNUSABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")  # JSONB or XML refuses them
_NOWHERE: Registry[Any] = Registry()  # holds no schemas and fetches none


def validate(
    schema: Json,
    data: Any,
    *,
    profile: Mapping[str, ProfileField],
    files: Container[str] = (),
) -> dict[str, Any]:
    """The data as it will be sent: tidied, with the person's own merged in.

    `schema` in stored form. A verified profile value wins over what was sent; another one fills a gap. Either is left
    out where it was sent empty and the form goes without it.
    `files`: the ids of files that the data may name (files.named_in finds the person's).
    Raises Invalid with everything to put right.
    """
    if not isinstance(data, dict):
        raise Invalid([FieldError("", "", messages.not_an_object())])
    if _is_too_much(data):
        raise Invalid([FieldError("", "", messages.too_much())])
    properties: dict[str, Json] = schema.get("properties", {})
    required = schema.get("required", [])
    errors: list[FieldError] = []
    clean: dict[str, Any] = {}
    for name, made in properties.items():
        if is_withheld(schema, name, data, profile):
            continue
        if is_locked(made, profile):
            clean[name] = profile[made["x-profile"]].value
            continue
        value = _tidied(made, _given(name, made, data, profile))
        if value in (None, "", {}) and not _is_explicit_null(name, data):
            if name in required:
                errors.append(_missing(name, made))
            continue
        errors += _errors_of(name, made, value, files)
        clean[name] = value
    errors += [FieldError(pointer_of([name]), "", messages.unknown_field()) for name in data if name not in properties]
    if errors:
        raise Invalid(errors[:MAX_ERRORS])
    return clean


def _is_too_much(data: dict[str, Any]) -> bool:
    """Walks without recursion and stops at the first bound."""
    values = characters = 0
    waiting: list[tuple[int, Any]] = [(0, data)]
    while waiting:
        depth, value = waiting.pop()
        if isinstance(value, dict | list):
            values += len(value)
            if depth >= MAX_DEPTH or values > MAX_VALUES:
                return True
            waiting += [(depth + 1, inner) for inner in (value.values() if isinstance(value, dict) else value)]
        if isinstance(value, dict | str):
            characters += sum(map(len, value)) if isinstance(value, dict) else len(value)
        is_long = isinstance(value, int) and value.bit_length() > MAX_INTEGER_BITS
        if is_long or characters > MAX_CHARACTERS:
            return True
    return False


def _given(name: str, made: Json, data: dict[str, Any], profile: Mapping[str, ProfileField]) -> Any:
    """What was sent, even if it is empty; what the profile knows if nothing was sent."""
    known = profile.get(made.get("x-profile", ""))
    return known.value if name not in data and known is not None else data.get(name)


def _is_explicit_null(name: str, data: dict[str, Any]) -> bool:
    """JSON's null is a value of the wrong type, not an empty field."""
    return name in data and data[name] is None


def _tidied(made: Json, value: Any) -> Any:
    kind = kind_of(made)
    if kind == "address" and isinstance(value, dict):
        return tidy_address(value)
    if kind == "int" and isinstance(value, float) and value.is_integer():
        return int(value)
    return tidy(kind, value) if isinstance(value, str) else value


def _missing(name: str, made: Json) -> FieldError:
    return FieldError(pointer_of([name]), name, messages.missing(kind_of(made), title_of(made)))


def _errors_of(name: str, made: Json, value: Any, files: Container[str]) -> list[FieldError]:
    """At most one error for each place."""
    kind = kind_of(made)
    rules = {"minimum": -INTEGER_MAX, "maximum": INTEGER_MAX, **made} if kind == "int" else made
    found: dict[str, str] = {}
    for place, text in _texts(name, value):
        if _UNUSABLE.search(text):
            found[place] = messages.unusable_character()
    for error in Draft202012Validator(rules, format_checker=CHECKER, registry=_NOWHERE).iter_errors(value):
        for step, message in _explained(kind, rules, error):
            found.setdefault(pointer_of([name, *error.absolute_path, *step]), message)
    if kind == "file" and not found and value not in files:
        found[pointer_of([name])] = messages.unknown_file()
    return [FieldError(place, name, message) for place, message in found.items()]


def _texts(name: str, value: Any) -> list[tuple[str, str]]:
    """The texts in a value with their places."""
    if isinstance(value, dict):
        return [(pointer_of([name, key]), part) for key, part in value.items() if isinstance(part, str)]
    return [(pointer_of([name]), value)] if isinstance(value, str) else []


def _explained(kind: str, rules: Json, error: ValidationError) -> list[tuple[list[str], str]]:
    """(further steps from the error's place, message), in the person's words."""
    value: Any = error.instance
    rule: Any = error.validator_value
    if kind == "address":
        return _explained_address(error, value, rule)
    match error.validator:
        case "maxLength":
            message = messages.too_long(rule, len(value))
        case "minLength":
            message = messages.too_short(rule)
        case "minimum" | "maximum":
            message = messages.out_of_range(rules)
        case _:
            message = messages.wrong(kind, value)
    return [([], message)]


def _explained_address(error: ValidationError, value: Any, rule: Any) -> list[tuple[list[str], str]]:
    match error.validator:
        case "required":
            return [([part], messages.missing_part(part)) for part in rule if part not in value]
        case "additionalProperties":
            extra = [key for key in value if key not in ADDRESS_PARTS]
            return [([key], messages.unknown_field()) for key in extra]
        case "maxLength":
            return [([], messages.too_long(rule, len(value)))]
        case "type" if not error.absolute_path:
            return [([], messages.wrong("address", value))]
        case "type":
            return [([], messages.wrong("text", value))]
        case _:
            return [([], messages.missing_part(str(error.absolute_path[-1])))]
