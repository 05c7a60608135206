"""Loading the whole catalogue into an empty database: `python -m tests.bench.catalogue` with its DATABASE_URL.

Its limit: the same numbers of plain rows copied into a table, and the same text through OpenCC once.
"""

import json
import os
import subprocess
import sys
import time
from urllib.parse import urlsplit

from tests.bench.table import Line
from tests.stack import REPOSITORY, Stack

AIM_SECONDS = 10.0
NAME = "ferry_bench"


def run(stack: Stack) -> list[Line]:
    """In a process and a database of its own, beside the portal's."""
    import psycopg

    env = stack.environment()
    with psycopg.connect(env["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{NAME}"')
        connection.execute(f'CREATE DATABASE "{NAME}"')
        try:
            loaded = _in_its_own_process(env)
        finally:
            connection.execute(f'DROP DATABASE "{NAME}" WITH (FORCE)')
    seconds, limit = loaded["load"], loaded["limit"]
    return [
        Line(
            f"loading the catalogue, {loaded['functions']:,} functions",
            f"{seconds:.2f} s",
            f"{limit:.2f} s rows and OpenCC",
            f"{seconds / limit:.1f}",
            f"< {AIM_SECONDS:.0f} s",
            seconds < AIM_SECONDS,
        )
    ]


def _in_its_own_process(env: dict[str, str]) -> dict[str, float]:
    addresses = {name: urlsplit(env[name]) for name in ("DATABASE_URL", "REDIS_URL")}
    moved = {
        "DATABASE_URL": addresses["DATABASE_URL"]._replace(path=f"/{NAME}").geturl(),
        "REDIS_URL": addresses["REDIS_URL"]._replace(path="/9").geturl(),
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.catalogue"],
        env={**env, **moved}, cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def measure() -> dict[str, float]:
    """Seconds of the limit and of the load, into the empty database of the settings."""
    from django.core.management import call_command

    from services.registry.catalogue import load

    call_command("migrate", verbosity=0, interactive=False)
    began = time.perf_counter()
    _plain()
    limit = time.perf_counter() - began
    began = time.perf_counter()
    counts = load.load()
    seconds = time.perf_counter() - began
    assert counts is not None, "the database was not empty"
    return {"limit": limit, "load": seconds, "functions": counts["functions"]}


def _plain() -> None:
    """The cells of every sheet as rows of text, and their Chinese converted."""
    from django.db import connection, transaction
    from opencc import OpenCC

    from services.registry.catalogue import load, sheets

    rows = [list(row.cells.values()) for rows in sheets.read(load.FOLDER).rows.values() for row in rows]
    OpenCC("hk2s").convert("\n".join(cell for row in rows for cell in row if not cell.isascii()))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_plain (cells text[])")
        with cursor.copy("COPY bench_plain FROM STDIN") as copy:
            for row in rows:
                copy.write_row([row])
        cursor.execute("DROP TABLE bench_plain")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django

    django.setup()
    print(json.dumps(measure()))
