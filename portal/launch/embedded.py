"""The embedded database and broker, together: for `make run`, and as a door for the tests."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
import os
from pathlib import Path

from portal.launch import postgres, state
from portal.launch.console import step
from portal.launch.supervisor import Supervisor
from portal.launch.valkey import Valkey


def start_servers(
    supervisor: Supervisor, env: Mapping[str, str], *, is_durable: bool = True
) -> dict[str, str]:
    """Start those that the environment does not name, and wait for them; returns their addresses as variables."""
    var, marked, addresses = supervisor.var, {**env, state.MARK: str(supervisor.var)}, {}
    if not env.get("DATABASE_URL"):
        with step("PostgreSQL"):
            where = postgres.place(var)
            server = postgres.server(where, var, marked, is_durable=is_durable)
            supervisor.start(server)
            supervisor.wait_until(lambda: postgres.is_ready(where), server, seconds=60)
            addresses["DATABASE_URL"] = where.url
    if not env.get("REDIS_URL"):
        with step("Valkey"):
            valkey = Valkey(var, marked)
            supervisor.start(valkey.child)
            supervisor.wait_until(valkey.is_ready, valkey.child, seconds=20)
            addresses["REDIS_URL"] = valkey.url
    return addresses


@contextmanager
def embedded(var: Path, *, is_durable: bool = False) -> Iterator[dict[str, str]]:
    """A database and a broker of one's own in that folder, stopped at the end; yields DATABASE_URL and REDIS_URL.

    One that the environment names already is used instead. Not restarted if they die. Call it from the main thread.
    As root, give a folder that other accounts can reach, such as tempfile.mkdtemp() directly under /tmp.
    """
    var = var.resolve()
    state.make_folder(var)
    supervisor = Supervisor(var)
    try:
        started = start_servers(supervisor, os.environ, is_durable=is_durable)
        named = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL") if os.environ.get(name)}
        yield named | started
    finally:
        supervisor.stop()
