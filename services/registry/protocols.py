"""The protocols that backends can speak: the gateway registers its connectors here at start-up."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Protocol:
    """What the registry needs to know of a connector."""

    key: str
    label: Any  # for people, lazily translated
    schemes: tuple[str, ...]  # of Backend.address, such as https
    settings_schema: dict[str, Any]  # JSON Schema of Backend.settings
    check_request: Callable[[Any, Any], None]  # of a Backend and a request map; ValueError unless it can be sent
    check_backend: Callable[[Any], None]  # raises ValueError for what the schema cannot say


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
    """Every kind of backend that can be spoken to."""
    return [(protocol.key, str(protocol.label)) for protocol in _registered.values()]
