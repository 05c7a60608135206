"""Is this document whole, who signed it, when, and by which certificate? For whoever holds one; nothing is kept."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import EmbeddedPdfSignature, PdfSignatureStatus, validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from identity.signing import jws, seal
from identity.signing.errors import NotReadable, SignatureRefused
from identity.signing.pdf import ATTACHMENT

MOST_BYTES = 5 * 1024 * 1024
MOST_SIGNATURES = 5
Json = dict[str, Any]


@dataclass(frozen=True)
class Certificate:
    """Whose it is and who vouches for that, in the words of the certificate."""

    subject: str
    issuer: str
    serial: str
    until: datetime


@dataclass(frozen=True)
class Verdict:
    """What can be said of a document. `state` is whole, changed, or stranger (whole, but of nobody whom we trust)."""

    kind: str  # pdf, form
    state: str
    sealed_by: Certificate | None = None
    sealed_at: datetime | None = None  # of a PDF, by its time stamp
    signer: str = ""  # the person, by their own certificate
    signer_by: Certificate | None = None
    signed_at: datetime | None = None
    sha256: str = ""
    document: Json | None = None


def check(content: bytes) -> Verdict:
    """Read a PDF or a JSON document of ours. Raises NotReadable."""
    if not content:
        raise NotReadable("empty")
    if len(content) > MOST_BYTES:
        raise NotReadable("too_large")
    if b"%PDF-" in content[:1024]:
        return _pdf(content)
    try:
        signed = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise NotReadable("unknown") from error
    if not isinstance(signed, dict) or set(signed) != {"payload", "protected", "signature"}:
        raise NotReadable("unsigned")
    return form(signed)


def form(signed: Json) -> Verdict:
    """Of a person's signature under a seal (jws.py). Raises NotReadable."""
    try:
        found = jws.check(signed)
    except SignatureRefused as refused:
        if refused.reason == "unknown":
            raise NotReadable("unknown") from refused
        return Verdict("form", "changed" if refused.reason == "other_document" else "stranger")
    return Verdict(
        "form", "whole", sealed_by=_told(found.seal), signer=found.signer, signer_by=_told(found.certificate),
        signed_at=found.signed_at, sha256=found.sha256, document=found.document,
    )  # fmt: skip


def _told(certificate: x509.Certificate) -> Certificate:
    return Certificate(
        certificate.subject.rfc4514_string(), certificate.issuer.rfc4514_string(), f"{certificate.serial_number:X}",
        certificate.not_valid_after_utc,
    )  # fmt: skip


# --- PDF ------------------------------------------------------------------------------------------
def _pdf(content: bytes) -> Verdict:
    """Whoever sends us a file may have made it to break what reads it: anything that goes wrong is `unknown`."""
    try:
        reader = PdfFileReader(BytesIO(content))
        found = reader.embedded_regular_signatures
        if not found:
            raise NotReadable("unsigned")
        if len(found) > MOST_SIGNATURES:
            raise NotReadable("unknown")
        return _judged(reader, found[-1])
    except NotReadable:
        raise
    except Exception as error:
        raise NotReadable("unknown") from error


def _judged(reader: PdfFileReader, found: EmbeddedPdfSignature) -> Verdict:
    status = validate_pdf_signature(
        found, signer_validation_context=_context(seal.trusted()), ts_validation_context=_context(seal.time_stampers())
    )
    sealed_by = _told(x509.load_der_x509_certificate(status.signing_cert.dump()))
    is_whole = status.intact and status.valid and status.coverage == SignatureCoverageLevel.ENTIRE_FILE
    if not is_whole:
        return Verdict("pdf", "changed", sealed_by=sealed_by)
    stamp = status.timestamp_validity
    is_known = status.trusted and stamp is not None and stamp.intact and stamp.valid and stamp.trusted
    if not is_known:
        return Verdict("pdf", "stranger", sealed_by=sealed_by, sealed_at=_stamped(status))
    inner = _attached(reader)
    person = form(inner) if inner is not None else None
    if person is not None and person.state != "whole":
        return Verdict("pdf", person.state, sealed_by=sealed_by, sealed_at=_stamped(status))
    return Verdict(
        "pdf", "whole", sealed_by=sealed_by, sealed_at=_stamped(status),
        signer=person.signer if person else "", signer_by=person.signer_by if person else None,
        signed_at=person.signed_at if person else None, sha256=person.sha256 if person else "",
        document=person.document if person else None,
    )  # fmt: skip


def _stamped(status: PdfSignatureStatus) -> datetime | None:
    stamp = status.timestamp_validity
    return stamp.timestamp.astimezone(UTC) if stamp is not None else None


def _context(authorities: list[x509.Certificate]) -> ValidationContext:
    """Only these, and nothing is fetched: a document must not make us call somebody."""
    roots = [asn1.Certificate.load(each.public_bytes(Encoding.DER)) for each in authorities]
    return ValidationContext(trust_roots=roots, allow_fetching=False, revocation_mode="soft-fail")


def _attached(reader: PdfFileReader) -> Json | None:
    """The person's signed document inside, as pdf.py attached it."""
    try:
        pairs = reader.root["/Names"]["/EmbeddedFiles"]["/Names"]
    except KeyError:
        return None
    for place in range(0, min(len(pairs), 20), 2):
        if pairs[place] == ATTACHMENT:
            held = pairs[place + 1]["/EF"]["/F"]
            read = json.loads(bytes(held.encoded_data))
            if not isinstance(read, dict):
                raise NotReadable("unknown")
            return read
    return None
