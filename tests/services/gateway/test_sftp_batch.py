"""Batches over the real wire: a portal and a department that both may be cut off anywhere."""

import pytest

from tests.services.gateway.batching import Department

pytestmark = pytest.mark.django_db(transaction=True)


def test_calls_leave_together_and_each_is_answered(department: Department) -> None:
    department.collect(3)
    department.exchange()
    department.until_answered()
    department.exchange()
    assert department.statuses() == ["completed"] * 3
    assert department.filings() == [1, 1, 1]
