"""`make bench`: the whole portal, measured against limits of the same run. Fails if an aim is missed.

`python -m tests.bench pages calls` runs those parts alone.
"""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.bench import calls, catalogue, delivery, history, pages, pools, search, signon, table
from tests.bench.citizen import Citizen
from tests.bench.table import Line
from tests.stack import Stack, running

VARIABLES = {
    "FERRY_SETTINGS": "tests.bench.settings",
    "API_READ_RATE": "1000000/min",
    "API_CALL_RATE": "1000000/min",
    "PROVIDER_CLIENT_RATE": "1000000",
}
PARTS: dict[str, Callable[[Stack, Citizen], list[Line]]] = {
    "pages": pages.run,  # first: the citizen's list has twenty calls then
    "calls": calls.run,
    "delivery": delivery.run,
    "history": lambda stack, citizen: history.run(stack, citizen, VARIABLES),
    "pools": lambda stack, citizen: pools.run(stack),
    "signon": signon.run,
    "catalogue": lambda stack, citizen: catalogue.run(stack),
}


def main() -> int:
    wanted = sys.argv[1:] or [*PARTS, "search"]
    if unknown := set(wanted) - {*PARTS, "search"}:
        print(f"There is no part {', '.join(sorted(unknown))}; there are {', '.join([*PARTS, 'search'])}.")
        return 2
    with tempfile.TemporaryDirectory(prefix="ferry-bench-") as folder:
        print("Starting the portal …", flush=True)
        with running(Path(folder), **VARIABLES) as stack:
            lines = _measure(stack, wanted)
    table.show(lines)
    return 1 if any(line.is_met is False for line in lines) else 0


def _measure(stack: Stack, wanted: list[str]) -> list[Line]:
    """This process asks the portal's own database and broker, for counting queries and for searching."""
    os.environ.update(stack.environment())
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    import django

    django.setup()
    citizen, lines = Citizen(stack), []
    for name, measure in PARTS.items():
        if name in wanted:
            print(f"Measuring {name} …", flush=True)
            lines += measure(stack, citizen)
    if "search" in wanted:
        search.run()
    return lines


if __name__ == "__main__":
    sys.exit(main())
