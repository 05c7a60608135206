"""The two mappings of a version at the desk: proposed, read from text, and checked with a place for each fault."""

import json
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from services.forms import profile
from services.forms.kinds import Json
from services.gateway import mapping
from services.gateway.connectors.registry import connectors
from services.gateway.errors import MappingError
from services.registry import defaults
from services.registry.models import Backend, FunctionVersion


class TextError(ValueError):
    """Text that is no JSON, or JSON that cannot be used; says where and why."""


@dataclass
class Maps:
    """Both maps as text, each standard (it follows the form) or written by hand."""

    request_text: str = ""
    answer_text: str = ""
    request_is_standard: bool = True
    answer_is_standard: bool = True
    errors: dict[str, str] = field(default_factory=dict)
    warnings: dict[str, str] = field(default_factory=dict)


def written(document: Any) -> str:
    """JSON as people read it."""
    return json.dumps(document, ensure_ascii=False, indent=2)


def parse(text: str) -> Any:
    """Raises TextError with the line and column."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise TextError(
            _("This is not JSON: line %(line)s, column %(column)s: %(why)s")
            % {"line": error.lineno, "column": error.colno, "why": error.msg}
        ) from error
    except RecursionError as error:
        raise TextError(_("This is nested too deeply.")) from error


def _no_constant(name: str) -> Any:
    raise TextError(_("%(name)s is not a JSON number.") % {"name": name})


def standard_request(backend: Backend, code: str, action: str, assurance: str, form: Json) -> Json:
    """The request that our own wire contract asks for; the usual questions about the person go as the applicant."""
    usual = profile.fields_for(action, assurance)
    own = {name for name, made in form.get("properties", {}).items() if made.get("x-profile") and name not in usual}
    return defaults.request_map(backend.connector, code, action, form, own=own)


def of_version(version: FunctionVersion, code: str) -> Maps:
    """What is stored, and whether it is the standard."""
    request = standard_request(version.backend, code, version.action, version.assurance, version.form)
    return Maps(
        request_text=written(version.request_map),
        answer_text=written(version.answer_map),
        request_is_standard=version.request_map in ({}, request),
        answer_is_standard=version.answer_map in ([], defaults.answer_map(version.backend.connector, version.action)),
    )


def write_standard(maps: Maps, backend: Backend, code: str, action: str, assurance: str, form: Json) -> None:
    """Where a map is the standard one, its text follows everything else."""
    if maps.request_is_standard:
        maps.request_text = written(standard_request(backend, code, action, assurance, form))
    if maps.answer_is_standard:
        maps.answer_text = written(defaults.answer_map(backend.connector, action))


def settle(maps: Maps, *, backend: Backend, code: str, action: str, assurance: str, form: Json) -> dict[str, Any]:
    """The two documents; where a map cannot be used `maps.errors` says why and nothing is given for it."""
    write_standard(maps, backend, code, action, assurance, form)
    settled: dict[str, Any] = {}
    connector = connectors.get(backend.connector)
    for key, text in (("request_map", maps.request_text), ("answer_map", maps.answer_text)):
        try:
            document = parse(text)
            if connector is not None and key == "request_map":
                connector.check_request_to(backend, document)
                mapping.check_template(document, set(form.get("properties", {})))
                _warn_of_unsent(maps, document, form)
            elif key == "request_map":
                mapping.check_template(document, set(form.get("properties", {})))
            elif connector is not None or document != []:
                mapping.check_answer_map(document)
        except (MappingError, ValueError) as error:
            maps.errors[key] = str(error)
        else:
            settled[key] = document
    return settled


def _warn_of_unsent(maps: Maps, request: Json, form: Json) -> None:
    if unsent := [name for name in form.get("properties", {}) if name not in mapping.names_in(request)]:
        maps.warnings["request_map"] = _("These questions are asked but not sent: %(names)s.") % {
            "names": ", ".join(unsent)
        }
