"""Processor time of the portal's processes (Linux): what a request costs, however busy the machine is with others."""

import os
from pathlib import Path

from portal.launch.state import leftovers

TICKS = os.sysconf("SC_CLK_TCK")  # a second


def spent(var: Path) -> float:
    """Seconds that all processes of the portal with this state folder have used since they began."""
    running = set(leftovers(var)) | _postgres(var)
    return sum(_seconds(number) for number in running)


def _postgres(var: Path) -> set[int]:
    """The embedded server's processes, which write their titles over the environment that tells the others."""
    lock = var / "postgres" / "data" / "postmaster.pid"
    if not lock.exists():
        return set()
    first = int(lock.read_text(encoding="utf-8").splitlines()[0])
    children = Path(f"/proc/{first}/task/{first}/children").read_text(encoding="ascii")
    return {first, *map(int, children.split())}


def _seconds(number: int) -> float:
    """User and system time: fields 14 and 15 of proc(5) stat; the name before them may hold anything."""
    try:
        fields = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:  # it has ended
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS
