"""The mode `later`: a REST department that takes an application at once and answers by webhook when it is ready.

It says progress first and then the answer, each signed after the Standard Webhooks specification, and tries again for
a while where the portal does not take a message. The secret is shared with the portal: TWINS_WEBHOOK_SECRET.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import time
from collections.abc import AsyncIterator
from uuid import uuid4

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from services.twins.catalogue import Backend

QUEUED = {"outcome": "QUEUED"}
PAUSES_SECONDS = (0.0, 0.5, 2.0, 8.0, 30.0)  # before each try of a message
PROGRESS = {
    "en": "An officer is looking at your form.",
    "zh-hant": "職員正在處理你的表格。",
    "zh-hans": "工作人员正在处理您的表格。",
}
Pending = dict[tuple[str, str], asyncio.Task[None]]  # (backend, receipt) -> what still has to be told about it
PENDING: web.AppKey[Pending] = web.AppKey("pending")


def portal_address() -> str:
    """Where the portal listens: BASE_URL, or PORT on loopback."""
    return (os.environ.get("BASE_URL") or f"http://127.0.0.1:{os.environ.get('PORT') or 8000}").rstrip("/")


def reply(
    request: web.Request, backend: Backend, response: web.StreamResponse, delay_seconds: float
) -> web.StreamResponse:
    """Of an application and of a look-up only that it is in the queue, as long as the answer has not been told."""
    if backend.transport != "rest" or response.status >= 300:
        return response
    pending = request.app[PENDING]
    if request.method == "POST":
        key = (backend.code, request.headers.get("Idempotency-Key", ""))
        if key not in pending:
            pending[key] = _begin(pending, key, _answer_in(response), delay_seconds)
        return web.json_response(QUEUED, status=202)
    is_pending = (backend.code, request.match_info.get("receipt", "")) in pending
    return web.json_response(QUEUED, status=202) if is_pending else response


def _answer_in(response: web.StreamResponse) -> dict[str, object]:
    assert isinstance(response, web.Response)
    answer: dict[str, object] = json.loads(response.body if isinstance(response.body, bytes) else b"{}")
    return answer


def _begin(
    pending: Pending, key: tuple[str, str], answer: dict[str, object], delay_seconds: float
) -> "asyncio.Task[None]":
    task = asyncio.get_running_loop().create_task(_tell(*key, answer, delay_seconds))
    task.add_done_callback(lambda _: pending.pop(key, None))
    return task


async def _tell(code: str, receipt: str, answer: dict[str, object], delay_seconds: float) -> None:
    await asyncio.sleep(delay_seconds)
    async with ClientSession(timeout=ClientTimeout(total=10)) as session:
        for kind, body in (("progress", PROGRESS), ("answer", answer)):
            message = json.dumps({"receipt": receipt, "kind": kind, "body": body}, ensure_ascii=False).encode()
            await _post(session, f"{portal_address()}/api/v1/hooks/{code}/", message)


async def _post(session: ClientSession, address: str, message: bytes) -> None:
    """Until it is taken, or for the last time: the same id at every try, the time and the signature anew."""
    message_id = f"msg_{uuid4().hex}"
    for pause in PAUSES_SECONDS:
        await asyncio.sleep(pause)
        try:
            async with session.post(address, data=message, headers=_headers(message_id, message)) as answer:
                if answer.status < 300:
                    return
        except (ClientError, TimeoutError):
            continue


def _headers(message_id: str, message: bytes) -> dict[str, str]:
    key = base64.b64decode(os.environ.get("TWINS_WEBHOOK_SECRET", "").removeprefix("whsec_"))
    now = str(int(time.time()))
    mac = hmac.new(key, f"{message_id}.{now}.".encode() + message, hashlib.sha256).digest()
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": now,
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }


async def end_pending(app: web.Application) -> AsyncIterator[None]:
    """What is still to be told when the process stops stays untold: the portal asks by itself."""
    pending: Pending = {}
    app[PENDING] = pending
    yield
    for task in list(pending.values()):
        task.cancel()
