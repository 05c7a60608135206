"""Every fault, small: after it nothing is lost, nothing filed twice, and each receipt is final or with a human."""

from collections.abc import Iterator

import pytest

from tests.faults import harness
from tests.faults.faults import FAULTS
from tests.faults.mix import some
from tests.faults.scene import Scene, scene

CALLS = 40


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene(tmp_path_factory.mktemp("scene")) as made:
        yield made


@pytest.mark.parametrize("name", FAULTS)
def test_nothing_is_lost_or_filed_twice(portal: Scene, name: str) -> None:
    fault = FAULTS[name]
    row = harness.run(portal, fault, some(3), calls=CALLS, seconds=fault.seconds)
    print(row)
    assert row.is_clean, f"{row} {row.details}"
