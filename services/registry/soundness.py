"""Whether a backend can be reached as it is described."""

from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from jsonschema import Draft202012Validator

from services.registry import protocols, windows
from services.registry.errors import Unusable
from services.registry.models import Backend

SHARED_SETTINGS = {  # keys of Backend.settings that mean the same for every protocol, and their JSON Schemas
    "webhook_secret": {  # the name of an environment variable, never the secret itself
        "type": "string",
        "pattern": "^[A-Z][A-Z0-9_]{0,99}$",
    },
}
FIELDS = (
    "code", "department", "connector", "address", "credentials", "settings", "connect_timeout_seconds",
    "read_timeout_seconds", "timeout_seconds", "max_concurrency", "max_per_minute", "is_idempotent", "has_lookup",
    "service_window",
)  # fmt: skip


def check(backend: Backend) -> None:
    """Raise Unusable for the first entry that is wrong, in the active language."""
    try:
        windows.check(backend.service_window)
    except ValueError as error:
        raise Unusable("service_window", str(error)) from error
    protocol = protocols.find(backend.connector)
    if protocol is None:
        return
    _check_settings(backend.settings, protocol.settings_schema)
    parts = urlsplit(backend.address)
    if parts.scheme not in protocol.schemes or not parts.hostname or parts.password:
        begins = _(" or ").join(f"{scheme}://" for scheme in protocol.schemes)
        raise Unusable(
            "address", _("Give an address that begins with %(begins)s, without a password.") % {"begins": begins}
        )
    try:
        protocol.check_backend(backend)
    except ValueError as error:
        raise Unusable("settings", str(error)) from error


def _check_settings(given: Any, schema: dict[str, Any]) -> None:
    """What is shared by our own schema, the rest by the protocol's."""
    is_object = isinstance(given, dict)
    shared = {name: given[name] for name in SHARED_SETTINGS if name in given} if is_object else {}
    own = {name: value for name, value in given.items() if name not in shared} if is_object else given
    for values, rules in ((shared, {"properties": SHARED_SETTINGS}), (own, schema)):
        for wrong in Draft202012Validator(rules).iter_errors(values):
            raise Unusable("settings", f"{wrong.json_path}: {wrong.message}")
