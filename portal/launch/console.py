"""What the launcher says to the person at the terminal: short lines, flushed at once."""

import contextlib
import sys
import time
from collections.abc import Iterator


class CannotStart(Exception):
    """A reason not to start, in words for the person at the terminal; shown without a traceback."""


class _Line:
    """The line that a step has begun and not ended."""

    is_open = False


def say(text: str) -> None:
    """Print a line now. A closed or narrow terminal never stops the launcher."""
    _write(("\n" if _Line.is_open else "") + text + "\n")
    _Line.is_open = False


@contextlib.contextmanager
def step(name: str) -> Iterator[None]:
    """Say what is being done, then how many seconds it took."""
    begun = time.monotonic()
    _write(f"  {name} …")
    _Line.is_open = True
    try:
        yield
    except BaseException:
        if _Line.is_open:
            say("")
        raise
    took = f"{time.monotonic() - begun:.1f} s"
    _write(f" {took}\n" if _Line.is_open else f"  {name} … {took}\n")
    _Line.is_open = False


def _write(text: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
        sys.stdout.flush()
