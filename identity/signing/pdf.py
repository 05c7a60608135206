"""Sealing a PDF: PAdES B-T (ETSI EN 319 142-1), by the portal's seal, with a time stamp (RFC 3161).

Who signed what is on the paper travels inside it, as an attached JSON Web Signature; the seal covers that too.
"""

import json
from io import BytesIO
from typing import Any

from asn1crypto import keys, x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.conf import settings
from pyhanko.pdf_utils import embed
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.timestamps import HTTPTimeStamper
from pyhanko.sign.timestamps.common_utils import TimestampRequestError
from pyhanko_certvalidator.registry import SimpleCertificateStore

from identity.signing import seal as seals
from identity.signing.errors import NoTimeStamp

ATTACHMENT = "signature.json"
FIELD = "Ferry"
TSA_SECONDS = 5
Json = dict[str, Any]


def seal(paper: bytes, *, reason: str, statement: Json | None = None) -> bytes:
    """The same pages, sealed against every change. `statement` is a person's signed document (jws.py), to go inside.

    Raises NoSeal, NoTimeStamp.
    """
    signer = _signer(seals.ours())
    writer = IncrementalPdfFileWriter(BytesIO(paper))
    if statement is not None:
        _attach(writer, json.dumps(statement).encode())
    about = signers.PdfSignatureMetadata(
        field_name=FIELD, md_algorithm="sha256", subfilter=fields.SigSeedSubFilter.PADES, reason=reason[:200],
        name="Ferry", certify=True, docmdp_permissions=fields.MDPPerm.NO_CHANGES,
    )  # fmt: skip
    stamper = HTTPTimeStamper(settings.FERRY_TSA_URL, timeout=TSA_SECONDS)
    try:
        sealed = signers.PdfSigner(about, signer=signer, timestamper=stamper).sign_pdf(writer)
    except (TimestampRequestError, OSError, ValueError) as error:
        raise NoTimeStamp("no time stamp was to be had") from error
    return bytes(sealed.getbuffer())


def _attach(writer: IncrementalPdfFileWriter, content: bytes) -> None:
    """Not compressed: whoever reads it need not trust its size."""
    held = embed.EmbeddedFileObject.from_file_data(
        writer, data=content, compress=False, mime_type="application/jose+json"
    )
    embed.embed_file(writer, embed.FileSpec(file_spec_string=ATTACHMENT, file_name=ATTACHMENT, embedded_data=held))


def _signer(ours: seals.Seal) -> signers.SimpleSigner:
    chain = [x509.Certificate.load(each.public_bytes(Encoding.DER)) for each in ours.chain]
    key = ours.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return signers.SimpleSigner(
        signing_cert=chain[0],
        signing_key=keys.PrivateKeyInfo.load(key),
        cert_registry=SimpleCertificateStore.from_certs(chain[1:]),
    )
