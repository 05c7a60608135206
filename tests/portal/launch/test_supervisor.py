"""Processes that die are started again; a stop, however it comes, leaves nothing behind."""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import redis

from portal.launch import state
from tests.portal.launch.conftest import Launcher, eventually, kill, pid_of

Launch = Callable[..., Launcher]


def test_a_killed_child_is_started_again_and_says_so(launch: Launch, var: Path) -> None:
    crew = launch(str(var))
    assert crew.said("ready")
    killed = kill(var, "subprocess.run")
    assert crew.said("parent stopped (signal 9); starting it again.")
    assert eventually(lambda: pid_of(var, "subprocess.run") not in {None, killed})


def test_a_killed_childs_own_children_end_with_it(launch: Launch, var: Path) -> None:
    crew = launch(str(var))
    assert crew.said("ready")
    assert eventually(lambda: len(state.leftovers(var)) == 4)
    before = set(state.leftovers(var))
    kill(var, "subprocess.run")
    assert eventually(lambda: len(state.leftovers(var)) == 4 and len(before - set(state.leftovers(var))) == 2)


def test_a_process_that_its_parent_replaces_is_told_of(launch: Launch, var: Path) -> None:
    crew = launch(str(var))
    assert crew.said("ready")
    assert eventually(lambda: len(state.leftovers(var)) == 4)
    time.sleep(0.5)  # the launcher looks ten times a second
    os.kill(next(pid for pid in state.leftovers(var) if os.getpgid(pid) != pid), signal.SIGKILL)
    assert crew.said("a process of parent stopped; it is started again.")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_within_its_grace(launch: Launch, var: Path, number: signal.Signals) -> None:
    crew = launch(str(var))
    assert crew.said("ready")
    begun = time.monotonic()
    crew.send(number)
    assert crew.end() == 0
    assert time.monotonic() - begun < 5  # the stubborn one has 2 s
    assert state.leftovers(var) == []


def test_a_second_ctrl_c_ends_the_grace(launch: Launch, var: Path) -> None:
    crew = launch(str(var))
    assert crew.said("ready")
    begun = time.monotonic()
    crew.send(signal.SIGINT)
    time.sleep(0.5)
    crew.send(signal.SIGINT)
    assert crew.end() == 0
    assert time.monotonic() - begun < 1.8
    assert state.leftovers(var) == []


def test_a_killed_launcher_takes_everything_with_it(launch: Launch, var: Path) -> None:
    crew = launch(str(var), "with-servers")
    assert crew.said("ready")
    crew.send(signal.SIGKILL)
    assert eventually(lambda: not any(pid_of(var, words) for words in ("postgres", "valkey", "SIG_IGN")))
    assert len(state.leftovers(var)) <= 1  # a child's own child lives on until the next start


def test_a_start_after_a_killed_launcher_ends_what_it_left(launch: Launch, var: Path) -> None:
    crew = launch(str(var))
    assert crew.said("ready")
    assert eventually(lambda: len(state.leftovers(var)) == 4)
    orphan = next(pid for pid in state.leftovers(var) if os.getpgid(pid) != pid)
    crew.send(signal.SIGKILL)
    crew.end()
    assert launch(str(var)).said("ready")
    assert not Path(f"/proc/{orphan}/environ").exists() or orphan not in state.leftovers(var)


def test_data_outlives_a_killed_launcher(launch: Launch, var: Path) -> None:
    first = launch(str(var), "with-servers")
    assert first.said("ready")
    with psycopg.connect(first.value("DATABASE_URL")) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    first.send(signal.SIGKILL)
    first.end()
    second = launch(str(var), "with-servers")
    assert second.said("ready")
    with psycopg.connect(second.value("DATABASE_URL")) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_a_killed_database_comes_back_at_the_same_address(launch: Launch, var: Path) -> None:
    crew = launch(str(var), "with-servers")
    assert crew.said("ready")
    kill(var, "bin/postgres")
    assert crew.said("postgres stopped (signal 9); starting it again.")

    def answers() -> bool:
        try:
            psycopg.connect(crew.value("DATABASE_URL")).close()
        except psycopg.OperationalError:
            return False
        return True

    assert eventually(answers)


def test_a_killed_broker_comes_back_at_the_same_address(launch: Launch, var: Path) -> None:
    crew = launch(str(var), "with-servers")
    assert crew.said("ready")
    kill(var, "valkey-server")
    assert crew.said("valkey stopped (signal 9); starting it again.")

    def answers() -> bool:
        try:
            with redis.Redis.from_url(crew.value("REDIS_URL")) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    assert eventually(answers)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_make_alone_stops_everything(launch: Launch, var: Path, number: signal.Signals) -> None:
    makefile = var / "Makefile"
    makefile.write_text(f"run:\n\t@exec {sys.executable} -m tests.portal.launch.crew {var}\n", encoding="utf-8")
    made = launch(command=["make", "-f", str(makefile), "run"])
    assert made.said("ready")
    made.send(number)
    made.end()
    assert eventually(lambda: state.leftovers(var) == [])
    assert made.said("stopped")


def test_a_killed_make_stops_everything(launch: Launch, var: Path) -> None:
    makefile = var / "Makefile"
    makefile.write_text(f"run:\n\t@exec {sys.executable} -m tests.portal.launch.crew {var}\n", encoding="utf-8")
    made = launch(command=["make", "-f", str(makefile), "run"])
    assert made.said("ready")
    made.send(signal.SIGKILL)
    assert eventually(lambda: state.leftovers(var) == [])
