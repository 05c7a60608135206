"""Parts of a page that are the same for whoever reads them, made once for a while."""

import hashlib
from collections.abc import Callable
from typing import TypeVar

from django.core.cache import cache

from services import languages
from services.registry.publication import EPOCH_KEY

T = TypeVar("T")


def part(name: str, facts: tuple[object, ...], make: Callable[[], T], *, seconds: int) -> T:
    """What `make` returns in this language for these facts; made anew whenever the registry publishes something.

    `facts` decide the content together with the language. Nothing that belongs to one person may be in it. One
    round trip; what `make` raises is raised, and nothing is kept.
    """
    text = "\n".join(map(str, (name, languages.current(), *facts)))
    key = "part:" + hashlib.sha256(text.encode()).hexdigest()
    found = cache.get_many([EPOCH_KEY, key])
    epoch = found.get(EPOCH_KEY)
    kept = found.get(key)
    if isinstance(kept, tuple) and kept[0] == epoch:
        content: T = kept[1]
        return content
    made = make()
    cache.set(key, (epoch, made), seconds)
    return made
