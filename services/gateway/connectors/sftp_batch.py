"""SFTP batch: calls leave together in a file, and the department answers with a file later.

Written for a line that may break, and a process that may die, between any two steps. What has left is seen from the
other side: by the manifest, which comes last, in the folder it was put into or in the archive. See docs/connectors.md.
"""

import json
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from services.gateway import batches, mapping
from services.gateway.batch_files import (
    ENCODINGS,
    LARGEST_FILE,
    LARGEST_MANIFEST,
    LINE_ENDS,
    MANIFEST,
    MOST_RECORDS,
    FileUnreadable,
    FixedWidthFormat,
    Json,
    Manifest,
    format_of,
    read_manifest,
    sha256_of,
)
from services.gateway.connectors import record_misfits
from services.gateway.connectors.base import BatchConnector, Delivery, Misfit, News, Outcome, Probe
from services.gateway.connectors.sftp import Entry, Session, host_key
from services.gateway.errors import ExchangeFailed, MappingError
from services.gateway.models import Batch, BatchRecord
from services.registry import windows
from services.registry.models import Backend

CLOCK = r"^([01]\d|2[0-3]):[0-5]\d$"
FOLDERS = {"in": "in", "archive": "archive", "out": "out", "done": "done"}
MOST_FILES = 200  # answer files looked at in one exchange
REMEMBERED_SECONDS = 30 * 24 * 3600  # an answer file that could not be put away; forgetting it costs a download
RECEIPT = "RECEIPT_NO"

_FOLDER: Json = {"type": "string", "minLength": 1, "maxLength": 200}
_COUNT: Json = {"type": "integer", "minimum": 1}


class SftpBatchConnector(BatchConnector):
    key = "sftp-batch"
    label = gettext_lazy("SFTP, in batches")
    schemes = ("sftp",)
    settings_schema: ClassVar[Json] = {
        "type": "object",
        "properties": {
            "host_key": {"type": "string", "description": "the server's public key: ssh-ed25519 AAAA…"},
            "folders": {
                "type": "object", "properties": dict.fromkeys(FOLDERS, _FOLDER), "additionalProperties": False,
            },
            "departures": {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": CLOCK}},
            "every_minutes": {"type": "integer", "minimum": 1, "maximum": 1440},
            "days": {"type": "array", "minItems": 1, "items": {"enum": list(windows.DAYS)}},
            windows.HOLIDAYS: {"enum": ["open", "closed"]},
            "poll_seconds": _COUNT,
            "answer_within_hours": {"type": "number", "exclusiveMinimum": 0},
            "answer_overdue_hours": {"type": "number", "exclusiveMinimum": 0},
            "incomplete_minutes": {"type": "number", "minimum": 0},
            "format": {"enum": ["csv", "fixed-width"]},
            "encoding": {"enum": list(ENCODINGS)},
            "columns": {"type": "array", "minItems": 1, "maxItems": 500, "items": {"type": "string", "minLength": 1}},
            "receipt_field": {"type": "string", "minLength": 1},
            "layout": {"type": "object"},
            "answer_layout": {"type": "object"},
            "line_end": {"enum": list(LINE_ENDS)},
        },
        "required": ["host_key"],
        "additionalProperties": False,
    }  # fmt: skip

    # --- one call ---
    def send(self, delivery: Delivery) -> Outcome:
        """Put the call's record into the next batch. Nothing leaves the house here."""
        try:
            record = self._record(delivery)
        except (MappingError, ValueError) as error:
            return Outcome(Outcome.UNSENDABLE, detail=str(error))
        shown = {"method": "SFTP", "url": delivery.backend.address, "sent": json.dumps(record, ensure_ascii=False)}
        kept = batches.collect(delivery.receipt, delivery.backend, record)
        if kept is None:  # an officer's try: it stands in no batch
            return Outcome(Outcome.ANSWERED, mapping.AWAITED, "it would leave with the next batch", exchange=shown)
        return self._awaiting(kept, exchange=shown)

    def _record(self, delivery: Delivery) -> Json:
        """The values of the call's record, which fit. Raises MappingError or ValueError."""
        record: Json = mapping.compose(dict(delivery.request_map), delivery.context)["record"]
        if record.get(_receipt_field(delivery.backend)) != delivery.receipt:
            raise ValueError(f"/record/{_receipt_field(delivery.backend)}: it is not the receipt")
        format_of(delivery.backend.settings).write([record])
        return record

    def lookup(self, delivery: Delivery) -> Outcome:
        """By our own rows: what is in no batch and in no collection was never handed over."""
        record = batches.find(delivery.receipt)
        return self._awaiting(record) if record else Outcome(Outcome.UNKNOWN_RECEIPT, detail="it is in no batch")

    @staticmethod
    def _awaiting(record: BatchRecord, exchange: Json | None = None) -> Outcome:
        return Outcome(
            Outcome.ANSWERED,
            mapping.AWAITED,
            "collected" if record.batch is None else record.batch.file_name,
            expected_at=batches.awaited_at(record),
            trouble="batch" if record.batch is None else "",
            exchange=exchange or {},
        )

    def take_back(self, receipt: str) -> bool:
        return batches.take_back(receipt)

    def misfits(self, delivery: Delivery) -> list[Misfit]:
        template, file_format = delivery.request_map.get("record", {}), format_of(delivery.backend.settings)
        if isinstance(file_format, FixedWidthFormat):
            return record_misfits.find(file_format.layout, template, delivery.context)
        found = []
        for name, part in template.items():
            try:
                file_format.write([{name: mapping.compose(part, delivery.context)}])
            except MappingError:
                continue
            except ValueError:
                message = _("This system cannot store this answer: please write it another way.")
                found.append(Misfit(frozenset(mapping.names_in(part)), message))
        return [misfit for misfit in found if misfit.names]

    # --- checks ---
    def probe(self, backend: Backend) -> Probe:
        try:
            with Session(backend) as session:
                session.folder(_folders(backend)["in"])
        except ExchangeFailed as error:
            return Probe(False, str(error))
        return Probe(True, "the folder can be listed")

    def check_request(self, request_map: Any) -> None:
        if not isinstance(request_map, dict) or request_map.keys() != {"record"}:
            raise ValueError("/: give an object with record")
        record = request_map["record"]
        if not isinstance(record, dict) or not record:
            raise ValueError("/record: give an object, from the record's fields to what stands in them")
        if "=receipt" not in record.values():
            raise ValueError("/record: one of its fields must be =receipt")
        for name, value in record.items():
            if isinstance(value, dict | list):
                raise ValueError(f"/record/{name}: a field of a record holds text or a number")

    def check_backend(self, backend: Backend) -> None:
        settings = backend.settings
        if ("departures" in settings) == ("every_minutes" in settings):
            raise ValueError("/departures: say when batches leave, by departures or by every_minutes")
        if not urlsplit(backend.address).username:
            raise ValueError("/: the address names no log-in, as in sftp://log-in@host/")
        try:
            host_key(settings["host_key"])
        except ValueError as error:
            raise ValueError(f"/host_key: {error}") from error
        format_of(settings)

    # --- files ---
    def exchange(self, backend: Backend, now: datetime) -> Iterable[News]:
        batches.note_overdue(backend, now)
        if departed_at := batches.last_departure(backend, now):
            while batches.seal(backend, departed_at, format_of(backend.settings)):
                pass
        with Session(backend) as session:
            # Answers first: one to a batch of which we do not know whether it left says that it did.
            yield from self._read_answers(session, backend)
            for batch in batches.to_leave(backend):
                yield from self._let_go(session, backend, batch)
        batches.close_answered(backend, timezone.now())

    def _let_go(self, session: Session, backend: Backend, batch: Batch) -> Iterator[News]:
        content = batches.content_of(batch, format_of(backend.settings))
        if content is None:
            batches.say(batch, "the layout was changed after it was sealed: its file cannot be made again")
            return
        try:
            if not batches.is_acknowledged(batch):
                _put(session, _folders(backend), batch, content)
        except FileUnreadable as error:
            batches.say(batch, str(error))
            return
        moment = timezone.now()
        yield from batches.news_of_leaving(batch, batches.expected_at(backend, moment))
        batches.mark_sent(batch, moment)

    def _read_answers(self, session: Session, backend: Backend) -> Iterator[News]:
        out = _folders(backend)["out"]
        files = {name: entry for name, entry in session.folder(out).items() if not name.startswith(".")}
        incomplete = {name for name in files if not name.endswith(MANIFEST) and f"{name}{MANIFEST}" not in files}
        for name in [name for name in sorted(files) if name.endswith(MANIFEST)][:MOST_FILES]:
            try:
                yield from self._read_answer(session, backend, name, files)
            except _Incomplete:
                incomplete.add(name)
        patience = 60 * backend.settings.get("incomplete_minutes", 15)
        late = [name for name in sorted(incomplete) if time.time() - files[name].changed_at > patience]
        batches.note_incomplete(backend, late)

    def _read_answer(
        self, session: Session, backend: Backend, manifest_name: str, files: dict[str, Entry]
    ) -> Iterator[News]:
        """One answer file, if all of it is there; then put it away. Raises _Incomplete."""
        folders = _folders(backend)
        said = session.read(f"{folders['out']}/{manifest_name}", limit=LARGEST_MANIFEST)
        memory = f"batch-read:{backend.pk}:{sha256_of(manifest_name.encode() + said)}"
        if cache.get(memory):
            return
        try:
            manifest = read_manifest(said)
            if manifest.file not in files and _is_put_away(session, folders, manifest):
                _put_away(session, folders, [manifest_name])  # we were cut off between the two
                return
            content, lines = _complete(session, backend, manifest, files)
        except FileUnreadable as error:
            raise _Incomplete from error
        yield from batches.news_of_answers(
            backend, lines, receipt_field=_receipt_field(backend), file=manifest.file, sha256=sha256_of(content)
        )
        if not _put_away(session, folders, [manifest.file, manifest_name]):
            cache.set(memory, 1, REMEMBERED_SECONDS)


class _Incomplete(Exception):
    """An answer file that is not whole, or not what its manifest says: it is left alone."""


def _receipt_field(backend: Backend) -> str:
    return str(backend.settings.get("receipt_field", RECEIPT))


def _folders(backend: Backend) -> dict[str, str]:
    return {**FOLDERS, **backend.settings.get("folders", {})}


def _put(session: Session, folders: dict[str, str], batch: Batch, content: bytes) -> None:
    """Write file and manifest, each under a temporary name that is always the same, and rename.

    A temporary file can be renamed once. As the manifest's is written before we look whether one is there, a rename of
    an earlier try that comes late either is seen, or leaves nothing for ours to rename: none is ever put there twice.
    Raises FileUnreadable if something else has the name.
    """
    manifest = Manifest(batch.file_name, batch.number, batch.record_count, batch.sha256)
    name = f"{batch.file_name}{MANIFEST}"
    if _has_left(session, folders, manifest):
        return
    if batch.file_name not in session.folder(folders["in"]):
        _write_and_rename(session, folders["in"], batch.file_name, content)
    temporary = f"{folders['in']}/.{name}.part"
    session.write(temporary, manifest.to_bytes())
    if _has_left(session, folders, manifest):
        session.remove(temporary)
        return
    session.rename(temporary, f"{folders['in']}/{name}")


def _write_and_rename(session: Session, folder: str, name: str, content: bytes) -> None:
    temporary = f"{folder}/.{name}.part"
    session.write(temporary, content)
    session.rename(temporary, f"{folder}/{name}")


def _has_left(session: Session, folders: dict[str, str], manifest: Manifest) -> bool:
    """The manifest is there, or the department has put the file into its archive. Raises FileUnreadable."""
    # In this order: what the department moves meanwhile is seen in the second.
    for folder in (folders["in"], folders["archive"]):
        found = session.folder(folder)
        if f"{manifest.file}{MANIFEST}" in found:
            there = read_manifest(session.read(f"{folder}/{manifest.file}{MANIFEST}", limit=LARGEST_MANIFEST))
            if there.sha256 != manifest.sha256:
                raise FileUnreadable(f"the folder {folder} has another manifest of this name")
            return True
        if manifest.file in found:
            if sha256_of(session.read(f"{folder}/{manifest.file}", limit=LARGEST_FILE)) != manifest.sha256:
                raise FileUnreadable(f"the folder {folder} has another file of this name")
            if folder == folders["archive"]:
                return True
    return False


def _complete(
    session: Session, backend: Backend, manifest: Manifest, files: dict[str, Entry]
) -> tuple[bytes, list[Json]]:
    """The answer file's bytes and records, in number and checksum as its manifest says. Raises FileUnreadable."""
    if manifest.file not in files or manifest.records > MOST_RECORDS:
        raise FileUnreadable("the file is missing, or has more records than we take")
    content = session.read(f"{_folders(backend)['out']}/{manifest.file}", limit=LARGEST_FILE)
    if sha256_of(content) != manifest.sha256:
        raise FileUnreadable("the checksum is another")
    lines = format_of(backend.settings).read(content)
    if len(lines) != manifest.records:
        raise FileUnreadable("the number of records is another")
    return content, lines


def _is_put_away(session: Session, folders: dict[str, str], manifest: Manifest) -> bool:
    if manifest.file not in session.folder(folders["done"]):
        return False
    return sha256_of(session.read(f"{folders['done']}/{manifest.file}", limit=LARGEST_FILE)) == manifest.sha256


def _put_away(session: Session, folders: dict[str, str], names: list[str]) -> bool:
    """Move read files to the folder for them; False where that is refused, as for a name that is there already."""
    for name in names:
        try:
            session.rename(f"{folders['out']}/{name}", f"{folders['done']}/{name}")
        except ExchangeFailed:
            return False
    return True
