"""The mainframes: records of fixed length over TCP, one port for all of them. What is sent twice is filed twice.

A frame is four bytes of length and a header (whose system code says which department), then a record and the documents
that belong to it. Layouts are those of the catalogue's records.json. Answers carry the sequence number of their frame
and leave as they are ready, in any order.
"""

import asyncio
import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.gateway.records import Layout, RecordUnreadable, decode, encode, load
from services.twins.answers import Answer, Submission
from services.twins.catalogue import CATALOGUE_FOLDER, Backend
from services.twins.floor import TRACEPARENT, Floor, Mode, is_receipt, now

TRANSPORT = "fixed-width"
PREFIX = struct.Struct(">I")
LARGEST_FRAME = 64 * 1024 * 1024  # bytes: a record and its documents
SYSTEM_BYTES = 8  # every header begins with the system code, in the system's own encoding
ACTIONS = {
    "APPL": "apply", "RENW": "renew", "REGI": "register", "PAYM": "pay", "BOOK": "book", "ENQY": "enquire",
    "REPT": "report", "DECL": "declare", "APEA": "appeal",
}  # fmt: skip
OK, UNKNOWN_RECEIPT, MALFORMED, BROKEN = 0, 8, 12, 99
SIGN_ON = "\r\nDFHCE3549 Sign-on is required.\r\nUserid . . . ________  Password . . . ________\r\n"


class Malformed(ValueError):
    """A frame that this system cannot read."""


@dataclass(frozen=True)
class System:
    """One mainframe: its backend, its code and its layouts."""

    backend: Backend
    code: str
    layouts: Mapping[str, Layout]
    lookup: str
    sign_of_life: str

    @property
    def header(self) -> Layout:
        return self.layouts["header"]

    def frame(self, transaction: str, number: int, status: int, record: bytes = b"") -> bytes:
        values = {"system": self.code, "transaction": transaction, "sequence": number, "status": status}
        whole = encode(self.header, values) + record
        return PREFIX.pack(len(whole)) + whole


def systems_of(floor: Floor) -> dict[bytes, System]:
    """By the bytes that a header begins with."""
    described: dict[str, Any] = json.loads((CATALOGUE_FOLDER / "records.json").read_text(encoding="utf-8"))
    systems = {}
    for backend in floor.catalogue.backends.values():
        if backend.transport == TRANSPORT:
            anyones = {**described["*"], "system": backend.department.code.upper()[:SYSTEM_BYTES]}
            made = described.get(backend.code, anyones)
            layouts = {name: load(layout) for name, layout in made["layouts"].items()}
            system = System(backend, made["system"], layouts, **made["transactions"])
            systems[system.frame(system.lookup, 1, OK)[PREFIX.size :][:SYSTEM_BYTES]] = system
    return systems


class Counter:
    """One connection: reads frames, and has an answer made to each at the same time."""

    def __init__(self, floor: Floor, systems: Mapping[bytes, System], writer: asyncio.StreamWriter) -> None:
        self.floor = floor
        self.systems = systems
        self.writer = writer
        self.busy: set[asyncio.Task[None]] = set()

    async def attend(self, reader: asyncio.StreamReader) -> None:
        """Until the other side hangs up, or sends what is no frame of any system here."""
        try:
            while True:
                (length,) = PREFIX.unpack(await reader.readexactly(PREFIX.size))
                if not SYSTEM_BYTES <= length <= LARGEST_FRAME:
                    break
                frame = await reader.readexactly(length)
                system = self.systems.get(frame[:SYSTEM_BYTES])
                if system is None:
                    break
                task = asyncio.create_task(self._serve(system, frame))
                self.busy.add(task)
                task.add_done_callback(self.busy.discard)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            for task in self.busy:
                task.cancel()
            self.writer.transport.abort()

    async def _serve(self, system: System, frame: bytes) -> None:
        """One frame, as the mode of its system says: see modes.py."""
        behaviour = self.floor.behaviours[system.backend.code].at(asyncio.get_running_loop().time())
        if behaviour.mode is Mode.DOWN:
            self.writer.transport.abort()
        elif behaviour.mode is not Mode.HANG:
            answer = reply_to(self.floor, system, frame, is_broken=behaviour.mode is Mode.ERROR)
            if behaviour.mode is Mode.DROP_AFTER_ACCEPT:
                self.writer.transport.abort()
                return
            if behaviour.mode is Mode.GARBAGE:
                answer = SIGN_ON.encode("ascii" if system.header.encoding == "ascii" else "cp037")
            await asyncio.sleep(behaviour.delay_seconds)
            self.writer.write(answer)  # whole frames only, so answers never mix


def reply_to(floor: Floor, system: System, frame: bytes, *, is_broken: bool) -> bytes:
    """The frame that answers; files what it carries unless the system is broken."""
    transaction, number = "?", 0
    try:
        header = decode(system.header, frame[: system.header.length])
        transaction, number = header["transaction"] or "?", header["sequence"] or 0
        if is_broken:
            return system.frame(transaction, number, BROKEN)
        return answer_to_frame(floor, system, header, frame)
    except (Malformed, RecordUnreadable):
        return system.frame(transaction, number, MALFORMED)


def answer_to_frame(floor: Floor, system: System, header: dict[str, Any], frame: bytes) -> bytes:
    """Raises Malformed or RecordUnreadable."""
    transaction, number, body = header["transaction"], header["sequence"], frame[system.header.length :]
    TRACEPARENT.set(header["traceparent"] or "")
    if transaction == system.sign_of_life:
        return system.frame(transaction, number, OK)
    if transaction == system.lookup:
        receipt = receipt_in(decode(system.layouts["lookup"], body))
        answer = floor.ledger.first_answer(system.backend.code, receipt)
        if answer is None:
            return system.frame(transaction, number, UNKNOWN_RECEIPT)
    elif transaction in ACTIONS:
        answer = file(floor, system, transaction, body, header["documents"] or 0)
    else:
        raise Malformed(f"there is no transaction {transaction}")
    return system.frame(transaction, number, OK, record_of(system, answer))


def file(floor: Floor, system: System, transaction: str, body: bytes, documents: int) -> Answer:
    layout = system.layouts["request"]
    values = decode(layout, body[: layout.length])
    values["documents"] = read_documents(system, body[layout.length :], documents)
    submission = Submission(
        backend=system.backend,
        receipt=receipt_in(values),
        function=floor.catalogue.function_of(system.backend.department, values["service_code"] or ""),
        action=ACTIONS[transaction],
        details={slot["name"]: slot["value"] for slot in values["details"] + values["remarks"] if slot["name"]},
        received_at=now(),
    )
    shown = json.dumps(values, ensure_ascii=False)
    return floor.file(submission, operation=transaction, body=body, shown=shown)


def read_documents(system: System, rest: bytes, count: int) -> list[dict[str, Any]]:
    """What came after the record, without the contents; raises Malformed if it is not just so many documents."""
    layout, found = system.layouts["document"], []
    for _ in range(count):
        about = decode(layout, rest[: layout.length])
        rest = rest[layout.length :]
        if about["size"] > len(rest):
            raise Malformed("a document ends too soon")
        content, rest = rest[: about["size"]], rest[about["size"] :]
        if hashlib.sha256(content).hexdigest() != about["sha256"]:
            raise Malformed("a document is not the one that its record is about")
        found.append(about)
    if rest:
        raise Malformed("there is more than the header says")
    return found


def receipt_in(values: Mapping[str, Any]) -> str:
    receipt = values["receipt"]
    if not isinstance(receipt, str) or not is_receipt(receipt):
        raise Malformed("the receipt number is missing")
    return receipt


def record_of(system: System, answer: Answer) -> bytes:
    names = {"receipt": "receiptNo", "case_number": "caseNo", "reply_by": "replyBy", "paid_at": "paidAt"}
    names |= {"reason_code": "reasonCode", "reason_field": "field"}
    layout = system.layouts["answer"]
    values = {field.name: answer.get(names.get(field.name, field.name)) for field in layout.fields}
    return encode(layout, {**values, "record_type": None})


async def open_door(floor: Floor, port: int, *, backlog: int) -> asyncio.Server:
    """Listen for every mainframe. Raises OSError if the port is taken."""
    systems = systems_of(floor)

    async def attend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await Counter(floor, systems, writer).attend(reader)

    return await asyncio.start_server(attend, "127.0.0.1", port, backlog=backlog)
