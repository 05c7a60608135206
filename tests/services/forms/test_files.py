"""Files are known by their bytes, named safely and kept encrypted."""

import hashlib
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pytest_django import DjangoAssertNumQueries, Settings

from services.forms import fields, files, schema
from services.forms.errors import FieldError, FileRefused, Invalid
from services.forms.models import StoredFile
from services.forms.validation import validate
from tests.services.forms.filled import every_kind, field, one

ALICE = "user:0b8f3a54-7a0e-4b6e-9d59-0a1f6c1f2a77"
BOB = "user:5d0e2c7a-4e2b-4f5e-8a55-3e9f3b1c8d10"
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"
HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"


def _image(kind: str) -> bytes:
    made = BytesIO()
    Image.new("RGB", (2, 2)).save(made, kind)
    return made.getvalue()


def _upload(content: bytes = PDF, name: str = "proof.pdf", content_type: str = "") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type)


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PDF, "application/pdf"),
        (b"\xef\xbb\xbf\r\n" + PDF, "application/pdf"),
        (_image("JPEG"), "image/jpeg"),
        (_image("PNG"), "image/png"),
        (_image("WEBP"), "image/webp"),
        (HEIC, "image/heic"),
        (b"<html>%PDF-", None),
        (b"PK\x03\x04zip", None),
        (b"GIF89a", None),
        (b"name,number\n", None),
        (b"MZ\x90\x00", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
        (b"RIFF\x00\x00\x00\x00AVI ", None),
        (b"", None),
    ],
)
def test_a_type_is_found_in_the_bytes(content: bytes, media_type: str | None) -> None:
    assert files.detect(content) == media_type


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("proof.PDF", "proof.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\chan\\住址證明.pdf", "住址證明.pdf"),
        ("bill.exe", "bill.exe.pdf"),
        ("a\x00b\r\nc.pdf", "ab c.pdf"),
        ("gpj.\u202efdp.pdf", "gpj.fdp.pdf"),
        ('x"<>|?*:.pdf', "x.pdf"),
        (".pdf", "pdf.pdf"),
        ("", "file.pdf"),
        ("...", "file.pdf"),
        ("\ud800.pdf", "pdf.pdf"),
        ("x" * 300 + ".pdf", "x" * 96 + ".pdf"),
    ],
)
def test_a_name_is_made_safe(name: str, safe: str) -> None:
    assert files.safe_name(name, "application/pdf") == safe


@given(st.text(st.characters(exclude_categories=[])))
def test_any_name_becomes_a_short_one_of_its_type(name: str) -> None:
    safe = files.safe_name(name, "image/jpeg")
    assert len(safe) <= files.NAME_MAX
    assert safe.endswith((".jpg", ".jpeg"))
    assert not set(safe.encode().decode()) & set('/\\\x00\r\n"<>')


@pytest.mark.django_db
def test_a_stored_file_can_be_read_again() -> None:
    stored = files.store(_upload(), caller=ALICE)
    stored.refresh_from_db()
    assert files.read(stored) == PDF
    assert (stored.name, stored.type, stored.size) == ("proof.pdf", "application/pdf", len(PDF))
    assert stored.sha256 == hashlib.sha256(PDF).hexdigest()


@pytest.mark.django_db
def test_neither_content_nor_name_stands_readable_in_the_database() -> None:
    stored = files.store(_upload(), caller=ALICE)
    with connection.cursor() as cursor:
        cursor.execute("SELECT content, name FROM forms_storedfile WHERE id = %s", [stored.pk])
        content, name = cursor.fetchone()
    assert b"PDF" not in bytes(content)
    assert b"proof" not in bytes(name)


@pytest.mark.django_db
def test_what_the_sender_says_of_the_type_is_not_believed() -> None:
    stored = files.store(_upload(_image("PNG"), "proof.pdf", "application/pdf"), caller=ALICE)
    assert (stored.type, stored.name) == ("image/png", "proof.pdf.png")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"MZ\x90\x00", "PDF, JPEG, PNG, WEBP and HEIC"),
        (PDF + b"x" * 2_000_000, "larger than 1 MB"),
    ],
)
def test_a_file_that_cannot_be_taken_says_why(settings: Settings, content: bytes, reason: str) -> None:
    settings.FILE_UPLOAD_MAX_BYTES = 1024 * 1024
    with pytest.raises(FileRefused) as caught:
        files.store(_upload(content), caller=ALICE)
    assert reason in caught.value.message
    assert not StoredFile.objects.exists()


@pytest.mark.django_db
def test_nobody_keeps_more_files_than_forms_need() -> None:
    StoredFile.objects.bulk_create(
        StoredFile(caller=ALICE, name="x.pdf", type="application/pdf", size=1, sha256="", content=b"")
        for _ in range(files.MAX_WAITING)
    )
    with pytest.raises(FileRefused):
        files.store(_upload(), caller=ALICE)
    assert files.store(_upload(), caller=BOB).pk


@pytest.mark.django_db
def test_the_files_of_a_post_are_kept_and_its_refusals_said_beside_their_fields() -> None:
    form = schema.build({"plan": field("file"), "photo": field("file"), "note": field("text")})
    uploads = {"plan": _upload(), "photo": _upload(b"GIF89a"), "note": _upload(), "other": _upload()}
    kept, errors = files.keep_uploads(form, uploads, caller=ALICE)
    assert list(kept) == ["plan"]
    assert [(error.pointer, error.name) for error in errors] == [("/photo", "photo")]
    assert StoredFile.objects.of(ALICE).count() == 1


@pytest.mark.django_db
def test_a_form_takes_the_files_of_its_caller() -> None:
    stored = files.store(_upload(), caller=ALICE)
    data = {"it": str(stored.pk)}
    own = files.named_in(one("file"), data, callers=[BOB, ALICE])
    assert validate(one("file"), data, profile={}, files=own) == data


@pytest.mark.django_db
@pytest.mark.parametrize("callers", [[], [BOB]])
def test_a_stranger_cannot_send_the_file_of_another(callers: list[str]) -> None:
    stored = files.store(_upload(), caller=ALICE)
    data = {"it": str(stored.pk)}
    own = files.named_in(one("file"), data, callers=callers)
    with pytest.raises(Invalid) as caught:
        validate(one("file"), data, profile={}, files=own)
    assert caught.value.errors == [
        FieldError("/it", "it", "We do not have this file any more. Choose it again."),
    ]


@pytest.mark.django_db
def test_a_kept_file_is_shown_by_its_name() -> None:
    stored = files.store(_upload(), caller=ALICE)
    data = {"it": str(stored.pk)}
    found = files.named_in(one("file"), data, callers=[ALICE])
    (made,) = fields.render(one("file"), data=data, errors=[], profile={}, language="en", files=found)
    assert made.value == {"id": str(stored.pk), "name": "proof.pdf"}


@pytest.mark.django_db
def test_a_form_that_names_no_file_asks_the_database_nothing(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(0):
        assert files.named_in(every_kind(), {"a_file": "x", "a_text": "y"}, callers=[ALICE]) == {}
