"""Forms as JSON Schema 2020-12.

The stored form holds its words in three languages: `title` and `description` in English, the others and the
labels of choices under `x-i18n`. `x-profile` names the profile field that fills a field in. The order of properties
is the order on the page.
"""

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as member
from typing import Any

from identity.profile.models import ProfileField
from services import languages
from services.forms.kinds import (
    ADDRESS_PARTS,
    DIALECT,
    DISTRICTS,
    KINDS,
    OPTIONAL_KINDS,
    Json,
    kind_of,
    schema_of,
)
from services.forms.soundness import check

__all__ = ["DIALECT", "Words", "build", "check", "field", "from_catalogue", "localise"]

Texts = Mapping[str, str]  # by language code


@dataclass(frozen=True)
class Words:
    """The words of one field, by language code."""

    titles: Texts
    hints: Texts = member(default_factory=dict)
    choices: Mapping[str, Texts] = member(default_factory=dict)  # by value


def field(
    kind: str,
    *,
    titles: Texts,
    hints: Texts | None = None,
    choices: Mapping[str, Texts] | None = None,
    profile: str = "",
    editable: bool = False,
) -> Json:
    """One property in stored form. `editable`: here the person may change even a verified profile value."""
    words: dict[str, Json] = {code: {} for code in languages.CODES}
    made = {**schema_of(kind), "title": languages.pick(dict(titles), "en")}
    for code in ("zh-hant", "zh-hans"):
        words[code]["title"] = languages.pick(dict(titles), code)
    if hints and any(hints.values()):
        made["description"] = languages.pick(dict(hints), "en")
        for code in ("zh-hant", "zh-hans"):
            words[code]["description"] = languages.pick(dict(hints), code)
    if kind == "choice":
        made["enum"] = list(choices or {})
        for code in languages.CODES:
            words[code]["enum"] = {
                value: languages.pick(dict(labels), code) or _spelled_out(value)
                for value, labels in (choices or {}).items()
            }
    made["x-i18n"] = {code: texts for code, texts in words.items() if texts}
    if profile:
        made["x-profile"] = profile
        if editable:
            made["x-profile-editable"] = True
    return made


def _spelled_out(value: str) -> str:
    """`own-vehicle` -> `Own vehicle`."""
    words = value.replace("-", " ").replace("_", " ")
    return words[:1].upper() + words[1:]


def build(properties: Mapping[str, Json], optional: Iterable[str] = ()) -> Json:
    """The whole form. Every field is required except long texts, files and those named optional."""
    left_open = set(optional)
    return {
        "$schema": DIALECT,
        "type": "object",
        "properties": dict(properties),
        "required": [
            name for name, made in properties.items() if name not in left_open and kind_of(made) not in OPTIONAL_KINDS
        ],
        "additionalProperties": False,
    }


def from_catalogue(spec: str, words: Mapping[str, Words]) -> dict[str, Json]:
    """Properties of a catalogue row's own fields (`name:type;name:choice(a|b)`); profile.ask takes them on.

    Raises ValueError that says which part of the cell is wrong.
    """
    properties: dict[str, Json] = {}
    for part in filter(None, (part.strip() for part in spec.split(";"))):
        name, colon, kind = part.partition(":")
        if not colon or not name.isidentifier() or name in properties:
            raise ValueError(f"“{part}” is not a new name:type")
        values: list[str] = []
        if kind.startswith("choice(") and kind.endswith(")"):
            kind, values = "choice", kind[len("choice(") : -1].split("|")
        if kind not in KINDS or (kind == "choice" and (not all(values) or not values)):
            raise ValueError(f"“{part}” has no type that forms know")
        if name not in words:
            raise ValueError(f"“{name}” has no label")
        own = words[name]
        properties[name] = field(
            kind,
            titles=own.titles,
            hints=own.hints,
            choices={value: own.choices.get(value, {}) for value in values} if values else None,
        )
    return properties


def is_locked(made: Json, profile: Mapping[str, ProfileField]) -> bool:
    """An authority vouches for the value in the profile, so nobody fills in another."""
    known = profile.get(made.get("x-profile", ""))
    return known is not None and known.is_verified and not made.get("x-profile-editable", False)


def localise(schema: Json, language: str, profile: Mapping[str, ProfileField] | None = None) -> Json:
    """Plain JSON Schema with the words of one language.

    `profile`: of the person who asks (empty for someone who is not signed in): a field it holds may be left
    out, and is readOnly if verified; one it lacks is required. Without one, whatever a profile might fill may
    be left out.
    """
    properties = {}
    filled = set()
    for name, made in schema.get("properties", {}).items():
        properties[name] = _in_language(made, language)
        source = made.get("x-profile")
        if source and (profile is None or source in profile):
            filled.add(name)
        if profile is not None and is_locked(made, profile):
            properties[name]["readOnly"] = True
    return {
        "$schema": DIALECT,
        "type": "object",
        "properties": properties,
        "required": [name for name in schema.get("required", []) if name not in filled],
        "additionalProperties": False,
    }


def title_of(made: Json, language: str | None = None) -> str:
    """What a stored property is called in the language asked for, or in the active one."""
    return _text_of(made, "title", language)


def _text_of(made: Json, key: str, language: str | None) -> str:
    texts = {code: own.get(key, "") for code, own in made.get("x-i18n", {}).items()} | {"en": made.get(key, "")}
    return languages.pick(texts, language)


def _in_language(made: Json, language: str) -> Json:
    words = made.get("x-i18n", {})
    plain = {key: copy.deepcopy(value) for key, value in made.items() if key != "x-i18n"}
    for key in ("title", "description"):
        if text := _text_of(made, key, language):
            plain[key] = text
    if "enum" in made:
        labels = {code: own.get("enum", {}) for code, own in words.items()}
        plain["x-enum-titles"] = {
            value: languages.pick({code: by_value.get(value, "") for code, by_value in labels.items()}, language)
            or _spelled_out(value)
            for value in made["enum"]
        }
    if made.get("type") == "object":
        _name_address_parts(plain, language)
    return plain


def _name_address_parts(plain: Json, language: str) -> None:
    """The parts of an address have the same words everywhere, so they are not stored with each form."""
    parts: dict[str, Any] = plain.get("properties", {})
    for name, part in parts.items():
        part["title"] = ADDRESS_PARTS[name][language]
    parts["district"]["x-enum-titles"] = {code: names[language] for code, names in DISTRICTS.items()}


def profile_fields(schema: Json) -> set[str]:
    """The fields of the person's profile that fill in questions of this form."""
    return {made["x-profile"] for made in schema.get("properties", {}).values() if "x-profile" in made}
