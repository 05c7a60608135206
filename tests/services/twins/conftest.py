import uuid

import pytest


@pytest.fixture
def receipt() -> str:
    """A receipt number that no other test uses."""
    return f"FRY-{uuid.uuid4().hex[:12].upper()}"
