"""The processes of Ferry itself: their commands, and how each is stopped."""

import signal
import sys
from pathlib import Path

from portal.launch.children import Child

WEB_THREADS = 32  # per worker process; an open stream of events holds one
CALLS_AT_ONCE = 128  # tasks; calls have threads of their own: see docs/decisions/0018
CHORES_AT_ONCE = 4


def processes(var: Path, port: int, env: dict[str, str]) -> list[Child]:
    """Everything that is started once the database is ready."""
    logs = var / "log"

    def child(name: str, arguments: list[str], grace_seconds: float, stops: int) -> Child:
        command = [sys.executable, "-m", *arguments]
        return Child(name, command, env, logs / f"{name}.log", grace_seconds=grace_seconds, stops=stops)

    web = child("web", web_server(port), grace_seconds=4, stops=0)
    web.orphan_signal = signal.SIGTERM  # it has children of its own to end
    web.minds_its_own = True
    return [
        web,
        child("worker", _worker("worker", "calls", CALLS_AT_ONCE), grace_seconds=4, stops=1),
        child("chores", _worker("chores", "chores", CHORES_AT_ONCE), grace_seconds=4, stops=1),
        child("beat", _beat(var), grace_seconds=2, stops=1),
        child("twins", ["services.twins"], grace_seconds=2, stops=2),
    ]


def web_server(port: int, application: str = "portal.wsgi:application") -> list[str]:
    """The web server's command; with another application for comparing it with others."""
    options = {
        "--interface": "wsgi",
        "--host": "127.0.0.1",
        "--port": str(port),
        "--http": "1",
        "--workers": "2",
        "--blocking-threads": str(WEB_THREADS),
        "--backlog": "1024",
        "--workers-kill-timeout": "3",
        "--respawn-interval": "0.5",
        "--log-level": "warning",
    }
    flags = ["--no-ws", "--no-access-log", "--respawn-failed-workers"]
    return [
        "granian",
        *(part for option in options.items() for part in option),
        *flags,
        application,
    ]


def _worker(name: str, queue: str, threads: int) -> list[str]:
    options = [
        "-Q",
        queue,
        "-P",
        "threads",
        "-c",
        str(threads),
        "-n",
        f"{name}@ferry",
        "--loglevel",
        "WARNING",
    ]
    return [
        "celery",
        "-A",
        "portal",
        "worker",
        *options,
        "--without-gossip",
        "--without-mingle",
        "--without-heartbeat",
    ]


def _beat(var: Path) -> list[str]:
    schedule = str(var / "beat-schedule")
    return [
        "celery",
        "-A",
        "portal",
        "beat",
        "--schedule",
        schedule,
        "--pidfile",
        "",
        "--loglevel",
        "WARNING",
    ]
