"""The state folder: secrets, ports, and one launcher at a time."""

import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from portal.launch import state
from portal.launch.console import CannotStart
from tests.portal.launch.conftest import Launcher
from tests.ports import free_port


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port on which another program listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_secrets_are_made_once_and_closed_to_others(tmp_path: Path) -> None:
    first = state.secret_variables(tmp_path, {})
    assert (tmp_path / "secrets.env").stat().st_mode & 0o777 == 0o600
    assert state.secret_variables(tmp_path, {}) == first
    assert len(first["SECRET_KEY"]) >= 50
    assert len(first["FERRY_DATA_KEYS"]) == 44
    assert len(first["FERRY_INDEX_KEYS"]) == 43
    assert len(first["FERRY_PROOF_KEY"]) == 43
    assert len(first["TWINS_WEBHOOK_SECRET"]) == len("whsec_") + 44


def test_secrets_that_others_could_read_are_closed(tmp_path: Path) -> None:
    state.secret_variables(tmp_path, {})
    (tmp_path / "secrets.env").chmod(0o644)
    state.secret_variables(tmp_path, {})
    assert (tmp_path / "secrets.env").stat().st_mode & 0o777 == 0o600


def test_secrets_of_the_environment_win(tmp_path: Path) -> None:
    kept = state.secret_variables(tmp_path, {})
    mixed = state.secret_variables(tmp_path, {"SECRET_KEY": "theirs"})
    assert mixed == {**kept, "SECRET_KEY": "theirs"}


def test_secrets_of_the_environment_leave_no_file(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    theirs = {name: "theirs" for name in state.secret_variables(tmp_path / "other", {})}
    theirs["FERRY_DATA_KEYS_FILE"] = theirs.pop("FERRY_DATA_KEYS")
    state.secret_variables(tmp_path, theirs)
    assert not (tmp_path / "secrets.env").exists()


def test_lost_keys_are_not_replaced_while_there_is_data(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    with pytest.raises(CannotStart, match=r"secrets\.env is gone"):
        state.secret_variables(tmp_path, {})


def test_a_new_state_folder_is_closed_to_others(tmp_path: Path) -> None:
    state.make_folder(tmp_path / "deep" / "var")
    assert (tmp_path / "deep" / "var").stat().st_mode & 0o777 == 0o700


def test_a_state_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "var").touch()
    with pytest.raises(CannotStart, match="FERRY_VAR="):
        state.make_folder(tmp_path / "var")


def test_a_state_folder_is_held_by_one_launcher(tmp_path: Path) -> None:
    with state.held(tmp_path, 8000), pytest.raises(CannotStart, match="port 8000"), state.held(tmp_path, 8000):
        pass


def test_a_state_folder_is_free_again_after_its_launcher(tmp_path: Path) -> None:
    with state.held(tmp_path, 8000):
        pass
    with state.held(tmp_path, 8001):
        assert "8001" in (tmp_path / "lock").read_text(encoding="utf-8")


def test_a_free_port_is_accepted() -> None:
    state.check_port(free_port(), "PORT")


@pytest.mark.parametrize("variable", ["PORT", "TWINS_PORT"])
def test_a_taken_port_is_named_with_its_variable(
    launch: Callable[..., Launcher], var: Path, taken_port: int, variable: str
) -> None:
    ports = {"PORT": str(free_port()), "TWINS_PORT": str(free_port(4)), variable: str(taken_port)}
    ferry = launch(command=[sys.executable, "-m", "portal.launch"], FERRY_VAR=str(var), **ports)
    assert ferry.end() == 1
    assert ferry.lines[-1] == (
        f"Port {taken_port} is taken. Stop the other program, or choose another port:"
        f" {variable}={taken_port + 1} make run"
    )
    assert not (var / "postgres").exists()


@pytest.mark.parametrize("value", ["web", "0", "65536", "-1", "80 80"])
def test_a_port_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(CannotStart, match="PORT must be a port number"):
        state.port_number({"PORT": value}, "PORT", 8000)


def test_an_empty_port_means_the_usual_one() -> None:
    assert state.port_number({"PORT": ""}, "PORT", 8000) == 8000
