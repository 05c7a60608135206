"""Every fault, small: after it nothing is lost, nothing filed twice, and each receipt is final or with a human.

The faults strike one after another while calls of those before are still being recovered, which saves the waiting for
leases and is the harder test. `make chaos` lets each strike alone, among thousands of calls.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults import harness
from tests.faults.faults import FAULTS, of_departments
from tests.faults.harness import Row, Struck
from tests.faults.load import People
from tests.faults.mix import some
from tests.faults.scene import Scene, scene

CALLS, CALLS_OF_DEPARTMENTS = 40, 12


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene(tmp_path_factory.mktemp("scene")) as made:
        yield made


@pytest.fixture(scope="module")
def rows(portal: Scene) -> dict[str, Row]:
    """What every fault left behind. Each fault of a department has departments of its own, so they strike at once."""
    departments = of_departments()
    people = People(portal.stack, some(99))

    def strike(name: str, functions: list[str], calls: int) -> Struck:
        return harness.strike(portal, people, FAULTS[name], functions, calls=calls, seconds=FAULTS[name].seconds)

    with ThreadPoolExecutor() as pool:
        at_once = [
            pool.submit(strike, name, some(1, after=place), CALLS_OF_DEPARTMENTS)
            for place, name in enumerate(departments)
        ]
        others = some(4, after=len(departments))
        one_by_one = [strike(name, others, CALLS) for name in FAULTS if name not in departments]
        runs = [*one_by_one, *(each.result() for each in at_once)]
    found = harness.conclude(portal, runs)
    print(harness.HEAD, *found, sep="\n")
    return {row.fault: row for row in found}


@pytest.mark.parametrize("name", FAULTS)
def test_nothing_is_lost_or_filed_twice(rows: dict[str, Row], name: str) -> None:
    row = rows[name]
    assert row.is_clean, f"{harness.HEAD}\n{row}\n{row.details}"
    assert row.calls == row.delivered + row.undelivered > 0
