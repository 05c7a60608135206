"""`make chaos`: every fault alone among thousands of calls, then all of them at random, and one department hanging.

`make chaos CALLS=2000 FAULTS=kill_worker,broker_full,mixed,isolation` runs those alone. Fails unless every run ends
with nothing lost, doubled, unknown or still open, and the healthy departments stay as quick as they are to be.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.faults import harness, isolation, mixed
from tests.faults.faults import FAULTS
from tests.faults.load import People
from tests.faults.mix import everything
from tests.faults.scene import Scene, scene

TOGETHER = ("mixed", "isolation")
MIXED_TIMES = 5  # as many calls as a single fault gets: 10,000 of 2,000


def main() -> int:
    """Run those wanted; the exit status is 1 if one of them was not clean."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument(
        "--calls", type=int, default=2000, help="around every fault; five times as many in the mixed run"
    )
    parser.add_argument("--faults", default="", help="names, separated by commas; all unless given")
    parser.add_argument("--seed", type=int, default=1, help="of the mixed run's dice")
    options = parser.parse_args()
    wanted = [name for name in options.faults.split(",") if name] or [*FAULTS, *TOGETHER]
    if unknown := set(wanted) - {*FAULTS, *TOGETHER}:
        print(f"There is no fault {', '.join(sorted(unknown))}; there are {', '.join([*FAULTS, *TOGETHER])}.")
        return 2
    with tempfile.TemporaryDirectory(prefix="ferry-chaos-") as folder:
        print("Starting the portal …", flush=True)
        with scene(Path(folder)) as portal:
            return 0 if all([*_alone(portal, wanted, options.calls), *_together(portal, wanted, options)]) else 1


def _alone(portal: Scene, wanted: list[str], calls: int) -> list[bool]:
    people, clean = People(portal.stack, everything()), []
    print(harness.HEAD, flush=True)
    for name in wanted:
        if name in FAULTS:
            fault = FAULTS[name]
            run = harness.strike(portal, people, fault, everything(), calls=calls, seconds=fault.long_seconds)
            clean += [_told(row) for row in harness.conclude(portal, [run])]
    return clean


def _together(portal: Scene, wanted: list[str], options: argparse.Namespace) -> list[bool]:
    clean = []
    if "mixed" in wanted:
        print(f"All faults at random (seed {options.seed}):", flush=True)
        clean.append(_told(mixed.run(portal, calls=MIXED_TIMES * options.calls, seed=options.seed)))
    if "isolation" in wanted:
        clean.append(isolation.run(portal))
    return clean


def _told(row: harness.Row) -> bool:
    print(row, row.details, flush=True)
    return row.is_clean


if __name__ == "__main__":
    sys.exit(main())
