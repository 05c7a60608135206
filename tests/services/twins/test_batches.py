"""A department that takes its work in files, as its own staff would see it."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.services.twins.running import Twins, start

CODE = "fehd-sftp-batch"
HEADER = "RECEIPT_NO,SERVICE_CODE,SUBMITTED_AT,LICENCE_NUMBER"


@pytest.fixture
def folder(twins: Twins) -> Path:
    """Where its files lie, empty; it answers at once."""
    requests.delete(twins.address(f"_twins/{CODE}/answers"), timeout=10).raise_for_status()
    tell(twins, delay_ms=0).raise_for_status()
    return twins.folder / "twins" / "sftp" / CODE


@pytest.fixture
def own_twins(tmp_path: Path) -> Iterator[Callable[[], Twins]]:
    """Starts departments of our own, again and again in the same folder."""
    started: list[Twins] = []

    def again() -> Twins:
        started.append(start(tmp_path))
        return started[-1]

    yield again
    for each in started:
        if each.process.poll() is None:
            each.stop()


def tell(twins: Twins, **said: Any) -> requests.Response:
    return requests.post(twins.address(f"_twins/{CODE}/answers"), json=said, timeout=10)


def put(folder: Path, name: str, *receipts: str, **wrong: Any) -> None:
    """A batch, and a manifest that may be wrong."""
    lines = [HEADER, *(f"{receipt},fehd-a-new-service,2026-03-03T10:00:00+08:00,L1" for receipt in receipts)]
    content = "".join(f"{line}\r\n" for line in lines).encode()
    said = {"file": name, "number": 1, "records": len(receipts), "sha256": hashlib.sha256(content).hexdigest()} | wrong
    (folder / "in" / name).write_bytes(content)
    (folder / "in" / f"{name}.manifest.json").write_text(json.dumps(said))


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_every_record_of_a_batch_is_filed_and_the_batch_archived(twins: Twins, folder: Path, receipt: str) -> None:
    put(folder, "one.csv", receipt, f"{receipt}-2")
    until(lambda: (folder / "archive" / "one.csv").exists())
    assert [twins.effects(CODE, each) for each in (receipt, f"{receipt}-2")] == [["filed"], ["filed"]]


def test_an_answer_file_comes_with_its_manifest(folder: Path, receipt: str) -> None:
    put(folder, "one.csv", receipt)
    manifest = folder / "out" / "one-answers.csv.manifest.json"
    until(manifest.exists)
    said, content = json.loads(manifest.read_bytes()), (folder / "out" / "one-answers.csv").read_bytes()
    assert (said["records"], said["sha256"]) == (1, hashlib.sha256(content).hexdigest())
    assert receipt in content.decode()


def test_on_purpose_a_batch_that_comes_twice_is_filed_twice(twins: Twins, folder: Path, receipt: str) -> None:
    for name in ("one.csv", "two.csv"):
        put(folder, name, receipt)
    until(lambda: twins.effects(CODE, receipt) == ["filed", "filed"])


@pytest.mark.parametrize("wrong", [{"records": 2}, {"sha256": "0" * 64}])
def test_a_batch_that_is_not_what_its_manifest_says_is_left_alone(
    twins: Twins, folder: Path, receipt: str, wrong: dict[str, Any]
) -> None:
    put(folder, "wrong.csv", receipt, **wrong)
    put(folder, "right.csv", f"{receipt}-2")  # worked on after it, in the order of names or the next round
    until(lambda: twins.effects(CODE, f"{receipt}-2") == ["filed"])
    assert twins.effects(CODE, receipt) == []
    assert (folder / "in" / "wrong.csv").exists()


def test_an_answer_that_was_owed_when_the_process_ended_comes_after_it(
    own_twins: Callable[[], Twins], receipt: str
) -> None:
    first = own_twins()
    requests.post(first.address(f"_twins/{CODE}/answers"), json={"fault": "missing"}, timeout=10).raise_for_status()
    folder = first.folder / "twins" / "sftp" / CODE
    put(folder, "one.csv", receipt)
    until(lambda: (folder / "archive" / "one.csv").exists())
    first.stop()
    own_twins()
    until((folder / "out" / "one-answers.csv").exists)


@pytest.mark.parametrize("said", [{"fault": "no such"}, {"delay_ms": -1}, {"delay_ms": True}, []])
def test_what_cannot_be_set_is_refused(twins: Twins, folder: Path, said: Any) -> None:
    assert requests.post(twins.address(f"_twins/{CODE}/answers"), json=said, timeout=10).status_code == 400


def test_only_a_backend_that_takes_batches_has_answers_to_set(twins: Twins) -> None:
    assert twins.get("_twins/td-rest/answers").status_code == 404
