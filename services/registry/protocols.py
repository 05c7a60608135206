"""The protocols that backends can speak: the gateway registers its connectors here at start-up."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

LABELS = {
    "rest": "REST",
    "soap": "SOAP",
    "sftp-batch": _("SFTP batch"),
    "fixed-width": _("Fixed-width records"),
}


@dataclass(frozen=True)
class Protocol:
    """What the registry needs to know of a connector."""

    key: str
    settings_schema: dict[str, Any]  # JSON Schema of Backend.settings
    check_request: Callable[[Any], None]  # raises ValueError when a version's request map cannot be sent


_registered: dict[str, Protocol] = {}


def register(protocol: Protocol) -> None:
    """Make a protocol known. Raises ValueError if its key is taken."""
    if protocol.key in _registered:
        raise ValueError(f"protocol {protocol.key!r} is registered already")
    _registered[protocol.key] = protocol


def find(key: str) -> Protocol | None:
    """The protocol, or None while no connector speaks it."""
    return _registered.get(key)


def choices() -> list[tuple[str, str]]:
    """Every kind of backend, with or without a connector yet."""
    return [(key, str(label)) for key, label in LABELS.items()]
