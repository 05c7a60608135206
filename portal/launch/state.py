"""The state folder: who holds it, its secrets, its ports, and what a killed run left behind."""

import base64
import contextlib
import fcntl
import os
import secrets
import shlex
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from portal.launch.console import CannotStart
from portal.launch.demo_seal import make_seal

MARK = "FERRY_SUPERVISED"  # in the environment of every child: the state folder it belongs to
PUBLISHED = (
    "DATABASE_URL",
    "REDIS_URL",
    "SECRET_KEY",
    "FERRY_DATA_KEYS",
    "FERRY_INDEX_KEYS",
    "FERRY_PROOF_KEY",
    "FERRY_DISCLOSURE_KEY",
    "TWINS_WEBHOOK_SECRET",
    "DEMO_CLIENT_SECRET",
    "UPSTREAM_CLIENT_SECRET",
    "UPSTREAM_PRIVATE_KEY",
    "FERRY_SEAL",
    "FERRY_VAR",
    "PORT",
    "TWINS_PORT",
    "TWINS_SFTP_PASSWORD",
    "BASE_URL",
)
ROOT = Path(__file__).resolve().parent.parent.parent


def folder(environ: Mapping[str, str]) -> Path:
    """The state folder, absolute: FERRY_VAR, or var/ in the checkout."""
    return Path(environ.get("FERRY_VAR") or ROOT / "var").expanduser().resolve()


def make_folder(var: Path) -> None:
    """Make the state folder and its log folder, closed to everybody else."""
    try:
        for path in (var, var / "log"):
            if not path.exists():
                path.mkdir(parents=True, mode=0o700)
        if not os.access(var / "log", os.W_OK | os.X_OK):
            raise PermissionError
    except OSError as error:
        raise CannotStart(
            f"The folder {var} cannot be written. Choose another: FERRY_VAR=/path/to/folder make run"
        ) from error


@contextlib.contextmanager
def held(var: Path, port: int) -> Iterator[None]:
    """Hold the state folder; raises CannotStart while another launcher does; a killed one does not."""
    with (var / "lock").open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.seek(0)
            raise CannotStart(
                f"Ferry already runs from {var} ({lock.read().strip() or 'starting'}). Stop it first"
                " (Ctrl-C in its terminal), or start another beside it:"
                f" FERRY_VAR=/tmp/ferry PORT={port + 1} TWINS_PORT={port + 101} make run"
            ) from error
        lock.truncate(0)
        lock.write(f"process {os.getpid()}, port {port}\n")
        lock.flush()
        yield


def secret_variables(var: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Every secret that Ferry needs: the environment's, else those of secrets.env, made on first use."""
    path = var / "secrets.env"
    kept = _read_env(path)
    wanted = {
        "SECRET_KEY": lambda: secrets.token_urlsafe(50),
        "FERRY_DATA_KEYS": lambda: Fernet.generate_key().decode(),
        "FERRY_INDEX_KEYS": lambda: secrets.token_urlsafe(32),
        "FERRY_PROOF_KEY": lambda: secrets.token_urlsafe(32),
        "FERRY_DISCLOSURE_KEY": lambda: secrets.token_urlsafe(32),
        "TWINS_WEBHOOK_SECRET": lambda: f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}",
        "DEMO_CLIENT_SECRET": lambda: secrets.token_urlsafe(32),
        "UPSTREAM_CLIENT_SECRET": lambda: secrets.token_urlsafe(32),
        "UPSTREAM_PRIVATE_KEY": rsa_key,
        "FERRY_SEAL": make_seal,
    }
    missing = [name for name in wanted if name not in kept and name not in environ and f"{name}_FILE" not in environ]
    if "FERRY_DATA_KEYS" in missing and (var / "postgres").exists():
        raise CannotStart(
            f"{path} is gone, and with it the key to the personal data in {var}. Put the file back,"
            " or begin anew with an empty folder: make clean"
        )
    if missing:
        kept |= {name: wanted[name]() for name in missing}
        _write_env(path, kept)
    return {name: environ.get(name, kept.get(name, "")) for name in wanted if name in environ or name in kept}


def rsa_key() -> str:
    """A new RSA key as one line: base64 of DER (PKCS #8)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return base64.b64encode(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())).decode()


@contextlib.contextmanager
def published(var: Path, env: Mapping[str, str]) -> Iterator[None]:
    """While running, `environment` in the state folder holds what a management command beside it needs.

    A shell reads it, and an `&` in an address is no end of a command: see docs/operations.md.
    """
    path = var / "environment"
    _write_env(path, {name: shlex.quote(env[name]) for name in PUBLISHED if name in env})
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _write_env(path: Path, variables: Mapping[str, str]) -> None:
    """Whole or not at all, closed to others."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.writelines(f"{name}={value}\n" for name, value in variables.items())
    fresh.replace(path)


def _read_env(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    path.chmod(0o600)
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def port_number(environ: Mapping[str, str], variable: str, default: int) -> int:
    """The port that the variable names."""
    value = environ.get(variable) or str(default)
    if not value.isdecimal() or not 0 < int(value) < 65536:
        raise CannotStart(f"{variable} must be a port number from 1 to 65535, not {value!r}.")
    return int(value)


def check_port(port: int, variable: str, instead: int = 0) -> None:
    """Raise CannotStart, naming the port and the variable, unless we may listen there. `instead` is what to propose."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError as error:
            raise CannotStart(
                f"Port {port} is for the system's own use. Choose one above 1023: {variable}=8001 make run"
            ) from error
        except OSError as error:
            raise CannotStart(
                f"Port {port} is taken. Stop the other program, or choose another port:"
                f" {variable}={instead or (port + 1 if port < 65535 else 8001)} make run"
            ) from error


def leftovers(var: Path) -> list[int]:
    """Processes that a launcher of this folder started and that still live, other than this one (Linux)."""
    if sys.platform != "linux":
        return []
    found, mark = [], f"{MARK}={var}".encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):  # another user's, or gone meanwhile
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
    return found


def end_leftovers(var: Path, *, polite_seconds: float = 2.0, seconds: float = 4.0) -> int:
    """End what is left of an earlier run: SIGTERM, then SIGKILL; returns how many there were."""
    ended: set[int] = set()
    begun = time.monotonic()
    while (left := leftovers(var)) and time.monotonic() < begun + seconds:
        is_polite = time.monotonic() < begun + polite_seconds
        for pid in left:
            if not (is_polite and pid in ended):  # ask politely once: a second time may mean "now"
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGTERM if is_polite else signal.SIGKILL)
        ended.update(left)
        time.sleep(0.05)
    return len(ended)
