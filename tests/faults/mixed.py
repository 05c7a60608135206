"""All faults at random, one after another, among calls that come in all the while."""

import random
import time
from datetime import UTC, datetime

from tests.faults import harness
from tests.faults.faults import FAULTS, Fault
from tests.faults.harness import Row, Struck
from tests.faults.load import Load, People
from tests.faults.mix import everything
from tests.faults.scene import Scene

CALLS_A_SECOND = 40
PAUSE_SECONDS = (0.5, 3.0)
LONGEST_SECONDS = 8.0


def run(scene: Scene, *, calls: int, seed: int) -> Row:
    """So many calls; faults strike until the last of them has its receipt."""
    dice, functions = random.Random(seed), everything()
    backends = harness.backends_of(scene, functions)
    load = Load(People(scene.stack, functions), functions, calls, seconds=calls / CALLS_A_SECOND)
    began = datetime.now(UTC)
    harness.behave(scene, backends, "slow", 300)
    load.start()
    while not load.is_over:
        time.sleep(dice.uniform(*PAUSE_SECONDS))
        _strike(scene, dice.choice(list(FAULTS.values())), dice, backends)
    harness.behave(scene, backends, "ok", 0)
    over = datetime.now(UTC)
    return harness.conclude(scene, [Struck("mixed", load, began, began, over)])[0]


def _strike(scene: Scene, fault: Fault, dice: random.Random, backends: list[str]) -> None:
    """For some seconds; of the departments, a third is struck."""
    seconds = min(dice.uniform(0.5, 1) * fault.long_seconds, LONGEST_SECONDS)
    struck = dice.sample(backends, len(backends) // 3) if fault.name.startswith("twin_") else []
    print(f"  {datetime.now(UTC):%H:%M:%S} {fault.name} for {seconds:.1f} s", flush=True)
    harness.behave(scene, struck, *fault.twins)
    try:
        fault.strike(scene, seconds)
    finally:
        fault.heal(scene)
        harness.behave(scene, struck, "slow", 300)
