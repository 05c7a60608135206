"""Whether a form that an officer described can be used: kinds of field that pages can show, in three languages.

References, patterns and combinations (`$ref`, `pattern`, `anyOf`...) are not among the keywords allowed, so a
form can neither fetch anything nor make a check run long.
"""

import math
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from django.conf import settings
from django.utils.translation import gettext as _

from identity.profile.models import ProfileField
from services.forms.errors import SchemaError
from services.forms.kinds import DIALECT, FORMATS, LONGTEXT_MAX, Json, kind_of, schema_of
from services.forms.pointers import pointer_of
from services.languages import CODES

MAX_FIELDS = 100
MAX_CHOICES = 300
MAX_DEPTH = 8
MAX_NODES = 20_000
MAX_CHARACTERS = 300_000  # of all words together
MAX_WORDS = 500  # characters of one title, hint or label
NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
RESERVED_NAMES = {"csrfmiddlewaretoken"}  # pages post these themselves
UNUSABLE = re.compile("[\x00\ud800-\udfff]")  # PostgreSQL stores neither

_FORM_KEYS = {"$schema", "type", "properties", "required", "additionalProperties"}
_WORD_KEYS = {"title", "description", "x-i18n", "x-profile", "x-profile-editable"}
_KEYS = {
    "string": {"type", "minLength", "maxLength", "format", "enum"},
    "integer": {"type", "minimum", "maximum"},
    "boolean": {"type"},
    "object": {"type", "properties", "required", "additionalProperties"},
}
PROFILE_KINDS = {
    ProfileField.Name.NAME_EN: "text",
    ProfileField.Name.NAME_ZH: "text",
    ProfileField.Name.HKID: "hkid",
    ProfileField.Name.DATE_OF_BIRTH: "date",
    ProfileField.Name.PHONE: "phone",
    ProfileField.Name.EMAIL: "email",
    ProfileField.Name.ADDRESS: "address",
    ProfileField.Name.RESIDENTIAL_ADDRESS: "address",
}


def check(schema: Any) -> None:
    """Raises SchemaError for the first thing that is wrong; any JSON value may be given."""
    _check_size(schema)
    _check_form(schema)
    for name, made in schema["properties"].items():
        place = ("properties", name)
        _check_name(name, place)
        _check_keywords(made, place)
        _check_rules(made, place)
        _check_words(made, place)
        _check_choices(made, place)
        _check_profile(made, place)


def _refuse(place: tuple[str | int, ...], message: str) -> NoReturn:
    raise SchemaError(pointer_of(place), message)


def _check_size(schema: Any) -> None:
    """Bounds everything first, without recursion, so that the checks after it always end soon."""
    nodes = characters = 0
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), schema)]
    while waiting:
        place, value = waiting.pop()
        nodes += len(value) if isinstance(value, dict | list) else 0
        texts = [text for text in (value if isinstance(value, dict) else [value]) if isinstance(text, str)]
        characters += sum(map(len, texts))
        if nodes > MAX_NODES or characters > MAX_CHARACTERS:
            _refuse((), _("This form is too large."))
        if any(UNUSABLE.search(text) for text in texts):
            _refuse(place, _("This holds a character that cannot be stored."))
        if isinstance(value, float) and not math.isfinite(value):
            _refuse(place, _("This number is not a JSON number."))
        if isinstance(value, dict | list):
            if len(place) > MAX_DEPTH:
                _refuse(place, _("This is nested too deeply for a form."))
            waiting += [((*place, key), inner) for key, inner in _inside(value)]


def _inside(value: Any) -> Iterator[tuple[str | int, Any]]:
    return iter(value.items()) if isinstance(value, dict) else enumerate(value)


def _check_form(schema: Any) -> None:
    if not isinstance(schema, dict):
        _refuse((), _("A form is a JSON object with “type” and “properties”."))
    _refuse_other_keys(schema, _FORM_KEYS, ())
    if schema.get("$schema", DIALECT) != DIALECT:
        _refuse(("$schema",), _("Forms are written in JSON Schema 2020-12: %(address)s") % {"address": DIALECT})
    if schema.get("type") != "object":
        _refuse(("type",), _("The type of a form is “object”."))
    if not isinstance(schema.get("properties"), dict):
        _refuse(("properties",), _("Describe the fields here, by name."))
    if len(schema["properties"]) > MAX_FIELDS:
        _refuse(("properties",), _("A form has at most %(count)s fields.") % {"count": MAX_FIELDS})
    if schema.get("additionalProperties") is not False:
        _refuse(("additionalProperties",), _("Set this to false: a form takes only the fields it names."))
    required = schema.get("required", [])
    if not isinstance(required, list):
        _refuse(("required",), _("List the names of the required fields."))
    for index, name in enumerate(required):
        if not isinstance(name, str) or name not in schema["properties"] or name in required[:index]:
            _refuse(("required", index), _("Name each required field once, as it stands in “properties”."))


def _check_name(name: str, place: tuple[str, ...]) -> None:
    if not NAME.fullmatch(name) or name in RESERVED_NAMES:
        _refuse(place, _("Name the field with small letters, digits and underscores, such as “licence_number”."))


def _refuse_other_keys(made: Json, allowed: set[str], place: tuple[str, ...]) -> None:
    for key in made:
        if key in allowed:
            continue
        if key.startswith("$"):
            _refuse((*place, key), _("A form stands alone: it cannot point elsewhere."))
        if key == "pattern":
            _refuse(
                (*place, key),
                _("Patterns are not used. Choose a format: %(formats)s.") % {"formats": _formats()},
            )
        _refuse((*place, key), _("“%(keyword)s” cannot be used here.") % {"keyword": key[:40]})


def _formats() -> str:
    return ", ".join(sorted(FORMATS))


def _check_keywords(made: Any, place: tuple[str, ...]) -> None:
    if not isinstance(made, dict):
        _refuse(place, _("Describe the field with a JSON object."))
    kind = made.get("type")
    if not isinstance(kind, str) or kind not in _KEYS:
        _refuse((*place, "type"), _("The type of a field is one of: %(types)s.") % {"types": ", ".join(_KEYS)})
    _refuse_other_keys(made, _KEYS[kind] | _WORD_KEYS, place)
    if kind == "object":
        if {key: made.get(key) for key in _KEYS["object"]} != schema_of("address"):
            _refuse(place, _("The only object in a form is an address: line_1, line_2 and district."))
        return
    for key in ("minLength", "maxLength", "minimum", "maximum"):
        number = made.get(key, 0)
        if not isinstance(number, int) or isinstance(number, bool):
            _refuse((*place, key), _("Write a whole number here."))
        if key.endswith("Length") and number < 0:
            _refuse((*place, key), _("A length is not below zero."))
    if not isinstance(made.get("enum", []), list):
        _refuse((*place, "enum"), _("List the choices here."))


def _check_rules(made: Json, place: tuple[str, ...]) -> None:
    if made["type"] == "integer":
        if not _in_order(made.get("minimum"), made.get("maximum")):
            _refuse((*place, "maximum"), _("The largest number must not be smaller than the smallest."))
    elif "format" in made:
        if not isinstance(made["format"], str) or made["format"] not in FORMATS:
            _refuse((*place, "format"), _("Choose a format: %(formats)s.") % {"formats": _formats()})
    elif made["type"] == "string" and "enum" not in made:
        longest = made.get("maxLength")
        if longest is None or not 1 <= longest <= LONGTEXT_MAX:
            _refuse((*place, "maxLength"), _("Say how many characters fit: 1 to %(max)s.") % {"max": LONGTEXT_MAX})
        if not _in_order(made.get("minLength"), longest):
            _refuse((*place, "minLength"), _("The shortest text must not be longer than the longest."))


def _in_order(low: int | None, high: int | None) -> bool:
    return low is None or high is None or low <= high


def _check_words(made: Json, place: tuple[str, ...]) -> None:
    _check_text(made.get("title"), (*place, "title"), "en")
    translations = made.get("x-i18n", {})
    if not isinstance(translations, dict) or not translations.keys() <= set(CODES):
        _refuse((*place, "x-i18n"), _("Put the other languages here: %(codes)s.") % {"codes": ", ".join(CODES)})
    for code, texts in translations.items():
        if not isinstance(texts, dict) or not texts.keys() <= {"title", "description", "enum"}:
            _refuse((*place, "x-i18n", code), _("Give the title, the description and the labels of choices here."))
    has_hint = "description" in made or any("description" in texts for texts in translations.values())
    if has_hint:
        _check_text(made.get("description"), (*place, "description"), "en")
    for code in CODES:
        texts = translations.get(code, {})
        for key in ("title", "description"):
            is_needed = code != "en" and (key == "title" or has_hint)
            if is_needed or key in texts:
                _check_text(texts.get(key), (*place, "x-i18n", code, key), code)


def _check_text(text: Any, place: tuple[str, ...], code: str) -> None:
    if not isinstance(text, str) or not text.strip():
        language = dict(settings.LANGUAGES)[code]
        _refuse(place, _("The words in %(language)s are missing.") % {"language": language})
    if len(text) > MAX_WORDS:
        _refuse(place, _("Use at most %(max)s characters here.") % {"max": MAX_WORDS})


def _check_choices(made: Json, place: tuple[str, ...]) -> None:
    translations = made.get("x-i18n", {})
    if "enum" not in made:
        for code, texts in translations.items():
            if "enum" in texts:
                _refuse((*place, "x-i18n", code, "enum"), _("This field has no choices to label."))
        return
    _check_values(made, place)
    values = made["enum"]
    for code in CODES:
        labels = translations.get(code, {}).get("enum")
        if not isinstance(labels, dict) or not labels.keys() <= set(values):
            _refuse((*place, "x-i18n", code, "enum"), _("Give a label for each choice, by its value."))
        for value in values:
            _check_text(labels.get(value), (*place, "x-i18n", code, "enum", value), code)


def _check_values(made: Json, place: tuple[str, ...]) -> None:
    values = made["enum"]
    if "format" in made or "maxLength" in made or "minLength" in made:
        _refuse((*place, "enum"), _("A choice has no format and no length."))
    if not 1 <= len(values) <= MAX_CHOICES:
        _refuse((*place, "enum"), _("Give 1 to %(max)s choices.") % {"max": MAX_CHOICES})
    for index, value in enumerate(values):
        if not isinstance(value, str) or not value.strip() or len(value) > 100 or value in values[:index]:
            _refuse((*place, "enum", index), _("Each choice is a text of its own, at most 100 characters long."))


def _check_profile(made: Json, place: tuple[str, ...]) -> None:
    if not isinstance(made.get("x-profile-editable", False), bool):
        _refuse((*place, "x-profile-editable"), _("This is true or false."))
    source = made.get("x-profile")
    if source is None and "x-profile" not in made:
        return
    if not isinstance(source, str) or source not in PROFILE_KINDS:
        names = ", ".join(PROFILE_KINDS)
        _refuse((*place, "x-profile"), _("A profile holds: %(names)s.") % {"names": names})
    if kind_of(made) != PROFILE_KINDS[ProfileField.Name(source)]:
        _refuse((*place, "x-profile"), _("This part of the profile does not fit a field of this kind."))
