"""The back office of a department that takes its work in files: reads what came in, and answers with a file later.

It believes a file whose manifest is right, and files every record of it. On purpose it is not clever: a batch that
comes twice is filed twice. What is wrong with its next answer files can be set, see `Fault`.
"""

import asyncio
import csv
import hashlib
import io
import json
import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from aiohttp import web

from services.twins.answers import Answer, Submission
from services.twins.catalogue import Backend, lower_camel
from services.twins.floor import Floor, now
from services.twins.problems import problem

logger = logging.getLogger(__name__)
MANIFEST = ".manifest.json"
FOLDERS = ("in", "archive", "out", "done")
ANSWER_DELAY_MS = 8000  # long enough for a visitor to see the form leave before the answer is there
LONGEST_DELAY_MS = 600_000
ROUND_SECONDS = 0.2
HEADER = ("RECEIPT_NO", "SERVICE_CODE", "SUBMITTED_AT")  # of every record; the rest is the form
MOST_RECORDS = 4  # that an answer to an enquiry has columns for
ANSWERED = (
    "RECEIPT_NO", "OUTCOME", "CASE_NO", "REPLY_BY", "AMOUNT", "PAID_AT", "DATE", "TIME", "PLACE",
    "REASON_CODE", "FIELD", "REASON",
    *(f"RECORD_{number}_{part}" for number in range(1, MOST_RECORDS + 1) for part in ("TITLE", "VALUE")),
)  # fmt: skip
csv.field_size_limit(64 * 1024 * 1024)  # bytes; a scanned document is one long value


class Fault(StrEnum):
    """What is wrong with an answer file. After half-written, missing, missing-line and truncated the right one follows
    once the fault is taken away.
    """

    NONE = "none"
    HALF_WRITTEN = "half-written"  # the first half under its final name, the manifest not there yet
    TRUNCATED = "truncated"  # the same, with a manifest of the whole
    MISSING = "missing"
    MISSING_LINE = "missing-line"  # the first record has no answer
    DUPLICATED = "duplicated"  # every line twice, and the whole again under another name
    REORDERED = "reordered"


@dataclass
class Office:
    """One department's batches: `in` and `archive` for what comes, `out` and `done` for the answers."""

    backend: Backend
    folder: Path
    floor: Floor
    fault: Fault = Fault.NONE
    delay_ms: int = ANSWER_DELAY_MS
    holds: str = ""  # a rename of a file whose name ends so is never done nor answered
    owed: dict[str, float] = field(default_factory=dict)  # data file -> when its answer is due, by time.monotonic()

    def open(self) -> None:
        """Make the folders, and remember what was not answered before the process ended."""
        for name in FOLDERS:
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        for manifest in (self.folder / "archive").glob(f"*{MANIFEST}"):
            file = manifest.name.removesuffix(MANIFEST)
            if not any((self.folder / name / answer_name(file)).exists() for name in ("out", "done")):
                self.owed[file] = time.monotonic()

    def work(self) -> None:
        """One round."""
        for manifest in sorted((self.folder / "in").glob(f"[!.]*{MANIFEST}")):
            self.take_in(manifest)
        for file, due_at in list(self.owed.items()):
            if due_at <= time.monotonic() and self.answer(file):
                del self.owed[file]

    def take_in(self, manifest: Path) -> None:
        """File a whole batch at once, or leave it where it is if it is not whole."""
        data = manifest.with_name(manifest.name.removesuffix(MANIFEST))
        try:
            said = json.loads(manifest.read_bytes())
            content = data.read_bytes()
            rows = read_rows(content)
        except (OSError, ValueError, csv.Error):
            return
        if said.get("sha256") != hashlib.sha256(content).hexdigest() or said.get("records") != len(rows):
            return
        with self.floor.ledger.together():
            for row in rows:
                self.file(row)
        self.owed[data.name] = time.monotonic() + self.delay_ms / 1000
        for path in (manifest, data):  # in this order: the manifest is always to be seen in one of the two folders
            path.replace(self.folder / "archive" / path.name)

    def file(self, row: Mapping[str, str]) -> None:
        code = row.get("SERVICE_CODE", "")
        function = self.floor.catalogue.function_of(self.backend.department, code)
        own = {name: text for name, text in row.items() if name not in HEADER and not name.startswith("APPLICANT_")}
        submission = Submission(
            backend=self.backend,
            receipt=row.get("RECEIPT_NO", ""),
            function=function,
            action=function.action if function else "apply",
            details={lower_camel(name.lower()): text for name, text in own.items()},
            received_at=now(),
        )
        self.floor.file(submission, operation=code, body=json.dumps(row, ensure_ascii=False).encode())

    def answer(self, file: str) -> bool:
        """Write the answers to a batch, as right as the fault allows; whether no more is owed."""
        rows = read_rows((self.folder / "archive" / file).read_bytes())
        answers = [self.answer_to(row) for row in rows]
        name, fault = answer_name(file), self.fault
        if fault is Fault.MISSING:
            return False
        if fault in (Fault.HALF_WRITTEN, Fault.TRUNCATED):
            content = write_rows(answers)
            (self.folder / "out" / name).write_bytes(content[: len(content) // 2])
            if fault is Fault.TRUNCATED:
                self.put(name + MANIFEST, manifest_of(name, len(answers), content))
            return False
        if fault is Fault.MISSING_LINE:
            self.send(f"first-{name}", answers[1:])
            return False
        if fault is Fault.DUPLICATED:
            self.send(f"again-{name}", [answer for answer in answers for _ in range(2)])
            answers = [answer for answer in answers for _ in range(2)]
        self.send(name, answers[::-1] if fault is Fault.REORDERED else answers)
        return True

    def answer_to(self, row: Mapping[str, str]) -> dict[str, str]:
        receipt = row.get("RECEIPT_NO", "")
        return flat(self.floor.ledger.first_answer(self.backend.code, receipt) or {"receiptNo": receipt})

    def send(self, name: str, answers: list[dict[str, str]]) -> None:
        content = write_rows(answers)
        self.put(name, content)
        self.put(name + MANIFEST, manifest_of(name, len(answers), content))

    def put(self, name: str, content: bytes) -> None:
        """Under a temporary name first, as one should."""
        temporary = self.folder / "out" / f".{name}.part"
        temporary.write_bytes(content)
        temporary.replace(self.folder / "out" / name)


def answer_name(file: str) -> str:
    return file.replace(".csv", "-answers.csv")


def manifest_of(name: str, count: int, content: bytes) -> bytes:
    said = {"file": name, "number": 0, "records": count, "sha256": hashlib.sha256(content).hexdigest()}
    return json.dumps(said).encode()


def read_rows(content: bytes) -> list[dict[str, str]]:
    """The records of a CSV file, without their empty cells. Raises ValueError or csv.Error."""
    rows = csv.DictReader(io.StringIO(content.decode(), newline=""), strict=True)
    return [{name: text for name, text in row.items() if text} for row in rows]


def write_rows(rows: Iterable[Mapping[str, str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, ANSWERED)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def flat(answer: Answer) -> dict[str, str]:
    """An answer with a column for each fact: `caseNo` is CASE_NO, a list of records is RECORD_1_TITLE and so on."""
    row: dict[str, str] = {}
    for name, value in answer.items():
        if isinstance(value, list):
            for number, record in enumerate(value[:MOST_RECORDS], 1):
                row |= {f"RECORD_{number}_{part.upper()}": str(record[part]) for part in ("title", "value")}
        else:
            row["".join(f"_{letter}" if letter.isupper() else letter.upper() for letter in name)] = str(value)
    return row


OFFICES = web.AppKey("offices", dict[str, Office])


def offices_of(floor: Floor, state_folder: Path) -> dict[str, Office]:
    """One for each backend that takes batches, open."""
    served = [each for each in floor.catalogue.backends.values() if each.transport == "sftp-batch"]
    offices = {each.code: Office(each, state_folder / "twins" / "sftp" / each.code, floor) for each in served}
    for office in offices.values():
        office.open()
    return offices


async def work(offices: Iterable[Office]) -> None:
    """Let all of them work until cancelled."""
    while True:
        for office in offices:
            try:
                office.work()
            except OSError:  # a full disk, or somebody tidied up its folders: the others go on
                logger.exception("office_stopped backend=%s", office.backend.code)
            await asyncio.sleep(0)
        await asyncio.sleep(ROUND_SECONDS)


async def set_answers(request: web.Request) -> web.Response:
    """`{"fault": …, "delay_ms": n, "holds": …}`: how the next answer files come, and where a portal is left hanging."""
    office = office_of(request)
    try:
        said = json.loads(await request.read())
        fault, delay_ms = Fault(said.get("fault", office.fault)), said.get("delay_ms", office.delay_ms)
        holds = str(said.get("holds", ""))
    except (ValueError, AttributeError, RecursionError):
        return problem(400, f"fault must be one of {', '.join(Fault)}.")
    if type(delay_ms) is not int or not 0 <= delay_ms <= LONGEST_DELAY_MS:
        return problem(400, f"delay_ms must be a whole number from 0 to {LONGEST_DELAY_MS}.")
    office.fault, office.delay_ms, office.holds = fault, delay_ms, holds
    return shown(office)


async def forget_everything(request: web.Request) -> web.Response:
    """Empty the folders, as on the first day."""
    office = office_of(request)
    for name in FOLDERS:
        for path in (office.folder / name).iterdir():
            path.unlink()
    office.owed.clear()
    office.fault, office.delay_ms, office.holds = Fault.NONE, ANSWER_DELAY_MS, ""
    return shown(office)


async def show_answers(request: web.Request) -> web.Response:
    return shown(office_of(request))


def shown(office: Office) -> web.Response:
    files = {name: sorted(path.name for path in (office.folder / name).iterdir()) for name in FOLDERS}
    return web.json_response({"fault": office.fault, "delay_ms": office.delay_ms, "owed": list(office.owed), **files})


def office_of(request: web.Request) -> Office:
    office = request.app[OFFICES].get(request.match_info["backend"])
    if office is None:
        raise web.HTTPNotFound(reason="No backend that takes batches")
    return office


def routes() -> list[web.RouteDef]:
    return [
        web.get("/_twins/{backend}/answers", show_answers),
        web.post("/_twins/{backend}/answers", set_answers),
        web.delete("/_twins/{backend}/answers", forget_everything),
    ]
