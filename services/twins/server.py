"""The process that serves every twin: one event loop, one port, loopback only."""

import asyncio
import contextlib
import resource
import signal
from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web

from services.twins import (
    access,
    batches,
    catalogue,
    certificates,
    control,
    identity_app,
    later,
    records,
    rest,
    sftp,
    soap,
)
from services.twins.floor import FLOOR, Floor, note_trace
from services.twins.ledger import Ledger
from services.twins.modes import behave
from services.twins.ports import Ports
from services.twins.problems import explain_errors
from services.twins.soap_manners import MANNERS

LARGEST_BODY = 32 * 1024 * 1024  # bytes; an application brings its files along
BACKLOG = 1024
LAST_WORDS_SECONDS = 0.2  # what is being answered may finish; what hangs is cut


def build_app(floor: Floor, offices: dict[str, batches.Office]) -> web.Application:
    guards = [explain_errors, note_trace, behave, access.admit]
    app = web.Application(middlewares=guards, client_max_size=LARGEST_BODY)
    app[FLOOR] = floor
    app[batches.OFFICES] = offices
    access.set_up(app)
    app[MANNERS] = {}
    app.add_routes([*control.routes(), *batches.routes(), *rest.routes(), *soap.routes()])
    app.cleanup_ctx.extend([close_ledger, later.end_pending, keep_offices_working])
    return app


async def close_ledger(app: web.Application) -> AsyncIterator[None]:
    yield
    app[FLOOR].ledger.close()


async def keep_offices_working(app: web.Application) -> AsyncIterator[None]:
    worker = asyncio.create_task(batches.work(app[batches.OFFICES].values()))
    yield
    worker.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await worker


async def serve(port: int, state_folder: Path, sftp_password: str) -> None:
    """Serve until SIGTERM or SIGINT. Raises OSError if a port is taken."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    allow_many_connections()
    floor = Floor(catalogue.load(), Ledger(state_folder / "twins" / "ledger.sqlite3"), Ports(port))
    # Cancelling a handler with its connection frees a hung call the moment its caller has given up.
    offices = batches.offices_of(floor, state_folder)
    runner = web.AppRunner(
        build_app(floor, offices), access_log=None, handler_cancellation=True, shutdown_timeout=LAST_WORDS_SECONDS
    )
    identity = web.AppRunner(
        identity_app.build_app(floor.ports.identity, state_folder / "twins" / "identity"),
        access_log=None, handler_cancellation=True, shutdown_timeout=LAST_WORDS_SECONDS,
    )  # fmt: skip
    await runner.setup()
    await identity.setup()
    try:
        await web.TCPSite(identity, "127.0.0.1", floor.ports.identity).start()
        await web.TCPSite(runner, "127.0.0.1", port, backlog=BACKLOG).start()
        tls = certificates.server_context(state_folder / "twins" / "tls")
        await web.TCPSite(runner, "127.0.0.1", floor.ports.tls, ssl_context=tls).start()
        await records.open_door(floor, floor.ports.records, backlog=BACKLOG)
        async with sftp.listening(offices, floor.ports.sftp, state_folder=state_folder, password=sftp_password):
            served = sum(each.is_served for each in floor.catalogue.backends.values())
            print(f"{served} twins are open at http://127.0.0.1:{port}/_twins/", flush=True)
            await stopped.wait()
    finally:
        await identity.cleanup()
        await runner.cleanup()


def allow_many_connections() -> None:
    """Thousands of calls may hang at once, each holding a file descriptor; the soft limit is often 1,024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
