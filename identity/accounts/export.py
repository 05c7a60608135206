"""What a person takes along who asks for all their data: each room tells here what it holds of them.

A room registers in its AppConfig: `export.register("drafts", records, title=_("Forms you began"))`, where
`records(person)` gives one list of facts for each thing it holds, in the language that is active.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise

from identity.accounts.models import User


@dataclass(frozen=True)
class Fact:
    """One value: for a machine under `key`, for a reader under `label`."""

    key: str
    label: str | Promise
    value: Any  # plain JSON
    said: str | Promise = ""  # the value in words, where it does not speak for itself


@dataclass(frozen=True)
class Attachment:
    """A file that belongs to what a room holds."""

    path: str  # within the archive, below files/
    content: bytes


Record = list[Fact]
Records = Callable[[User], Iterable[Record]]
Attachments = Callable[[User], Iterable[Attachment]]


@dataclass(frozen=True)
class Exporter:
    """What one room gives."""

    name: str
    title: str | Promise
    records: Records
    attachments: Attachments | None = None


@dataclass
class Registry:
    """Exporters by name, in the order in which they were registered."""

    exporters: dict[str, Exporter] = field(default_factory=dict)

    def register(
        self, name: str, records: Records, *, title: str | Promise, attachments: Attachments | None = None
    ) -> None:
        """Add a room's. Raises ValueError for a name that is taken or cannot be a file's."""
        if not name.isidentifier() or name in self.exporters:
            raise ValueError(f"{name!r} is not a new name for an exporter")
        self.exporters[name] = Exporter(name, title, records, attachments)

    def collect(self, person: User) -> Mapping[Exporter, list[Record]]:
        """Everything that the rooms hold of the person, in the language that is active."""
        return {each: list(each.records(person)) for each in self.exporters.values()}

    def attachments(self, person: User) -> Iterable[Attachment]:
        """The files that belong to it, one after another."""
        for each in self.exporters.values():
            if each.attachments is not None:
                yield from each.attachments(person)


registry = Registry()
register = registry.register
