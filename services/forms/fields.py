"""A form between HTML and JSON: what a page draws, and what its post means."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import override

from identity.profile.models import ProfileField
from services.forms.errors import FieldError
from services.forms.kinds import Json, kind_of
from services.forms.models import StoredFile
from services.forms.provenance import Provenance, is_withheld
from services.forms.provenance import of as provenance_of
from services.forms.schema import is_locked, localise
from services.forms.tidy import tidy, whole_number

# HTML's names for what a profile holds, so that browsers offer it (WCAG 2.2, 1.3.5).
_AUTOCOMPLETE = {
    "name_en": "name",
    "date_of_birth": "bday",
    "phone": "tel",
    "email": "email",
    "address": "street-address",
}
_INPUT_MODES = {
    "int": "numeric",
    "money": "decimal",
    "phone": "tel",
    "email": "email",
    "br_number": "numeric",
}


@dataclass(frozen=True)
class Field:
    """One field as components/field.html draws it, in one language."""

    name: str
    label: str
    hint: str
    error: str
    kind: str
    value: Any
    choices: list[tuple[str, str]] = field(default_factory=list)
    required: bool = True
    autocomplete: str = ""
    inputmode: str = ""
    source: str = ""  # where a pre-filled value comes from, and when it was checked
    readonly: bool = False
    maxlength: int | None = None
    provenance: Provenance | None = None  # what the profile knows of it
    note: str = ""  # what the page has to say about it besides a mistake

    @property
    def is_filled_in(self) -> bool:
        """It came from the profile."""
        return bool(self.source)


def render(
    schema: Json,
    *,
    data: Mapping[str, Any],
    errors: Iterable[FieldError],
    profile: Mapping[str, ProfileField],
    language: str,
    files: Mapping[str, StoredFile] | None = None,
    is_own: bool = True,
) -> list[Field]:
    """The fields in order. `schema` in stored form; `data` as it was posted or kept, right or wrong.

    `files`: those that the data names, by id (files.named_in finds them). `is_own`: the profile is the reader's own.
    """
    said: dict[str, list[str]] = {}
    for error in errors:
        said.setdefault(error.name, []).append(error.message)
    plain = localise(schema, language, profile)
    with override(language):
        return [
            _field(
                name,
                plain["properties"][name],
                value=_value(schema, name, data, profile, files or {}),
                error=" ".join(said.get(name, [])),
                is_required=name in schema.get("required", []),
                provenance=provenance_of(schema, name, data, profile, language, is_own=is_own),
            )
            for name, made in schema.get("properties", {}).items()
        ]


def _field(
    name: str, plain: Json, *, value: Any, error: str, is_required: bool, provenance: Provenance | None
) -> Field:
    kind = kind_of(plain)
    return Field(
        name=name,
        label=plain.get("title", name),
        hint=plain.get("description", ""),
        error=error,
        kind=kind,
        value=value,
        choices=_choices(kind, plain),
        required=is_required,
        autocomplete=_AUTOCOMPLETE.get(plain.get("x-profile", ""), ""),
        inputmode=_INPUT_MODES.get(kind, ""),
        source=provenance.source if provenance else "",
        provenance=provenance,
        readonly=plain.get("readOnly", False),
        maxlength=plain["properties"]["line_1"]["maxLength"] if kind == "address" else plain.get("maxLength"),
    )


def _choices(kind: str, plain: Json) -> list[tuple[str, str]]:
    titled = plain["properties"]["district"] if kind == "address" else plain
    return list(titled.get("x-enum-titles", {}).items())


def _value(
    form: Json,
    name: str,
    data: Mapping[str, Any],
    profile: Mapping[str, ProfileField],
    files: Mapping[str, StoredFile],
) -> Any:
    made = form["properties"][name]
    known = profile.get(made.get("x-profile", ""))
    is_ours = name not in data or (is_locked(made, profile) and not is_withheld(form, name, data, profile))
    value = known.value if known and is_ours else data.get(name)
    kind = kind_of(made)
    if kind == "file":
        kept = files.get(value) if isinstance(value, str) else None
        return {"id": str(kept.pk), "name": kept.name} if kept else ""
    if kind == "datetime" and isinstance(value, str):
        return _moment(value)
    return "" if value is None else value


def _moment(text: str) -> datetime | str:
    """In Hong Kong's time; text that is no moment, or none that can be shown there, stays as it was typed."""
    try:
        at = datetime.fromisoformat(text)
        return timezone.localtime(at if timezone.is_aware(at) else at.replace(tzinfo=UTC)) if at.tzinfo else text
    except (ValueError, OverflowError):
        return text


def decode(schema: Json, post: Mapping[str, str], files: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What an HTML form posted, as JSON data: right or wrong, but no field that the form does not have.

    `files`: ids of the uploads just stored, by field name (files.keep_uploads); a kept file's id comes with the post.
    A text left empty stays in the data as empty text, so that it is not filled in again from the profile.
    """
    data: dict[str, Any] = {}
    for name, made in schema.get("properties", {}).items():
        value = _decoded(name, kind_of(made), post, files or {})
        if value is not None:
            data[name] = value
    return data


def _decoded(name: str, kind: str, post: Mapping[str, str], files: Mapping[str, str]) -> Any:
    if kind == "file":
        return files.get(name) or post.get(f"{name}.id") or None
    if kind == "bool":
        return post.get(name) == "true"
    if kind == "address":
        parts = {part: post.get(f"{name}.{part}") for part in ("line_1", "line_2", "district")}
        if all(text is None for text in parts.values()):
            return None
        return {part: tidy("text", text) for part, text in parts.items() if text and text.strip()}
    text = post.get(name)
    if text is None:
        return None
    return whole_number(text) if kind == "int" else tidy(kind, text)
