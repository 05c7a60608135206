"""The files that a batch travels in: CSV or records of fixed length, and the manifest beside each. No Django here.

A manifest is a small JSON file with the name of its data file and `.manifest.json` behind it. It is written after the
data and says what the data must be, so a data file without a manifest that fits is not there yet.
"""

import csv
import hashlib
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.gateway import records

MANIFEST = ".manifest.json"
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")  # never a path, never hidden
LARGEST_FILE = 64 * 1024 * 1024  # bytes
LARGEST_MANIFEST = 16 * 1024
MOST_RECORDS = 100_000  # in an answer file
ENCODINGS = ("utf-8", "big5", "big5hkscs", "gb18030")
LINE_ENDS = {"crlf": b"\r\n", "lf": b"\n", "none": b""}

Json = dict[str, Any]
csv.field_size_limit(LARGEST_FILE)  # a scanned document is one long value


class FileUnreadable(ValueError):
    """A file that is not what it should be. The message says where, never what stands there."""


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class Manifest:
    """What a data file must be."""

    file: str
    number: int  # of the batch
    records: int
    sha256: str

    def to_bytes(self) -> bytes:
        return json.dumps(self.__dict__, indent=1).encode() + b"\n"


def read_manifest(content: bytes) -> Manifest:
    """Raises FileUnreadable unless every entry is there and of its kind."""
    try:
        said = json.loads(content)
        manifest = Manifest(said["file"], said["number"], said["records"], said["sha256"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise FileUnreadable(f"the manifest cannot be read: {type(error).__name__}") from error
    numbers = (manifest.number, manifest.records)
    if not all(type(number) is int and 0 <= number < 2**31 for number in numbers):
        raise FileUnreadable("the manifest's numbers are no whole numbers")
    if not isinstance(manifest.file, str) or not FILE_NAME.fullmatch(manifest.file):
        raise FileUnreadable("the manifest names no file")
    if not isinstance(manifest.sha256, str) or not re.fullmatch("[0-9a-fA-F]{64}", manifest.sha256):
        raise FileUnreadable("the manifest has no SHA-256")
    return Manifest(manifest.file, manifest.number, manifest.records, manifest.sha256.lower())


@dataclass(frozen=True)
class CsvFormat:
    """RFC 4180 with a header row: the columns declared, or else those of the records in the order they come."""

    encoding: str = "utf-8"
    columns: tuple[str, ...] = ()
    extension = "csv"

    def write(self, rows: Sequence[Mapping[str, Any]]) -> bytes:
        """Raises ValueError for a value that is no text or number, or that the encoding has no letters for."""
        header = self.columns or tuple(dict.fromkeys(name for row in rows for name in row))
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(header)
        for row in rows:
            if unknown := row.keys() - set(header):
                raise ValueError(f"{min(unknown)}: there is no such column")
            writer.writerow([_cell(name, row.get(name)) for name in header])
        try:
            return text.getvalue().encode(self.encoding)
        except UnicodeEncodeError as error:  # its own text shows the letter
            raise ValueError(f"a value has a letter that {self.encoding} has not") from error

    def read(self, content: bytes) -> list[Json]:
        """The rows below the header, without their empty cells. Raises FileUnreadable."""
        try:
            text = content.decode("utf-8-sig" if self.encoding == "utf-8" else self.encoding)
            rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        except (UnicodeDecodeError, csv.Error) as error:
            raise FileUnreadable(f"no CSV in {self.encoding}: {type(error).__name__}") from error
        header = rows[0] if rows else []
        if not header or not all(header) or len(set(header)) < len(header):
            raise FileUnreadable("the header row is missing, or a column has no name of its own")
        for number, row in enumerate(rows[1:], 1):
            if len(row) != len(header):
                raise FileUnreadable(f"record {number} has {len(row)} columns, not {len(header)}")
        return [{name: value for name, value in zip(header, row, strict=True) if value != ""} for row in rows[1:]]


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Y" if value else "N"
    if not isinstance(value, str | int | float):
        raise ValueError(f"{name}: a column holds text or a number")
    return str(value)


@dataclass(frozen=True)
class FixedWidthFormat:
    """Records of fixed length, one layout for what leaves and one for the answers; see records.py."""

    layout: records.Layout
    answer_layout: records.Layout
    line_end: bytes = b"\r\n"
    extension = "dat"

    def write(self, rows: Sequence[Mapping[str, Any]]) -> bytes:
        """A sequence field that is not filled counts the lines. Raises ValueError for a value that does not fit."""
        counter = self.layout.named("sequence")
        counted = {counter.name: 0} if counter else {}
        lines = []
        for number, row in enumerate(rows, 1):
            lines.append(records.encode(self.layout, {**dict.fromkeys(counted, number), **row}) + self.line_end)
        return b"".join(lines)

    def read(self, content: bytes) -> list[Json]:
        """The records, without their empty fields. Raises FileUnreadable."""
        length = self.answer_layout.length
        step = length + len(self.line_end)
        if len(content) % step:
            raise FileUnreadable(f"the file is no multiple of {step} bytes long")
        rows = []
        for number, start in enumerate(range(0, len(content), step), 1):
            if content[start + length : start + step] != self.line_end:
                raise FileUnreadable(f"record {number} does not end where it should")
            try:
                row = records.decode(self.answer_layout, content[start : start + length])
            except records.RecordUnreadable as error:
                raise FileUnreadable(f"record {number}: {error}") from error
            rows.append({name: value for name, value in row.items() if value is not None})
        return rows


Format = CsvFormat | FixedWidthFormat


def format_of(settings: Mapping[str, Any]) -> Format:
    """The format that a backend's settings declare. Raises ValueError with a JSON pointer."""
    if settings.get("format", "csv") == "csv":
        return CsvFormat(settings.get("encoding", "utf-8"), tuple(settings.get("columns", ())))
    layouts = []
    for name in ("layout", "answer_layout"):
        if name not in settings:
            raise ValueError(f"/{name}: records of fixed length need it")
        try:
            layouts.append(records.load(settings[name]))
        except ValueError as error:
            raise ValueError(f"/{name}{error}") from error
    return FixedWidthFormat(layouts[0], layouts[1], LINE_ENDS[settings.get("line_end", "crlf")])
