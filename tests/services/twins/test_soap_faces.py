"""The faces of a SOAP department, asked by a standard client and by whoever else comes along."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
import zeep
from lxml import etree
from zeep.exceptions import Fault
from zeep.transports import Transport
from zeep.wsse.username import UsernameToken

from tests.services.twins.running import TIMEOUT_SECONDS, Twins

NAMESPACE = "urn:ferry:twin:td-soap"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
OPEN_FACES = ("v12", "bare", "rpc", "imported")


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


def client_of(twins: Twins, session: requests.Session, face: str, **options: Any) -> zeep.Client:
    transport = Transport(session=session, operation_timeout=TIMEOUT_SECONDS)
    if face == "v12":
        options["port_name"] = "CounterPort12"
    return zeep.Client(twins.address(f"td-soap/{face}/service?wsdl"), transport=transport, **options)


def apply(client: zeep.Client, receipt: str, **fields: str) -> Any:
    items = [{"Name": name, "Value": value} for name, value in fields.items()]
    return client.service.Apply(
        ReceiptNo=receipt,
        ServiceCode="td-unheard-of",
        SubmittedAt=datetime(2026, 3, 3, 14, 30, tzinfo=UTC),
        Applicant={"Item": []},
        Fields={"Item": items},
    )


def post(twins: Twins, face: str, body: str, content_type: str = "text/xml") -> requests.Response:
    address = twins.address(f"td-soap/{face}/service")
    headers = {"Content-Type": content_type}
    return requests.post(address, data=body.encode(), headers=headers, timeout=TIMEOUT_SECONDS)


def set_manners(twins: Twins, **settings: Any) -> requests.Response:
    return requests.post(twins.address("_twins/td-soap/soap"), json=settings, timeout=TIMEOUT_SECONDS)


@pytest.mark.parametrize("face", OPEN_FACES)
def test_a_standard_client_files_and_finds_in_the_same_ledger(
    twins: Twins, session: requests.Session, receipt: str, face: str
) -> None:
    client = client_of(twins, session, face)
    filed = apply(client, receipt, Note="hello")
    found = client.service.FindByReceipt(receipt)
    assert (filed.Outcome, found.Found, found.CaseNo) == ("ACCEPTED", True, filed.CaseNo)
    assert twins.effects("td-soap", receipt) == ["filed"]


@pytest.mark.parametrize("face", OPEN_FACES)
def test_every_face_says_that_it_is_up(twins: Twins, session: requests.Session, face: str) -> None:
    assert client_of(twins, session, face).service.Ping() == "up"


@pytest.mark.parametrize("face", OPEN_FACES)
def test_a_refusal_names_the_field(twins: Twins, session: requests.Session, receipt: str, face: str) -> None:
    with pytest.raises(Fault) as refusal:
        apply(client_of(twins, session, face), receipt, Plate="VOID-1")
    assert refusal.value.message == "We have no record that matches plate."
    detail = refusal.value.detail
    assert detail is not None
    assert detail.findtext(f"{{{NAMESPACE}}}Refusal/{{{NAMESPACE}}}Field") == "Plate"


def test_a_fault_of_1_2_has_its_subcodes_and_its_status(twins: Twins, session: requests.Session) -> None:
    set_manners(twins, fault_code="soap:Client.Data.Missing", fault_text="No.")
    body = f'<e:Envelope xmlns:e="{SOAP_12}"><e:Body><Ping xmlns="{NAMESPACE}"/></e:Body></e:Envelope>'
    answer = post(twins, "v12", body, "application/soap+xml")
    set_manners(twins)
    codes = [each.text for each in etree.fromstring(answer.content).iter(f"{{{SOAP_12}}}Value")]
    assert (answer.status_code, codes) == (400, ["soap:Sender", "tns:Data", "tns:Missing"])


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/soap+xml", 200),
        (f'application/soap+xml; action="{NAMESPACE}:Ping"', 200),
        (f'application/soap+xml; action="{NAMESPACE}:Apply"', 400),
        ("text/xml", 415),
    ],
)
def test_1_2_wants_its_media_type_and_the_right_action(twins: Twins, content_type: str, status: int) -> None:
    body = f'<e:Envelope xmlns:e="{SOAP_12}"><e:Body><Ping xmlns="{NAMESPACE}"/></e:Body></e:Envelope>'
    assert post(twins, "v12", body, content_type).status_code == status


def test_the_parts_of_an_rpc_message_have_no_namespace(twins: Twins, receipt: str) -> None:
    envelope = '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>{}</e:Body></e:Envelope>'
    find = f'<t:FindByReceipt xmlns:t="{NAMESPACE}"><{{0}}ReceiptNo>{receipt}</{{0}}ReceiptNo></t:FindByReceipt>'
    answers = [post(twins, "rpc", envelope.format(find.format(prefix))) for prefix in ("", "t:")]
    assert [answer.status_code for answer in answers] == [200, 500]
    wrapper = etree.fromstring(answers[0].content)[0][0]
    assert [element.tag for element in (wrapper, wrapper[0], wrapper[0][0])] == [
        f"{{{NAMESPACE}}}FindByReceiptResponse", "Answer", f"{{{NAMESPACE}}}Found",
    ]  # fmt: skip


def test_the_types_lie_in_documents_of_their_own(twins: Twins) -> None:
    wsdl = twins.get("td-soap/imported/service", wsdl="").text
    types, common = (twins.get(f"td-soap/imported/{name}.xsd").text for name in ("types", "common"))
    assert ('schemaLocation="types.xsd"' in wsdl, "complexType" in wsdl) == (True, False)
    assert ('schemaLocation="common.xsd"' in types, 'name="Submission"' in common) == (True, True)


def test_the_documents_can_be_read_while_calls_hang(twins: Twins) -> None:
    twins.set_mode("td-soap", "hang")
    assert twins.get("td-soap/imported/types.xsd").status_code == 200


@pytest.mark.parametrize("face", OPEN_FACES)
def test_an_error_is_a_fault_of_the_faces_own_version(twins: Twins, session: requests.Session, face: str) -> None:
    client = client_of(twins, session, face)
    twins.set_mode("td-soap", "error")
    with pytest.raises(Fault, match="Internal error"):
        client.service.Ping()


@pytest.mark.parametrize("use_digest", [True, False])
def test_a_standard_clients_token_is_accepted_once(
    twins: Twins, session: requests.Session, receipt: str, use_digest: bool
) -> None:
    token = UsernameToken(
        "ferry", "ferry-twin", use_digest=use_digest, nonce="once-" + receipt, created=datetime.now(UTC)
    )
    client = client_of(twins, session, "token", wsse=token)
    if not use_digest:  # this client leaves nonce and time out of a token with a plain password
        with pytest.raises(Fault, match="not of now"):
            client.service.Ping()
        return
    assert client.service.Ping() == "up"
    with pytest.raises(Fault, match="used before"):
        client.service.Ping()


@pytest.mark.parametrize(("face", "why"), [("token", "UsernameToken is missing."), ("signed", "Signature is missing.")])
def test_a_guarded_door_is_closed_to_whoever_brings_nothing(
    twins: Twins, session: requests.Session, receipt: str, face: str, why: str
) -> None:
    with pytest.raises(Fault) as refusal:
        apply(client_of(twins, session, face), receipt)
    assert (refusal.value.code, refusal.value.message) == ("wsse:InvalidSecurity", why)
    assert twins.effects("td-soap", receipt) == []


@pytest.mark.parametrize(
    "header",
    [
        "<w:UsernameToken/>",
        "<w:UsernameToken><w:Username>ferry</w:Username></w:UsernameToken>",
        "<w:UsernameToken/><w:UsernameToken/>",
        '<w:BinarySecurityToken>!</w:BinarySecurityToken><d:Signature xmlns:d="http://www.w3.org/2000/09/xmldsig#"/>',
    ],
)
@pytest.mark.parametrize("face", ["token", "signed"])
def test_half_a_security_header_is_a_fault(twins: Twins, face: str, header: str) -> None:
    wsse = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
    body = f"""<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header>
    <w:Security xmlns:w="{wsse}">{header}</w:Security></e:Header><e:Body/></e:Envelope>"""
    answer = post(twins, face, body)
    assert (answer.status_code, "<faultcode>wsse:" in answer.text) == (500, True)


def test_the_manners_are_shown_with_all_faces(twins: Twins) -> None:
    shown = twins.get("_twins/td-soap/soap").json()
    assert shown["faces"]["rpc"] == twins.address("td-soap/rpc/service?wsdl")
    assert shown["own_certificate"].startswith("-----BEGIN CERTIFICATE")


@pytest.mark.parametrize(
    "wrong",
    [
        {"harm": "all"},
        {"fault": "x"},
        {"fault_code": 7},
        {"fault_status": 99},
        {"certificate": "none"},
        {"nonces": "x"},
        {"fault_text": "x" * 20_001},
        [],
    ],
)
def test_manners_that_are_none_are_refused(twins: Twins, wrong: Any) -> None:
    address = twins.address("_twins/td-soap/soap")
    assert requests.post(address, json=wrong, timeout=TIMEOUT_SECONDS).status_code == 400


@pytest.mark.parametrize("path", ["_twins/td-rest/soap", "_twins/nobody/soap", "td-soap/v13/service?wsdl"])
def test_where_there_is_nothing_it_is_said(twins: Twins, path: str) -> None:
    assert twins.get(path).status_code == 404
