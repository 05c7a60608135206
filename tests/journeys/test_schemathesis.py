"""The API against its own OpenAPI document: no server error, nothing that the document does not say."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.citizen import Citizen
from tests.stack import Stack

EXAMPLES = "25"  # of each operation and phase


@pytest.fixture
def session(portal: Stack) -> list[str]:
    """Headers of someone signed in, as arguments."""
    cookies = Citizen(portal).http.cookies
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return ["-H", f"Cookie: {cookie}", "-H", f"X-CSRFToken: {cookies['csrftoken']}"]


def test_the_api_keeps_its_contract(portal: Stack, session: list[str], tmp_path: Path) -> None:
    """Row 24 of the comparison: the catalogue is open as an API, with schemas."""
    schemathesis = Path(sys.executable).with_name("schemathesis")
    done = subprocess.run(
        [
            schemathesis, "run", f"{portal.url}/api/v1/schema/", *session, "--checks", "all",
            "--exclude-checks", "ignored_auth,positive_data_acceptance",  # not every guess is a real function's form
            "--max-examples", EXAMPLES, "--seed", "7", "--request-timeout", "40",
            "--exclude-operation-id", "follow_call",  # a stream is read for half a minute; test_calls.py reads it
        ],
        cwd=tmp_path, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
