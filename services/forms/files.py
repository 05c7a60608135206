"""Files for forms: known by their bytes, named safely, kept encrypted."""

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from services.forms.errors import FieldError, FileRefused
from services.forms.formats import is_file_id
from services.forms.kinds import Json, kind_of
from services.forms.models import StoredFile
from services.forms.pointers import pointer_of

MAX_WAITING = 40  # files of one caller that no call has taken yet
NAME_MAX = 100  # characters, extension included

_EXTENSIONS = {
    "application/pdf": ("pdf",),
    "image/jpeg": ("jpg", "jpeg"),
    "image/png": ("png",),
    "image/webp": ("webp",),
    "image/heic": ("heic", "heif"),
}
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_UNSAFE = re.compile(r'[<>:"/\\|?*]')


def detect(head: bytes) -> str | None:
    """The media type that the first bytes show, if it is one that forms take."""
    if head.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n ").startswith(b"%PDF-"):
        return "application/pdf"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
        return "image/heic"
    return None


def safe_name(name: str, media_type: str) -> str:
    """The last part of the name without anything that could mislead, ending as its type does."""
    last = name.encode("utf-8", "ignore").decode().replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(" " if letter.isspace() else letter for letter in unicodedata.normalize("NFC", last))
    kept = "".join(letter for letter in kept if unicodedata.category(letter)[0] != "C")
    kept = re.sub(r" +", " ", _UNSAFE.sub("", kept)).strip(" .")
    stem, dot, extension = kept.rpartition(".")
    if not dot or extension.lower() not in _EXTENSIONS[media_type]:
        stem, extension = kept, _EXTENSIONS[media_type][0]
    stem = stem.strip(" .")[: NAME_MAX - len(extension) - 1] or "file"
    return f"{stem}.{extension.lower()}"


def store(upload: "UploadedFile[bytes]", *, caller: str) -> StoredFile:
    """Keep one file. Raises FileRefused with the reason in the active language."""
    limit = settings.FILE_UPLOAD_MAX_BYTES
    content = upload.read(limit + 1)
    if len(content) > limit:
        raise FileRefused(
            _("This file is larger than %(size)s MB. Choose a smaller one.") % {"size": limit // (1024 * 1024)}
        )
    if not content:
        raise FileRefused(_("This file is empty. Choose another one."))
    media_type = detect(content[:32])
    if media_type is None:
        raise FileRefused(
            _("We can take PDF, JPEG, PNG, WEBP and HEIC files. Save your file as one of these and add it again.")
        )
    if StoredFile.objects.of(caller).count() >= MAX_WAITING:
        raise FileRefused(_("You have many files waiting already. Send your forms first, then add more files."))
    return StoredFile.objects.create(
        caller=caller,
        name=safe_name(upload.name or "", media_type),
        type=media_type,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
    )


def keep_uploads(
    schema: Json, uploads: "Mapping[str, UploadedFile[bytes]]", *, caller: str
) -> tuple[dict[str, str], list[FieldError]]:
    """Keeps what came with an HTML form: ids by field name for fields.decode, and what could not be taken."""
    kept: dict[str, str] = {}
    errors: list[FieldError] = []
    for name, made in schema.get("properties", {}).items():
        upload = uploads.get(name)
        if kind_of(made) != "file" or upload is None:
            continue
        try:
            kept[name] = str(store(upload, caller=caller).pk)
        except FileRefused as refused:
            errors.append(FieldError(pointer_of([name]), name, refused.message))
    return kept, errors


def named_in(schema: Json, data: Any, *, callers: Sequence[str]) -> dict[str, StoredFile]:
    """The callers' own files that the data names, by id, without their contents. One query; none if it names none."""
    if not isinstance(data, dict):
        return {}
    values = [data.get(name) for name, made in schema.get("properties", {}).items() if kind_of(made) == "file"]
    ids = {value.lower() for value in values if isinstance(value, str) and is_file_id(value.lower())}
    if not ids:
        return {}
    found = StoredFile.objects.filter(caller__in=callers, pk__in=ids).defer("content")
    return {str(file.pk): file for file in found}


def read(file: StoredFile) -> bytes:
    """The plain content."""
    return bytes(file.content)
