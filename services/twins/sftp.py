"""The SFTP face of departments that take their work in files: one log-in and one folder each, and the fault modes.

A mode is about the wire, as everywhere: whatever reaches the folders is worked on by services/twins/batches.py.
"""

import asyncio
import hmac
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import asyncssh

from services.twins import keys
from services.twins.batches import Office
from services.twins.floor import Behaviour, Mode
from services.twins.modes import LOGIN_PAGE

PAGE = LOGIN_PAGE.encode()


class Door(asyncssh.SSHServer):
    """Lets a portal in by the backend's code and the one password of the twins."""

    def __init__(self, offices: Mapping[str, Office], password: str) -> None:
        self._offices = offices
        self._password = password

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn

    def begin_auth(self, username: str) -> bool:
        office = self._offices.get(username)
        if office and office.floor.behaviours[username].at(time.time()).mode is Mode.DOWN:
            self._connection.abort()
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return username in self._offices and hmac.compare_digest(password.encode(), self._password.encode())


class Folder(asyncssh.SFTPServer):
    """A department's folder, as its machine behaves just now."""

    def __init__(self, chan: asyncssh.SSHServerChannel[bytes], offices: Mapping[str, Office]) -> None:
        self._office = offices[str(chan.get_extra_info("username"))]
        self._is_fresh = True
        super().__init__(chan, chroot=str(self._office.folder).encode())

    @property
    def _behaviour(self) -> Behaviour:
        return self._office.floor.behaviours[self._office.backend.code].at(time.time())

    async def _behave(self) -> None:
        """Before anything is done. A slow machine is slow once, else a batch would take minutes."""
        if self._behaviour.mode is Mode.DOWN:
            self.connection.abort()
        if self._behaviour.mode in (Mode.DOWN, Mode.HANG):
            await asyncio.get_running_loop().create_future()
        if self._behaviour.mode is Mode.ERROR:
            raise asyncssh.SFTPFailure("Internal error")
        if self._is_fresh:
            self._is_fresh = False
            await asyncio.sleep(self._behaviour.delay_seconds)

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        await self._behave()
        async for name in super().scandir(path):
            yield name

    async def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        await self._behave()
        return super().open(path, pflags, attrs)

    def read(self, file_obj: object, offset: int, size: int) -> bytes:
        if self._behaviour.mode is Mode.GARBAGE:
            return PAGE[offset : offset + size]
        read = super().read(file_obj, offset, size)
        assert isinstance(read, bytes)
        return read

    async def rename(self, oldpath: bytes, newpath: bytes) -> None:
        await self._behave()
        if self._office.holds and oldpath.endswith(self._office.holds.encode()):
            await asyncio.get_running_loop().create_future()
        super().rename(oldpath, newpath)
        if self._behaviour.mode is Mode.DROP_AFTER_ACCEPT:  # it is done, but nobody hears so
            self.connection.abort()
            await asyncio.get_running_loop().create_future()

    async def remove(self, path: bytes) -> None:
        await self._behave()
        super().remove(path)


@asynccontextmanager
async def listening(
    offices: Mapping[str, Office], port: int, *, state_folder: Path, password: str
) -> AsyncIterator[None]:
    """Serve the offices' folders. Raises OSError if the port is taken."""
    server = await asyncssh.listen(
        "127.0.0.1",
        port,
        server_factory=lambda: Door(offices, password),
        server_host_keys=[keys.host_key(state_folder)],
        sftp_factory=lambda chan: Folder(chan, offices),
        allow_scp=False,
        agent_forwarding=False,
    )
    try:
        yield
    finally:
        server.close()
