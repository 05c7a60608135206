"""What the launcher says to the person at the terminal: short lines, flushed at once."""

import contextlib
import sys
import time
from collections.abc import Iterator


class CannotStart(Exception):
    """A reason not to start, in words for the person at the terminal; shown without a traceback."""


def say(text: str, *, end: str = "\n") -> None:
    """Print now. A closed or narrow terminal never stops the launcher."""
    with contextlib.suppress(OSError, ValueError):
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding) + end)
        sys.stdout.flush()


@contextlib.contextmanager
def step(name: str) -> Iterator[None]:
    """Say what is being done, then how many seconds it took."""
    begun = time.monotonic()
    say(f"  {name} …", end="")
    try:
        yield
    except BaseException:
        say("")
        raise
    say(f" {time.monotonic() - begun:.1f} s")
