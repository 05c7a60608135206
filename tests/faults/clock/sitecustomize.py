"""Steps the wall clock of a Celery process while it runs: the only way to do so without moving the machine's own.

Python loads this module before any other where PYTHONPATH names its folder. Only processes that FERRY_TEST_CLOCK
has a file for are touched: a number of seconds, read each time that somebody asks what time it is. The monotonic
clock is left alone, as it is by a real step.
"""

import ctypes
import datetime
import gc
import mmap
import os
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path

_kept: list[object] = []  # what was replaced may still be in somebody's cache


def _role() -> str:
    """`calls`, `chores` or `beat` of a Celery process; empty for any other."""
    words = sys.orig_argv
    return next((role for role in ("calls", "chores", "beat") if "celery" in words and role in words), "")


def _step_with(file: Path) -> None:
    """Add what stands in the file (a double, native) to every answer of the wall clock."""
    with file.open("rb") as opened:
        offset = mmap.mmap(opened.fileno(), 8, access=mmap.ACCESS_READ)
    real_time, real_now = time.time, datetime.datetime.now

    def seconds() -> float:
        return float(struct.unpack_from("d", offset)[0])

    def stepped_now(kind: type[datetime.datetime], tz: datetime.tzinfo | None = None) -> datetime.datetime:
        return real_now(tz) + datetime.timedelta(seconds=seconds())

    time.time = lambda: real_time() + seconds()
    time.time_ns = lambda: int(time.time() * 1_000_000_000)
    _replace("now", stepped_now)
    _replace("utcnow", lambda kind: stepped_now(kind, datetime.UTC).replace(tzinfo=None))


def _replace(name: str, function: Callable[..., datetime.datetime]) -> None:
    """A type written in C does not let its attributes be set; its dictionary does, if the type is told of it."""
    methods = gc.get_referents(datetime.datetime.__dict__)[0]
    _kept.append(methods[name])
    methods[name] = classmethod(function)
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(datetime.datetime))


_folder = os.environ.get("FERRY_TEST_CLOCK", "")
if _folder and _role() and (_file := Path(_folder) / _role()).exists():
    _step_with(_file)
