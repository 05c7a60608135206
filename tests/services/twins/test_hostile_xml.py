from pathlib import Path

import pytest
import requests

from tests.services.twins.running import TIMEOUT_SECONDS, Twins

ENVELOPE = """<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>{}</soap:Body>
</soap:Envelope>"""
FIND = '<FindByReceipt xmlns="urn:ferry:twin:td-soap"><ReceiptNo>{}</ReceiptNo></FindByReceipt>'
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))


def post(twins: Twins, body: str | bytes) -> requests.Response:
    data = body.encode() if isinstance(body, str) else body
    headers = {"Content-Type": "text/xml; charset=utf-8"}
    return requests.post(twins.address("td-soap/service"), data=data, headers=headers, timeout=TIMEOUT_SECONDS)


def test_an_outside_entity_is_not_read(twins: Twins, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the-secret")
    doctype = f'<!DOCTYPE x [<!ENTITY file SYSTEM "{secret.as_uri()}">]>'
    answer = post(twins, doctype + ENVELOPE.format(FIND.format("&file;")))
    assert (answer.status_code, "the-secret" in answer.text) == (400, False)


def test_a_billion_laughs_are_refused(twins: Twins) -> None:
    answer = post(twins, f'<!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]>' + ENVELOPE.format(FIND.format("&l11;")))
    assert answer.status_code == 400
    assert twins.get("td-rest/health").elapsed.total_seconds() < 2


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-16-le", "cp037", "utf-7"])
def test_a_document_type_does_not_hide_in_another_encoding(twins: Twins, encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE x []>' + ENVELOPE.format(FIND.format("R-1"))
    answer = post(twins, text.encode(encoding))
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        "",
        "not xml",
        "<a><b></a>",
        ENVELOPE.format(FIND.format("&undeclared;")),
        b"\xff\xfe\x00",
        "<d>" * 50_000,
        "<html/>",
        '<Envelope xmlns="http://www.w3.org/2003/05/soap-envelope"/>',
    ],
)
def test_what_is_not_an_envelope_is_a_400(twins: Twins, body: str | bytes) -> None:
    assert post(twins, body).status_code == 400


@pytest.mark.parametrize(
    "operation",
    [
        "",
        '<Ping xmlns="urn:somebody:else"/>',
        '<Ping xmlns="urn:ferry:twin:td-soap"/><Ping xmlns="urn:ferry:twin:td-soap"/>',
        '<Sink xmlns="urn:ferry:twin:td-soap"><ReceiptNo>R-1</ReceiptNo></Sink>',
        FIND.format(""),
        FIND.format("two words"),
    ],
)
def test_an_envelope_without_a_usable_operation_is_a_client_fault(twins: Twins, operation: str) -> None:
    answer = post(twins, ENVELOPE.format(operation))
    assert answer.status_code == 500
    assert "<faultcode>soap:Client</faultcode>" in answer.text


def test_comments_do_not_cut_a_value_short(twins: Twins, receipt: str) -> None:
    broken = f"{receipt[:4]}<!-- a remark -->{receipt[4:]}"
    renewal = f"""<Renew xmlns="urn:ferry:twin:td-soap"><ReceiptNo>{broken}</ReceiptNo>
    <ServiceCode>td-unheard-of</ServiceCode><Fields/></Renew>"""
    assert f"<ReceiptNo>{receipt}</ReceiptNo>" in post(twins, ENVELOPE.format(renewal)).text
    assert twins.effects("td-soap", receipt) == ["filed"]


def test_a_document_type_written_by_a_person_is_only_text(twins: Twins, receipt: str) -> None:
    field = "<Fields><Item><Name>Remarks</Name><Value>&lt;!DOCTYPE html&gt;</Value></Item></Fields>"
    renewal = f"""<Renew xmlns="urn:ferry:twin:td-soap"><ReceiptNo>{receipt}</ReceiptNo>
    <ServiceCode>td-unheard-of</ServiceCode>{field}</Renew>"""
    assert "ACCEPTED" in post(twins, ENVELOPE.format(renewal)).text
