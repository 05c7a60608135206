import re
from datetime import UTC, date, datetime, timedelta

import pytest
import requests

from tests.services.twins.running import TIMEOUT_SECONDS, Twins


def test_health_is_up(twins: Twins) -> None:
    assert twins.get("td-rest/health").json() == {"status": "up"}


def test_an_unknown_function_is_accepted_with_a_date_for_the_reply(twins: Twins, receipt: str) -> None:
    answer = twins.submit(receipt, {"anything": "at all"}).json()
    assert (answer["outcome"], answer["receiptNo"]) == ("ACCEPTED", receipt)
    assert re.fullmatch(r"TD-\d{4}-\d{7}", answer["caseNo"])
    assert date.fromisoformat(answer["replyBy"]).isoweekday() <= 5


def test_a_payment_is_paid_in_the_amount_stated(twins: Twins, receipt: str) -> None:
    details = {"billNumber": "B1", "amount": "1234.5", "paymentMethod": "fps"}
    answer = twins.submit(receipt, details, code="ird-tax-pay", backend="ird-rest").json()
    assert (answer["outcome"], answer["amount"]) == ("PAID", "1234.50")
    assert datetime.fromisoformat(answer["paidAt"]).utcoffset() == timedelta(hours=8)


def test_a_booking_keeps_the_preferred_date_and_session(twins: Twins, receipt: str) -> None:
    details = {"preferredDate": "2027-03-02", "office": "Wan Chai", "session": "afternoon"}
    answer = twins.submit(receipt, details, code="immd-hkid-adult", backend="immd-rest").json()
    assert answer["outcome"] == "BOOKED"
    assert (answer["date"], answer["time"]) == ("2027-03-02", "14:30")
    assert answer["place"] == "Immigration Department, Wan Chai"


def test_a_booking_without_a_date_is_in_seven_days(twins: Twins, receipt: str) -> None:
    details = {"bookingNumber": "HA-77"}
    answer = twins.submit(receipt, details, code="ha-tele-consultation", backend="ha-rest").json()
    hong_kong_today = (datetime.now(UTC) + timedelta(hours=8)).date()
    assert date.fromisoformat(answer["date"]) - hong_kong_today in (timedelta(days=6), timedelta(days=7))


def test_an_enquiry_finds_records_that_depend_on_what_was_asked(twins: Twins, receipt: str) -> None:
    def records(number: str, reference: str) -> list[dict[str, str]]:
        details = {"referenceNumber": reference}
        answer = twins.submit(receipt + number, details, code="immd-passport-status", backend="immd-rest")
        assert answer.json()["outcome"] == "FOUND"
        found: list[dict[str, str]] = answer.json()["records"]
        return found

    first = records("1", "P-100")
    assert 2 <= len(first) <= 4
    assert all(set(record) == {"title", "value"} and record["value"] for record in first)
    assert records("2", "P-100") == first
    assert any(records(f"3-{number}", f"P-{number}") != first for number in range(5))


def test_a_missing_field_is_refused_by_name(twins: Twins, receipt: str) -> None:
    details = {"preferredDate": "2027-03-02", "office": " ", "session": "morning"}
    answer = twins.submit(receipt, details, code="immd-hkid-adult", backend="immd-rest")
    assert answer.status_code == 422
    assert answer.json() == {
        "outcome": "REFUSED",
        "receiptNo": receipt,
        "reasonCode": "MISSING_FIELD",
        "field": "office",
        "reason": "office is required.",
    }
    assert twins.effects("immd-rest", receipt) == ["refused"]


@pytest.mark.parametrize("value", ["VOID-7", {"line1": "VOID House", "district": "Eastern"}])
def test_what_starts_with_void_is_not_on_record(twins: Twins, receipt: str, value: object) -> None:
    answer = twins.submit(receipt, {"months": 12, "registrationMark": value})
    assert answer.status_code == 422
    assert (answer.json()["reasonCode"], answer.json()["field"]) == ("NOT_ON_RECORD", "registrationMark")


def test_the_same_key_again_gets_the_first_answer_and_files_nothing(twins: Twins, receipt: str) -> None:
    first = twins.submit(receipt, {"months": 12})
    again = twins.submit(receipt, {"months": 4})
    assert (again.status_code, again.json()) == (200, first.json())
    assert twins.effects("td-rest", receipt) == ["filed", "replayed"]


def test_a_refusal_is_replayed_as_a_refusal(twins: Twins, receipt: str) -> None:
    first = twins.submit(receipt, {"mark": "VOID"})
    again = twins.submit(receipt, {"mark": "AB1234"})
    assert (again.status_code, again.json()) == (422, first.json())
    assert twins.effects("td-rest", receipt) == ["refused", "replayed"]


def test_a_receipt_can_be_looked_up(twins: Twins, receipt: str) -> None:
    first = twins.submit(receipt, {"months": 12})
    found = twins.get(f"td-rest/v1/receipts/{receipt}")
    assert (found.status_code, found.json()) == (200, first.json())


def test_an_unknown_receipt_is_unknown(twins: Twins, receipt: str) -> None:
    answer = twins.get(f"td-rest/v1/receipts/{receipt}")
    assert (answer.status_code, answer.json()) == (404, {"outcome": "UNKNOWN"})


@pytest.mark.parametrize("key", [None, "", "two words", "x" * 101, "收據".encode()])
def test_a_submission_needs_a_receipt_as_its_key(twins: Twins, key: str | bytes | None) -> None:
    headers = {} if key is None else {"Idempotency-Key": key}
    address = twins.address("td-rest/v1/anything")
    answer = requests.post(address, json={}, headers=headers, timeout=TIMEOUT_SECONDS)
    assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (
        400,
        "application/problem+json",
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<xml/>",
        b"\xff\xfe",
        b"[]",
        b'{"details": []}',
        b'{"receiptNo": "another"}',
        b"[" * 100_000,
    ],
)
def test_a_body_that_is_not_a_submission_is_a_problem_and_not_filed(twins: Twins, receipt: str, body: bytes) -> None:
    address = twins.address("td-rest/v1/anything")
    answer = requests.post(address, data=body, headers={"Idempotency-Key": receipt}, timeout=TIMEOUT_SECONDS)
    assert answer.status_code == 400
    assert twins.effects("td-rest", receipt) == []


def test_a_body_beyond_32_mebibytes_is_too_large(twins: Twins, receipt: str) -> None:
    answer = twins.submit(receipt, {"remarks": "x" * (32 * 1024 * 1024)})
    assert (answer.status_code, answer.json()["status"]) == (413, 413)


def test_a_soap_backend_has_no_rest_address(twins: Twins, receipt: str) -> None:
    assert twins.submit(receipt, {}, backend="td-soap").status_code == 404
