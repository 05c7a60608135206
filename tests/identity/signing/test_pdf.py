"""A sealed PDF: PAdES with a time stamp, found whole, and found changed."""

from io import BytesIO
from typing import Any

import pytest
from pyhanko.pdf_utils.generic import pdf_name, pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.general import find_unique_cms_attribute
from reportlab.pdfgen.canvas import Canvas

from identity.signing import pdf, verification
from identity.signing.errors import NoTimeStamp, NotReadable
from portal.launch.demo_seal import make_seal
from tests.identity.signing.conftest import DOCUMENT
from tests.identity.upstream.running import IdentityApp

Json = dict[str, Any]


@pytest.fixture(autouse=True)
def stamps(identity_app: IdentityApp) -> IdentityApp:
    """The demonstration's time stamping authority."""
    return identity_app


def paper(words: str = "A receipt") -> bytes:
    target = BytesIO()
    canvas = Canvas(target, pageCompression=0)
    canvas.drawString(72, 720, words)
    canvas.save()
    return target.getvalue()


def unreadable(content: bytes) -> str:
    with pytest.raises(NotReadable) as error:
        verification.check(content)
    return error.value.reason


def test_a_sealed_paper_is_whole_and_dated() -> None:
    found = verification.check(pdf.seal(paper(), reason="Receipt"))
    assert (found.kind, found.state, found.signer) == ("pdf", "whole", "")
    assert found.sealed_by is not None
    assert found.sealed_by.subject.startswith("CN=Ferry demonstration seal")
    assert found.sealed_at is not None


def test_the_seal_is_pades_with_a_time_stamp() -> None:
    (signature,) = PdfFileReader(BytesIO(pdf.seal(paper(), reason="Receipt"))).embedded_regular_signatures
    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    assert find_unique_cms_attribute(signature.signer_info["unsigned_attrs"], "signature_time_stamp_token")
    assert signature.docmdp_level is not None


def test_what_the_person_signed_travels_inside(statement: Json, room: Any, settings: Any) -> None:

    found = verification.check(pdf.seal(paper(), reason="Receipt", statement=statement))
    assert (found.signer, found.document) == ("CHAN Tai Man", DOCUMENT)


def test_a_changed_word_is_found() -> None:
    sealed = pdf.seal(paper(), reason="Receipt")
    assert b"A receipt" in sealed
    assert verification.check(sealed.replace(b"A receipt", b"B receipt")).state == "changed"


def test_what_was_added_after_sealing_is_found() -> None:
    writer = IncrementalPdfFileWriter(BytesIO(pdf.seal(paper(), reason="Receipt")))
    writer.root[pdf_name("/Note")] = pdf_string("one more")
    writer.update_root()
    target = BytesIO()
    writer.write(target)
    assert verification.check(target.getvalue()).state == "changed"


def test_the_seal_of_a_stranger_is_named_as_such(settings: Any) -> None:
    sealed = pdf.seal(paper(), reason="Receipt")
    settings.FERRY_SEAL = make_seal().split(",")
    assert verification.check(sealed).state == "stranger"


def test_a_time_stamp_of_a_stranger_does_not_count(settings: Any, tmp_path: Any) -> None:
    sealed = pdf.seal(paper(), reason="Receipt")
    settings.FERRY_TSA_TRUST_FILE = tmp_path / "nobody.pem"
    assert verification.check(sealed).state == "stranger"


def test_no_paper_is_sealed_without_a_time_stamp(stamps: IdentityApp) -> None:
    stamps.set_mode("down")
    with pytest.raises(NoTimeStamp):
        pdf.seal(paper(), reason="Receipt")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"x" * (verification.MOST_BYTES + 1), "too_large"),
        (b"\x00\xff garbage", "unknown"),
        (b"%PDF-1.7 and then nothing", "unknown"),
        (b"[" * 100_000, "unknown"),
        (b"{}", "unsigned"),
        (b'{"payload":"a","protected":"b","signature":"c"}', "unknown"),
    ],
)
def test_garbage_is_refused_with_a_word(content: bytes, reason: str) -> None:
    assert unreadable(content) == reason


def test_a_paper_without_a_seal_says_so() -> None:
    assert unreadable(paper()) == "unsigned"


def test_a_torn_paper_is_not_whole() -> None:
    sealed = pdf.seal(paper(), reason="Receipt")
    assert unreadable(sealed[: len(sealed) // 2]) in {"unknown", "unsigned"}
