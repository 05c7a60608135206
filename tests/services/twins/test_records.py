"""The mainframes' wire, byte by byte, without the portal's connector."""

import socket
import struct
from collections.abc import Iterator
from contextlib import closing
from typing import BinaryIO

import pytest

from tests.services.twins.running import TIMEOUT_SECONDS, Twins

CODE = "wsd-fixed-width"
SLOTS, REMARKS = 12, 2


class Terminal:
    """A client of the ASCII mainframe of the Water Supplies Department, system CCBS."""

    def __init__(self, twins: Twins) -> None:
        port = int(twins.records_address.rstrip("/").rpartition(":")[2])
        self.wire = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECONDS)
        self.stream: BinaryIO = self.wire.makefile("rb")

    def send(self, transaction: str, number: int, record: bytes = b"", system: str = "CCBS") -> None:
        frame = f"{system:8}{transaction:4}{number:010}0000".encode().ljust(96) + record
        self.wire.sendall(struct.pack(">I", len(frame)) + frame)

    def hear(self) -> tuple[int, int, bytes]:
        """Sequence number, status and record of the next frame; EOFError when there is none."""
        prefix = self.stream.read(4)
        if len(prefix) < 4:
            raise EOFError
        frame = self.stream.read(struct.unpack(">I", prefix)[0])
        return int(frame[12:22]), int(frame[22:24]), frame[96:]

    def ask(self, transaction: str, record: bytes = b"", number: int = 1) -> tuple[int, int, bytes]:
        self.send(transaction, number, record)
        return self.hear()

    def close(self) -> None:
        self.stream.close()
        self.wire.close()


@pytest.fixture
def terminal(twins: Twins) -> Iterator[Terminal]:
    with closing(Terminal(twins)) as made:
        yield made


def request(receipt: str, service: str = "wsd-account-close", name: str = "accountNumber", value: str = "123") -> bytes:
    head = f"RQ01{receipt:20}{service:80}20260301143000{'en':7}".encode()
    person = b" " * (60 + 40 + 12 + 16 + 80 + 240)
    slots = [f"{name:40}".encode() + value.encode("big5hkscs").ljust(120), f"{'until':40}{'2026-04-01':120}".encode()]
    details = b"".join(slots).ljust(SLOTS * 160)
    return head + person + b" " * 8 + details + b" " * (REMARKS * 1040)


def test_what_is_sent_is_filed_and_answered(terminal: Terminal, twins: Twins, receipt: str) -> None:
    number, status, record = terminal.ask("APPL", request(receipt), number=4711)
    assert (number, status) == (4711, 0)
    assert record[:34].decode() == f"AN01{receipt:20}ACCEPTED  "
    assert twins.effects(CODE, receipt) == ["filed"]


def test_what_is_sent_twice_is_filed_twice(terminal: Terminal, twins: Twins, receipt: str) -> None:
    for _ in range(2):
        terminal.ask("APPL", request(receipt))
    assert twins.effects(CODE, receipt) == ["filed", "filed"]


def test_a_refusal_is_a_record_with_its_reason(terminal: Terminal, twins: Twins, receipt: str) -> None:
    _, status, record = terminal.ask("APPL", request(receipt, value="VOID 1"))
    assert (status, record[24:34]) == (0, b"REFUSED   ")
    assert b"NOT_ON_RECORD" in record
    assert twins.effects(CODE, receipt) == ["refused"]


def test_the_ledger_shows_chinese_as_people_read_it(terminal: Terminal, twins: Twins, receipt: str) -> None:
    terminal.ask("APPL", request(receipt, value="啲水費"))
    (entry,) = twins.get(f"_twins/{CODE}/ledger", receipt=receipt).json()["entries"]
    assert "啲水費" in entry["body"]


def test_a_receipt_is_looked_up(terminal: Terminal, receipt: str) -> None:
    filed = terminal.ask("APPL", request(receipt))[2]
    assert terminal.ask("FIND", f"FD01{receipt:20}".encode()) == (1, 0, filed)


def test_an_unknown_receipt_has_a_status_of_its_own(terminal: Terminal, receipt: str) -> None:
    assert terminal.ask("FIND", f"FD01{receipt:20}".encode()) == (1, 8, b"")


def test_a_sign_of_life_files_nothing(terminal: Terminal) -> None:
    assert terminal.ask("PING") == (1, 0, b"")


@pytest.mark.parametrize("record", [b"", b"x" * 4581, b"RQ01" + b" " * 4577])
def test_what_is_no_record_is_malformed(terminal: Terminal, record: bytes) -> None:
    assert terminal.ask("APPL", record) == (1, 12, b"")


def test_an_unknown_transaction_is_malformed(terminal: Terminal, receipt: str) -> None:
    assert terminal.ask("XXXX", request(receipt))[1] == 12


def test_a_system_that_is_not_here_is_hung_up_on(terminal: Terminal) -> None:
    terminal.send("PING", 1, system="NOBODY")
    with pytest.raises((EOFError, ConnectionResetError)):
        terminal.hear()


def test_answers_leave_as_they_are_ready(terminal: Terminal, twins: Twins, receipt: str) -> None:
    twins.set_mode(CODE, "slow", 500)
    terminal.send("APPL", 1, request(receipt))
    while not twins.effects(CODE, receipt):
        pass
    twins.set_mode(CODE, "ok")
    terminal.send("PING", 2)
    assert [terminal.hear()[0] for _ in range(2)] == [2, 1]


def test_a_broken_system_says_so_and_files_nothing(terminal: Terminal, twins: Twins, receipt: str) -> None:
    twins.set_mode(CODE, "error")
    assert terminal.ask("APPL", request(receipt)) == (1, 99, b"")
    assert twins.effects(CODE, receipt) == []


@pytest.mark.parametrize(("mode", "effects"), [("down", []), ("drop_after_accept", ["filed"])])
def test_a_cut_connection_gives_no_answer(
    terminal: Terminal, twins: Twins, receipt: str, mode: str, effects: list[str]
) -> None:
    twins.set_mode(CODE, mode)
    terminal.send("APPL", 1, request(receipt))
    with pytest.raises((EOFError, ConnectionResetError)):
        terminal.hear()
    assert twins.effects(CODE, receipt) == effects


def test_garbage_is_filed_but_answered_with_a_sign_on_screen(terminal: Terminal, twins: Twins, receipt: str) -> None:
    twins.set_mode(CODE, "garbage")
    terminal.send("APPL", 1, request(receipt))
    assert b"Sign-on is required" in terminal.wire.recv(200)
    assert twins.effects(CODE, receipt) == ["filed"]


def test_a_hung_mainframe_leaves_its_neighbour_alone(terminal: Terminal, twins: Twins, receipt: str) -> None:
    twins.set_mode("td-fixed-width", "hang")
    assert terminal.ask("PING") == (1, 0, b"")
