import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import pytest
import requests
import zeep
from zeep.exceptions import Fault
from zeep.transports import Transport

from services.twins.catalogue import CATALOGUE_FOLDER
from tests.services.twins.running import TIMEOUT_SECONDS, Twins


@contextmanager
def soap_client(address: str) -> Iterator[zeep.Client]:
    """A standard SOAP client that has read the WSDL below a backend's address."""
    with requests.Session() as session:
        transport = Transport(session=session, operation_timeout=TIMEOUT_SECONDS)
        yield zeep.Client(address + "service?wsdl", transport=transport)


@pytest.fixture(scope="module")
def department(twins_process: Twins) -> Iterator[zeep.Client]:
    """A client of the Transport Department's twin."""
    with soap_client(twins_process.address("td-soap/")) as client:
        yield client


def send(
    department: zeep.Client,
    operation: str,
    receipt: str,
    fields: dict[str, str],
    code: str = "td-ferry-service-renew",
) -> Any:
    return department.service[operation](
        ReceiptNo=receipt,
        ServiceCode=code,
        SubmittedAt=datetime(2026, 3, 3, 14, 30, tzinfo=UTC),
        Applicant={"Item": [{"Name": "FullName", "Value": "CHAN Tai Man 陳大文"}]},
        Fields={"Item": [{"Name": name, "Value": value} for name, value in fields.items()]},
    )


RENEWAL = {"LicenceNumber": "FS-12", "Route": "Central to Mui Wo", "PeriodMonths": "12"}


def test_ping_says_up(department: zeep.Client, twins: Twins) -> None:
    assert department.service.Ping() == "up"


def test_a_renewal_is_accepted_and_filed(department: zeep.Client, twins: Twins, receipt: str) -> None:
    answer = send(department, "Renew", receipt, RENEWAL)
    assert (answer.Outcome, answer.ReceiptNo) == ("ACCEPTED", receipt)
    assert re.fullmatch(r"TD-\d{4}-\d{7}", answer.CaseNo)
    assert date.fromisoformat(answer.ReplyBy).isoweekday() <= 5
    assert twins.effects("td-soap", receipt) == ["filed"]


def test_every_action_of_the_catalogue_has_its_operation(department: zeep.Client, twins: Twins, receipt: str) -> None:
    with (CATALOGUE_FOLDER / "functions.csv").open(encoding="utf-8", newline="") as file:
        actions = {row["action"].capitalize() for row in csv.DictReader(file)}
    outcomes = {name: send(department, name, receipt, {}, "td-unheard-of").Outcome for name in actions}
    special = {"Pay": "PAID", "Book": "BOOKED", "Enquire": "FOUND"}
    assert outcomes == {name: special.get(name, "ACCEPTED") for name in actions}


def test_a_payment_and_a_booking_say_what_rest_says(department: zeep.Client, twins: Twins, receipt: str) -> None:
    paid = send(department, "Pay", receipt, {"Amount": "37.5"}, "td-unheard-of")
    booked = send(department, "Book", receipt, {"PreferredDate": "2027-03-02"}, "td-unheard-of")
    assert (paid.Amount, booked.Date) == ("37.50", "2027-03-02")
    assert booked.Place == "Transport Department, Main Office"


def test_an_enquiry_finds_records(department: zeep.Client, twins: Twins, receipt: str) -> None:
    records = send(department, "Enquire", receipt, {"SearchFor": "Star Ferry"}, "td-unheard-of").Records.Record
    assert 2 <= len(records) <= 4
    assert all(record.Title and record.Value for record in records)


def test_what_is_sent_twice_is_filed_twice(department: zeep.Client, twins: Twins, receipt: str) -> None:
    first = send(department, "Renew", receipt, RENEWAL)
    assert send(department, "Renew", receipt, RENEWAL).CaseNo == first.CaseNo
    assert twins.effects("td-soap", receipt) == ["filed", "filed"]


def test_a_missing_field_is_a_client_fault_with_its_name(department: zeep.Client, twins: Twins, receipt: str) -> None:
    with pytest.raises(Fault) as refusal:
        send(department, "Renew", receipt, {"LicenceNumber": "FS-12", "PeriodMonths": "12"})
    assert refusal.value.code == "soap:Client"
    assert refusal.value.detail is not None
    told = {element.tag: element.text for element in refusal.value.detail[0]}
    assert told == {
        "{urn:ferry:twin:td-soap}ReasonCode": "MISSING_FIELD",
        "{urn:ferry:twin:td-soap}Field": "Route",
        "{urn:ferry:twin:td-soap}Reason": "route is required.",
    }
    assert twins.effects("td-soap", receipt) == ["refused"]


def test_what_starts_with_void_is_not_on_record(department: zeep.Client, twins: Twins, receipt: str) -> None:
    with pytest.raises(Fault, match="no record that matches licenceNumber"):
        send(department, "Renew", receipt, RENEWAL | {"LicenceNumber": "VOID-12"})


@pytest.mark.parametrize("name", ["PropertyAddress", "PropertyAddress.Line1", "PropertyAddressLine1"])
def test_an_address_may_come_whole_or_in_parts(twins: Twins, receipt: str, name: str) -> None:
    fields = {name: "1 Harbour Road", "MonthlyRent": "9000.00", "TermMonths": "24"}
    with soap_client(twins.address("ird-soap/")) as client:
        assert send(client, "Pay", receipt, fields, "ird-stamp-duty-tenancy").Outcome == "PAID"


def test_a_filed_receipt_is_found(department: zeep.Client, twins: Twins, receipt: str) -> None:
    filed = send(department, "Renew", receipt, RENEWAL)
    found = department.service.FindByReceipt(ReceiptNo=receipt)
    assert found.Found is True
    assert (found.Outcome, found.CaseNo, found.ReplyBy) == ("ACCEPTED", filed.CaseNo, filed.ReplyBy)


def test_a_receipt_that_never_came_is_not_found(department: zeep.Client, twins: Twins, receipt: str) -> None:
    found = department.service.FindByReceipt(ReceiptNo=receipt)
    assert (found.Found, found.Outcome) == (False, None)


def test_a_refused_receipt_is_found_with_its_reason(department: zeep.Client, twins: Twins, receipt: str) -> None:
    with pytest.raises(Fault):
        send(department, "Renew", receipt, {})
    found = department.service.FindByReceipt(ReceiptNo=receipt)
    assert (found.Found, found.Outcome, found.RefusalCode) == (True, "REFUSED", "MISSING_FIELD")
    assert found.RefusalReason == "licenceNumber is required."


def test_a_filing_is_found_rather_than_the_refusal_before_it(
    department: zeep.Client, twins: Twins, receipt: str
) -> None:
    with pytest.raises(Fault):
        send(department, "Renew", receipt, {})
    send(department, "Renew", receipt, RENEWAL)
    assert department.service.FindByReceipt(ReceiptNo=receipt).Outcome == "ACCEPTED"


def test_a_dropped_answer_was_filed_and_is_found(department: zeep.Client, twins: Twins, receipt: str) -> None:
    twins.set_mode("td-soap", "drop_after_accept")
    with pytest.raises(requests.ConnectionError):
        send(department, "Renew", receipt, RENEWAL)
    twins.set_mode("td-soap", "ok")
    assert department.service.FindByReceipt(ReceiptNo=receipt).Found is True
    assert twins.effects("td-soap", receipt) == ["filed"]


def test_a_get_without_wsdl_says_what_is_allowed(twins: Twins) -> None:
    answer = twins.get("td-soap/service")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
