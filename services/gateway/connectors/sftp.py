"""One SFTP connection, for code that is not asynchronous: the pinned host key, the log-in, and files by path.

asyncssh lives on an event loop; a batch is exchanged by a thread of a worker. So each session brings a loop of its own,
which runs while an operation does.
"""

import asyncio
import os
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import asyncssh

from services.gateway.errors import ExchangeFailed
from services.registry.models import Backend

PORT = 22
GOODBYE_SECONDS = 1.0
Result = TypeVar("Result")


@dataclass(frozen=True)
class Entry:
    """A file in a folder."""

    size: int  # bytes
    changed_at: float  # seconds since 1970, by the other side's clock


def host_key(line: str) -> asyncssh.SSHKey:
    """The key of a line such as `ssh-ed25519 AAAA… comment`. Raises ValueError."""
    try:
        return asyncssh.import_public_key(line)
    except asyncssh.KeyImportError as error:
        raise ValueError("give the server's public key, as in `ssh-ed25519 AAAA…`") from error


class Session:
    """Raises ExchangeFailed, from every method, for whatever the other side or the line does."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._left = float(backend.timeout_seconds)  # seconds that the whole may still wait for the other side
        self._runner = asyncio.Runner()
        self._connection: asyncssh.SSHClientConnection | None = None

    def __enter__(self) -> Self:
        try:
            self._connection = self._run(self._connect(), "connect", self._backend.connect_timeout_seconds * 2)
            self._files: asyncssh.SFTPClient = self._run(self._start(), "start SFTP")
        except BaseException:
            if self._connection:
                self._connection.abort()
            self._runner.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._hang_up())
        self._runner.close()

    async def _hang_up(self) -> None:
        assert self._connection
        self._connection.close()
        waiting = asyncio.ensure_future(self._connection.wait_closed())
        done, _ = await asyncio.wait({waiting}, timeout=GOODBYE_SECONDS)
        if not done:
            self._connection.abort()

    async def _connect(self) -> asyncssh.SSHClientConnection:
        backend = self._backend
        address = urlsplit(backend.address)
        secret = os.environ.get(backend.credentials, "") if backend.credentials else ""
        is_key = secret.lstrip().startswith("-----BEGIN")
        return await asyncssh.connect(
            address.hostname or "",
            address.port or PORT,
            username=address.username or "",
            password=None if is_key else secret,
            client_keys=[asyncssh.import_private_key(secret)] if is_key else None,
            known_hosts=([host_key(backend.settings.get("host_key", ""))], [], []),
            connect_timeout=backend.connect_timeout_seconds,
            login_timeout=backend.connect_timeout_seconds * 2,
            config=None,  # nothing of ~/.ssh: what is in force stands in the backend's row
            agent_path=None,
            preferred_auth="publickey" if is_key else "password",
        )

    async def _start(self) -> asyncssh.SFTPClient:
        assert self._connection
        return await self._connection.start_sftp_client()

    def _run(self, work: Coroutine[Any, Any, Result], what: str, seconds: float = 0) -> Result:
        limit = min(seconds or self._backend.read_timeout_seconds, self._left)
        clock = time.monotonic()
        try:
            return self._runner.run(self._within(max(limit, 0.001), work))
        except TimeoutError as error:
            raise ExchangeFailed(f"{what}: no answer within {limit:.0f} s") from error
        except asyncssh.HostKeyNotVerifiable as error:
            raise ExchangeFailed("the server shows another host key than the one that is pinned") from error
        except asyncssh.KeyImportError as error:
            raise ExchangeFailed(f"{what}: the host key or the private key cannot be read") from error
        except asyncssh.PermissionDenied as error:
            raise ExchangeFailed("the server does not accept our log-in") from error
        except (OSError, ValueError, asyncssh.Error, asyncssh.SFTPError) as error:
            raise ExchangeFailed(f"{what}: {type(error).__name__}") from error
        finally:
            self._left -= time.monotonic() - clock

    async def _within(self, seconds: float, work: Coroutine[Any, Any, Result]) -> Result:
        """Like asyncio.wait_for, which would wait on for an operation that tidies up over the same dead line."""
        task = asyncio.ensure_future(work)
        done, _ = await asyncio.wait({task}, timeout=seconds)
        if not done:
            task.cancel()
            if self._connection:
                self._connection.abort()
            raise TimeoutError
        return task.result()

    def folder(self, path: str) -> dict[str, Entry]:
        """The files in a folder, by name."""
        return self._run(self._folder(path), f"list {path}")

    async def _folder(self, path: str) -> dict[str, Entry]:
        found = {}
        for entry in await self._files.readdir(path):
            name = os.fsdecode(entry.filename)
            if entry.attrs.type in (asyncssh.FILEXFER_TYPE_REGULAR, asyncssh.FILEXFER_TYPE_UNKNOWN):
                found[name] = Entry(entry.attrs.size or 0, float(entry.attrs.mtime or 0))
        return found

    def read(self, path: str, *, limit: int) -> bytes:
        """A whole file of at most `limit` bytes; of a longer one, so many and one more."""
        return self._run(self._read(path, limit), "read")

    async def _read(self, path: str, limit: int) -> bytes:
        async with self._files.open(path, "rb") as file:
            content = await file.read(limit + 1)
            return content.encode() if isinstance(content, str) else content

    def write(self, path: str, content: bytes) -> None:
        """Write a file anew, and see that all of it is there."""
        size = self._run(self._write(path, content), "write")
        if size != len(content):
            raise ExchangeFailed(f"write: {size} bytes arrived of {len(content)}")

    async def _write(self, path: str, content: bytes) -> int:
        async with self._files.open(path, "wb") as file:
            await file.write(content)
        return (await self._files.stat(path)).size or 0

    def rename(self, old: str, new: str) -> None:
        """Fails if there is a file of the new name (SFTP 3, draft-ietf-secsh-filexfer-02 section 6.5)."""
        self._run(self._files.rename(old, new), "rename")

    def remove(self, path: str) -> None:
        self._run(self._files.remove(path), "remove")
