"""The fault modes: a middleware between the wire and a backend that is itself always well."""

import asyncio

from aiohttp import web
from aiohttp.typedefs import Handler

from services.twins import later, soap
from services.twins.catalogue import Backend
from services.twins.floor import FLOOR, Mode

ERROR_PAGE = """<!DOCTYPE html>
<html><head><title>500 - Internal server error</title></head>
<body><h1>Server Error</h1><p>There is a problem with the resource you are looking for.</p></body></html>
"""
LOGIN_PAGE = """<!DOCTYPE html>
<html><head><title>Staff sign-in</title></head>
<body><h1>Your session has ended</h1>
<form method="post" action="/login"><label>User ID <input name="user"></label>
<label>Password <input name="password" type="password"></label><button>Sign in</button></form></body></html>
"""


@web.middleware
async def behave(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let the backend in the path behave as its mode says.

    A mode is about calls. The WSDL is a document that lies on the machine, so it can be read unless the
    machine is down; otherwise a client that has not read it yet would never get as far as a call.
    """
    floor = request.app[FLOOR]
    backend = floor.catalogue.backends.get(request.path.split("/", 2)[1])
    if backend is None or not backend.is_served:
        return await handler(request)
    behaviour = floor.behaviours[backend.code].at(asyncio.get_running_loop().time())
    if behaviour.mode is Mode.DOWN:
        return await cut(request)
    if soap.asks_for_document(request):
        return await handler(request)
    await request.read()
    if behaviour.mode is Mode.HANG:
        return await wait_for_the_end()
    if behaviour.mode is Mode.ERROR:
        return error_reply(request, backend)
    response = await handler(request)
    if behaviour.mode is Mode.DROP_AFTER_ACCEPT:
        return await cut(request)
    if behaviour.mode is Mode.GARBAGE:
        return web.Response(text=LOGIN_PAGE, content_type="text/html")
    if behaviour.mode is Mode.LATER:
        return later.reply(request, backend, response, behaviour.delay_ms / 1000)
    # The filing is done and in the ledger: only the answer is late, as with a real system that is slow.
    await asyncio.sleep(behaviour.delay_seconds)
    return response


async def cut(request: web.Request) -> web.StreamResponse:
    """Break the TCP connection without a byte of answer; the server then cancels this handler."""
    if request.transport is not None:
        request.transport.abort()
    return await wait_for_the_end()


async def wait_for_the_end() -> web.StreamResponse:
    """Wait until the connection is lost or the process stops: both cancel the handler."""
    await asyncio.get_running_loop().create_future()
    raise AssertionError("nobody answers this")


def error_reply(request: web.Request, backend: Backend) -> web.Response:
    if backend.transport == "soap":
        return soap.error_reply(request, backend)
    return web.Response(text=ERROR_PAGE, status=500, content_type="text/html")
