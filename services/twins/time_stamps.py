"""A time stamping authority for the demonstration (RFC 3161 over HTTP), beside the identity app: its clock is ours."""

import asyncio

from aiohttp import web
from asn1crypto import keys, tsp, x509
from cryptography.hazmat.primitives import serialization
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from services.twins.identity_api import BOOK, in_trouble

MOST_BYTES = 10_000
QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"
DER = serialization.Encoding.DER


async def time_stamp(request: web.Request) -> web.StreamResponse:
    """Answer one query."""
    if trouble := await in_trouble(request):
        return trouble
    body = await request.content.read(MOST_BYTES + 1)
    if request.content_type != QUERY or len(body) > MOST_BYTES:
        raise web.HTTPUnsupportedMediaType(text=f"Send one query as {QUERY}.")
    try:
        query = tsp.TimeStampReq.load(body, strict=True)
        query["message_imprint"]["hash_algorithm"]["algorithm"].native  # noqa: B018  # parsed lazily
    except ValueError as error:
        raise web.HTTPBadRequest(text="That is no time stamp query.") from error
    key, certificate, authority = await asyncio.to_thread(request.app[BOOK].signing.time_stamper)
    plain = key.private_bytes(DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    stamper = DummyTimeStamper(
        x509.Certificate.load(certificate.public_bytes(DER)),
        keys.PrivateKeyInfo.load(plain),
        SimpleCertificateStore.from_certs([x509.Certificate.load(authority.public_bytes(DER))]),
    )
    reply = await asyncio.to_thread(stamper.request_tsa_response, query)
    return web.Response(body=reply.dump(), content_type=REPLY)
