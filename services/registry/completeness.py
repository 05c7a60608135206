"""What a version still lacks before a second officer is asked to look at it."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from services.forms import schema
from services.forms.errors import SchemaError
from services.registry import protocols
from services.registry.models import FunctionVersion

LANGUAGES = {"en": "English", "zh-hant": "繁體中文", "zh-hans": "简体中文"}


def missing_from(version: FunctionVersion) -> list[str]:
    """In the active language, each a thing to add or put right; empty when the version could be published."""
    return [*_words(version), *_form(version), *_mapping(version)]


def _words(version: FunctionVersion) -> Iterator[str]:
    for code in version.missing_languages:
        yield _("its name and summary in %(language)s") % {"language": LANGUAGES[code]}
    if not version.audience:
        yield _("who it is for")


def _form(version: FunctionVersion) -> Iterator[str]:
    try:
        schema.check(version.form)
    except SchemaError as error:
        yield _("a form that can be used (at %(pointer)s: %(message)s)") % {
            "pointer": error.pointer or "/",
            "message": error.message,
        }


def _mapping(version: FunctionVersion) -> Iterator[str]:
    protocol = protocols.find(version.backend.connector)
    if protocol is None:  # it is shown, and says that it cannot be done here yet
        return
    try:
        protocol.check_request(version.backend, version.request_map)
    except ValueError as error:
        yield _("a request that can be sent (at %(where)s)") % {"where": error}
    if not version.answer_map:
        yield _("what to tell people when the department answers")
