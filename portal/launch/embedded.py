"""The embedded database and broker: for `make run`, and together as a door for the tests."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portal.launch import postgres, state
from portal.launch.supervisor import Supervisor
from portal.launch.valkey import Valkey


def start_postgres(supervisor: Supervisor, *, is_durable: bool = True) -> str:
    """Start the database, wait for it, and return its address."""
    where = postgres.place(supervisor.var)
    server = postgres.server(where, supervisor.var, _marked(supervisor), is_durable=is_durable)
    supervisor.start(server)
    supervisor.wait_until(lambda: postgres.is_ready(where), server, seconds=60)
    return where.url


def start_valkey(supervisor: Supervisor) -> str:
    """Start the broker, wait for it, and return its address."""
    valkey = Valkey(supervisor.var, _marked(supervisor))
    supervisor.start(valkey.child)
    supervisor.wait_until(valkey.is_ready, valkey.child, seconds=20)
    return valkey.url


@contextmanager
def embedded(var: Path, *, is_durable: bool = False) -> Iterator[dict[str, str]]:
    """A database and a broker in that folder, stopped at the end; yields DATABASE_URL and REDIS_URL.

    One that the environment names already is used instead. They are not started again if they die. Call it
    from the main thread. As root, give a folder that other accounts can reach: by tempfile.mkdtemp().
    """
    var = var.resolve()
    state.make_folder(var)
    supervisor = Supervisor(var)
    try:
        yield {
            "DATABASE_URL": os.environ.get("DATABASE_URL") or start_postgres(supervisor, is_durable=is_durable),
            "REDIS_URL": os.environ.get("REDIS_URL") or start_valkey(supervisor),
        }
    finally:
        supervisor.stop()


def _marked(supervisor: Supervisor) -> dict[str, str]:
    return {**os.environ, state.MARK: str(supervisor.var)}
