"""Whether a backend can be reached as it is described."""

from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from jsonschema import Draft202012Validator

from services.registry import protocols, windows
from services.registry.errors import Unusable
from services.registry.models import Backend

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
    for wrong in Draft202012Validator(protocol.settings_schema).iter_errors(backend.settings):
        raise Unusable("settings", f"{wrong.json_path}: {wrong.message}")
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
