"""The form builder: a form as rows that an officer fills in, and back again to JSON Schema."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.text import slugify
from django.utils.translation import gettext as _

from identity.profile.models import ProfileField
from services.forms import schema
from services.forms.errors import SchemaError
from services.forms.kinds import DIALECT, Json, kind_of, schema_of
from services.forms.soundness import MAX_FIELDS, PROFILE_KINDS
from services.languages import CODES, pick
from services.registry.completeness import LANGUAGES
from services.registry.simplified import simplify

WORD_KEYS = {"title", "description", "x-i18n", "x-profile", "x-profile-editable", "enum"}
LIMIT_KEYS = {"minLength", "maxLength", "minimum", "maximum"}
NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")


@dataclass
class Row:
    """One question as it stands on the page, right or wrong."""

    name: str = ""
    kind: str = "text"
    titles: dict[str, str] = field(default_factory=lambda: dict.fromkeys(CODES, ""))
    hints: dict[str, str] = field(default_factory=lambda: dict.fromkeys(CODES, ""))
    is_required: bool = True
    choices: str = ""  # one a line: value = English | 繁體 | 简体
    profile: str = ""
    is_editable: bool = False
    limits: Json = field(default_factory=dict)  # of a kind's schema, where they are not the usual ones
    errors: dict[str, str] = field(default_factory=dict)
    is_open: bool = False

    @property
    def limits_text(self) -> str:
        return json.dumps(self.limits) if self.limits else ""

    @property
    def is_choice(self) -> bool:
        return self.kind == "choice"

    @property
    def title(self) -> str:
        """The question in the officer's language; empty while it has no words."""
        return pick(self.titles)

    @property
    def title_is_proposed(self) -> bool:
        return is_proposed(self.titles)

    @property
    def words(self) -> list[tuple[str, str, str, str]]:
        """(language code, language, question, hint), for templates."""
        return [(code, LANGUAGES[code], self.titles[code], self.hints[code]) for code in CODES]


def is_proposed(texts: Mapping[str, str]) -> bool:
    """The Simplified text is what OpenCC makes of the Traditional one."""
    return bool(texts["zh-hans"]) and texts["zh-hans"] == simplify(texts["zh-hant"])


def from_schema(form: Json) -> list[Row]:
    required = set(form.get("required", []))
    return [_row(name, made, name in required) for name, made in form.get("properties", {}).items()]


def _row(name: str, made: Json, is_required: bool) -> Row:
    kind = kind_of(made)
    usual = schema_of(kind)
    return Row(
        name=name,
        kind=kind,
        titles=_texts(made, "title"),
        hints=_texts(made, "description"),
        is_required=is_required,
        choices=_choices_text(made),
        profile=made.get("x-profile", ""),
        is_editable=made.get("x-profile-editable", False),
        limits={key: made.get(key) for key in LIMIT_KEYS if made.get(key) != usual.get(key)},
    )


def _texts(made: Json, key: str) -> dict[str, str]:
    words = made.get("x-i18n", {})
    return {"en": made.get(key, "")} | {code: words.get(code, {}).get(key, "") for code in CODES if code != "en"}


def _choices_text(made: Json) -> str:
    words = made.get("x-i18n", {})
    labels = {code: words.get(code, {}).get("enum", {}) for code in CODES}
    return "\n".join(
        f"{value} = " + " | ".join(labels[code].get(value, "") for code in CODES) for value in made.get("enum", [])
    )


def read(post: Mapping[str, str]) -> list[Row]:
    """The rows that a page posted, in their order."""
    numbers = [number for number in post.get("rows", "").split(",") if number.isascii() and number.isdigit()]
    return [_posted(post, f"row-{number}-") for number in numbers[:MAX_FIELDS]]


def _posted(post: Mapping[str, str], prefix: str) -> Row:
    def said(key: str) -> str:
        return post.get(prefix + key, "").strip()

    kind = said("kind")
    try:
        schema_of(kind)
    except KeyError:
        kind = "text"
    return Row(
        name=said("name"),
        kind=kind,
        titles={code: said(f"title-{code}") for code in CODES},
        hints={code: said(f"hint-{code}") for code in CODES},
        is_required=said("required") == "on",
        choices=said("choices"),
        profile=said("profile"),
        is_editable=said("editable") == "on",
        limits=_limits(said("limits"), kind, said("kind-before")),
        is_open=said("open") == "on",
    )


def _limits(text: str, kind: str, kind_before: str) -> Json:
    """Limits belong to a kind: with another one they are forgotten."""
    try:
        limits = json.loads(text) if text and kind == kind_before else {}
    except ValueError:
        return {}
    return {key: value for key, value in limits.items() if key in LIMIT_KEYS} if isinstance(limits, dict) else {}


def act(rows: list[Row], verb: str) -> list[Row]:
    """What a button of the builder does: `add`, `remove-3`, `up-3`, `down-3`."""
    name, _dash, place = verb.partition("-")
    if name == "add":
        return [*rows, Row(is_open=True)]
    if not place.isascii() or not place.isdigit() or int(place) >= len(rows):
        return rows
    here = int(place)
    if name == "remove":
        return [row for number, row in enumerate(rows) if number != here]
    there = here + {"up": -1, "down": 1}.get(name, 0)
    moved = list(rows)
    if 0 <= there < len(moved):
        moved[here], moved[there] = moved[there], moved[here]
    return moved


def fill_simplified(rows: Iterable[Row]) -> None:
    """Where the Simplified words are missing, propose what OpenCC makes of the Traditional ones."""
    for row in rows:
        for texts in (row.titles, row.hints):
            texts["zh-hans"] = texts["zh-hans"] or simplify(texts["zh-hant"])
        if row.is_choice:
            row.choices = "\n".join(
                f"{value} = " + " | ".join(labels[code] for code in CODES)
                for value, labels in _choices(row.choices).items()
            )


def name_all(rows: list[Row]) -> None:
    """Give each question without a name one that is made of its English words and used once."""
    taken = {row.name for row in rows if row.name}
    for row in rows:
        if row.name or not row.titles["en"]:  # without words it has a fault, and is named once it has them
            continue
        stem = slugify(row.titles["en"]).replace("-", "_")[:50].lstrip("0123456789_") or "question"
        name, number = stem, 2
        while name in taken:
            name, number = f"{stem}_{number}", number + 1
        row.name = name
        taken.add(name)


def to_schema(rows: list[Row]) -> Json | None:
    """The form in stored form; None, with what is wrong written into the rows, while it cannot be used."""
    fill_simplified(rows)
    name_all(rows)
    _find_faults(rows)
    if any(row.errors for row in rows):
        return None
    form = sketch(rows)
    try:
        schema.check(form)
    except SchemaError as error:
        steps = error.pointer.split("/")
        guilty = next((row for row in rows if steps[1:2] == ["properties"] and row.name == steps[2]), None)
        if guilty is None:
            raise
        guilty.errors[_place(steps[3:])] = error.message
        guilty.is_open = True
        return None
    return form


def _place(steps: list[str]) -> str:
    """Which entry of a row a pointer into its schema is about."""
    if steps[:1] == ["x-profile"]:
        return "profile"
    if "enum" in steps:
        return "choices"
    return "name" if not steps else "title"


def sketch(rows: Iterable[Row]) -> Json:
    """The form as far as it goes, to be shown while it is written."""
    properties: dict[str, Json] = {}
    required = []
    for number, row in enumerate(rows):
        name = row.name or f"question_{number + 1}"
        made = schema.field(
            row.kind,
            titles=row.titles if any(row.titles.values()) else {"en": name},
            hints=row.hints,
            choices=_choices(row.choices) if row.is_choice else None,
            profile=row.profile,
            editable=row.is_editable,
        )
        properties[name] = {key: value for key, value in (made | row.limits).items() if value is not None}
        if row.is_required:
            required.append(name)
    return {
        "$schema": DIALECT,
        "type": "object",
        "properties": properties,
        "required": list(dict.fromkeys(required)),
        "additionalProperties": False,
    }


def _find_faults(rows: list[Row]) -> None:
    seen: set[str] = set()
    for row in rows:
        for code, text in row.titles.items():
            if not text:
                row.errors[f"title-{code}"] = _("Write the question in %(language)s.") % {"language": LANGUAGES[code]}
        if any(row.hints.values()):
            for code, text in row.hints.items():
                if not text:
                    row.errors[f"hint-{code}"] = _("Write the hint in %(language)s too, or in no language.") % {
                        "language": LANGUAGES[code]
                    }
        if row.is_choice:
            row.errors |= _faults_of_choices(_choices(row.choices))
        if row.name and not NAME.fullmatch(row.name):
            row.errors["name"] = _("Use small letters, digits and underscores, such as “licence_number”.")
        elif row.name and row.name in seen:
            row.errors["name"] = _("Another question has this name already.")
        seen.add(row.name)
        row.is_open = row.is_open or bool(row.errors)


def _faults_of_choices(choices: dict[str, dict[str, str]]) -> dict[str, str]:
    if not choices:
        return {"choices": _("Give at least one choice, each on a line of its own.")}
    half = next((value for value, labels in choices.items() if not all(labels.values())), None)
    if half is not None:
        return {"choices": _("Write “%(value)s” in English and in 繁體, with a | between them.") % {"value": half}}
    return {}


def _choices(text: str) -> dict[str, dict[str, str]]:
    """`own = Own vehicle | 自用車 | 自用车` a line -> value -> labels; the value and the Simplified may be left out."""
    found: dict[str, dict[str, str]] = {}
    for line in filter(None, (line.strip() for line in text.splitlines())):
        value, equals, words = line.partition("=")
        parts = [part.strip() for part in (words if equals else line).split("|")]
        labels = dict(zip(CODES, [*parts, "", "", ""], strict=False))
        labels["zh-hans"] = labels["zh-hans"] or simplify(labels["zh-hant"])
        key = value.strip() if equals else slugify(labels["en"]) or labels["en"] or f"choice-{len(found) + 1}"
        if key and any(labels.values()):
            found[key] = labels
    return found


def kinds() -> list[tuple[str, str]]:
    """The kinds of question, as an officer calls them."""
    return [
        ("text", _("Short text")),
        ("longtext", _("Long text")),
        ("choice", _("Choice from a list")),
        ("bool", _("Tick box")),
        ("date", _("Date")),
        ("datetime", _("Date and time")),
        ("int", _("Whole number")),
        ("money", _("Amount of money")),
        ("email", _("Email address")),
        ("phone", _("Phone number")),
        ("hkid", _("Identity card number")),
        ("br_number", _("Business registration number")),
        ("vehicle_mark", _("Vehicle registration mark")),
        ("address", _("Address in Hong Kong")),
        ("file", _("File")),
    ]


def profiles() -> list[tuple[str, str]]:
    """What a person's profile can fill in."""
    return [(name, str(label)) for name, label in ProfileField.Name.choices if name in PROFILE_KINDS]


def context(rows: list[Row]) -> dict[str, Any]:
    return {"rows": rows, "kinds": kinds(), "profiles": profiles()}
