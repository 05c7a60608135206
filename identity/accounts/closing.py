"""What becomes of a person's data when they delete their account: each room says it here, and does it.

A room registers in its AppConfig: `closing.register("drafts", erase=..., erased=[_("Forms you began")])`. What it must
keep for a while it tells by `kept(person)`, so that the person reads it before they decide.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from django.utils.functional import Promise

from identity.accounts.models import User

Text = str | Promise


@dataclass(frozen=True)
class Kept:
    """Something that outlives the account for a while, in words."""

    what: Text
    why: Text
    until: Text


def _nothing(_person: User) -> Iterable[Kept]:
    return ()


def _leave(_person: User) -> None:
    pass


@dataclass(frozen=True)
class Room:
    """What one room does at the end of an account. `erase` is carried out once, in the transaction of the closing."""

    name: str
    erase: Callable[[User], None] = _leave
    erased: Sequence[Text] = ()  # what that deletes, in words
    kept: Callable[[User], Iterable[Kept]] = _nothing


@dataclass
class Registry:
    """Rooms by name, in the order in which they were registered."""

    rooms: dict[str, Room] = field(default_factory=dict)

    def register(
        self,
        name: str,
        *,
        erase: Callable[[User], None] = _leave,
        erased: Sequence[Text] = (),
        kept: Callable[[User], Iterable[Kept]] = _nothing,
    ) -> None:
        """Add a room. Raises ValueError for a name that is taken."""
        if name in self.rooms:
            raise ValueError(f"{name!r} is registered already")
        self.rooms[name] = Room(name, erase, erased, kept)


registry = Registry()
register = registry.register
