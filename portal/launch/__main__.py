"""`make run`: everything that Ferry needs, in one terminal, until Ctrl-C."""

import http.client
import os
import secrets
import sys
from pathlib import Path

from portal.launch import state
from portal.launch.children import Child
from portal.launch.console import CannotStart, say, step
from portal.launch.embedded import start_postgres, start_valkey
from portal.launch.processes import processes
from portal.launch.supervisor import Interrupted, Supervisor

TWINS_PORTS = 5  # as services/twins/ports.py says
LOGINS = [  # made by the command `demo`
    ("citizen", "ferry-citizen", "a citizen, with data already filled in"),
    ("officer", "ferry-officer", "an officer of the Transport Department"),
    ("approver", "ferry-approver", "a second officer, who approves"),
    ("ops", "ferry-ops", "operations"),
]


def main() -> int:
    """Run until asked to stop; returns the exit status."""
    try:
        var = state.folder(os.environ)
        port = state.port_number(os.environ, "PORT", 8000)
        twins_port = state.port_number(os.environ, "TWINS_PORT", 8100)
        twins_ports = range(twins_port, twins_port + TWINS_PORTS)
        if port in twins_ports:
            raise CannotStart(
                f"PORT is {port}, and the demonstration departments use {twins_port} to {twins_ports[-1]}."
                f" Choose another: TWINS_PORT={port + 1} make run"
            )
        state.make_folder(var)
        with state.held(var, port):
            state.end_leftovers(var)
            state.check_port(port, "PORT")
            for each in twins_ports:
                state.check_port(each, "TWINS_PORT", instead=each + 1)
            run(Supervisor(var), port, twins_port)
    except CannotStart as reason:
        say(f"\n{reason}")
        return 1
    return 0


def run(supervisor: Supervisor, port: int, twins_port: int) -> None:
    """Start everything, greet, and keep it running; whatever happens, leave nothing behind."""
    supervisor.listen_to_signals()
    say("Ferry 一渡通")
    try:
        env = environment(supervisor, port, twins_port)
        supervisor.run_to_end(Child("prepare", [sys.executable, "-m", "portal.launch.prepare"], env))
        with state.published(supervisor.var, env):
            start_processes(supervisor, port, twins_port, env)
            greet(supervisor.var, port, twins_port)
            supervisor.keep_running()
    except Interrupted:
        say("\nStopping …")
    finally:
        supervisor.stop()
    say("Stopped. Everything you entered is kept; make run brings it back.")


def environment(supervisor: Supervisor, port: int, twins_port: int) -> dict[str, str]:
    """Start database and broker, unless they are named; returns the variables for every process of ours."""
    kept = state.secret_variables(supervisor.var, os.environ)
    addresses = {}
    if not os.environ.get("DATABASE_URL"):
        with step("PostgreSQL"):
            addresses["DATABASE_URL"] = start_postgres(supervisor)
    if not os.environ.get("REDIS_URL"):
        with step("Valkey"):
            addresses["REDIS_URL"] = start_valkey(supervisor)
    return {
        **os.environ,
        **kept,
        **addresses,
        "PORT": str(port),
        "TWINS_PORT": str(twins_port),
        "TWINS_SFTP_PASSWORD": secrets.token_urlsafe(24),  # between our workers and our twins, and only for this run
        "FERRY_VAR": str(supervisor.var),
        "DJANGO_SETTINGS_MODULE": os.environ.get("FERRY_SETTINGS", "portal.settings"),
        "PYTHONUNBUFFERED": "1",
        "CELERY_SKIP_CHECKS": "1",  # they would load every page into each worker
        state.MARK: str(supervisor.var),
    }


def start_processes(supervisor: Supervisor, port: int, twins_port: int, env: dict[str, str]) -> None:
    """Start web, workers, beat and twins, and wait until pages and twins answer."""
    say("  Web server, workers and demonstration departments …")
    started = {child.name: child for child in processes(supervisor.var, port, env)}
    for child in started.values():
        supervisor.start(child)
    supervisor.wait_until(lambda: answers(port, "/health/live"), started["web"], seconds=90)
    supervisor.wait_until(lambda: answers(twins_port, "/_twins/"), started["twins"], seconds=60)


def answers(port: int, path: str) -> bool:
    """Whether a loopback web server says 200 to that path."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def greet(var: Path, port: int, twins_port: int) -> None:
    """The address, the demonstration log-ins, and how to stop."""
    address = os.environ.get("BASE_URL", f"http://127.0.0.1:{port}").rstrip("/")
    say(f"\nFerry is ready: {address}\n")
    say(f"  {'log-in':10}{'password':17}who")
    for name, password, who in LOGINS:
        say(f"  {name:10}{password:17}{who}")
    say(f"\n  Demonstration departments: http://127.0.0.1:{twins_port}/_twins/")
    say(f"  Demonstration identity app: http://127.0.0.1:{twins_port + 4}/app/")
    say(f"  Data: {var}   Logs: {var / 'log'}")
    say("  Stop with Ctrl-C.\n")


if __name__ == "__main__":
    sys.exit(main())
