from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pypdf import PdfReader

from services.gateway.models import ServiceCall
from services.registry.models import ServiceFunction
from tests.portal.web.doing.conftest import PNG, finish, made, send


def paper(client: Client, call: ServiceCall, language: str = "en") -> PdfReader:
    answer = client.get(f"/{language}/calls/{call.receipt}/receipt.pdf")
    assert answer["Content-Type"] == "application/pdf"
    return PdfReader(BytesIO(answer.content))


def text_of(reader: PdfReader) -> str:
    return "\n".join(page.extract_text() for page in reader.pages)


def test_it_has_number_time_fingerprint_department_and_all_that_was_sent(
    signed_in: Client, function: ServiceFunction
) -> None:
    call = send(signed_in, function, photo=SimpleUploadedFile("me.png", PNG))
    said = text_of(paper(signed_in, call))
    assert call.receipt in said
    assert f"{call.accepted_at.astimezone():%Y}" in said
    assert call.sent_sha256 in said.replace(" ", "").replace("\n", "")
    for words in (function.department.name_en, "AB1234", "A123456(3)", "+852 9123 4567", "me.png", "Mark", "Months"):
        assert words in said


def test_it_has_the_answer_once_there_is_one(signed_in: Client, function: ServiceFunction) -> None:
    call = send(signed_in, function)
    assert "The department's answer" not in text_of(paper(signed_in, call))
    finish(call, "completed", case_number="TD-2026-0000001")
    assert "TD-2026-0000001" in text_of(paper(signed_in, call))


@pytest.mark.parametrize(("language", "words"), [("zh-hant", "續領"), ("zh-hans", "续领")])
def test_it_speaks_chinese(signed_in: Client, function: ServiceFunction, language: str, words: str) -> None:
    call = send(signed_in, function)
    reader = paper(signed_in, call, language)
    assert words in text_of(reader)
    assert not any("/FontFile" in str(font) for font in reader.pages[0]["/Resources"]["/Font"].values())  # type: ignore[index]


@pytest.mark.parametrize(
    "words", ["陳大文", "𨋢壞咗", "简体字", "<b>&amp;", "naïve – “quoted”", "🚢", "長" * 200, "x" * 200]
)
def test_it_prints_whatever_a_person_writes(signed_in: Client, words: str) -> None:
    function = made("topic:text", action="enquire")
    call = send(signed_in, function, topic=words)
    said = text_of(paper(signed_in, call)).replace("\n", "")
    assert words in said or "🚢" in words


@pytest.mark.parametrize("remarks", ["a line\n" * 300, "word " * 790, "長" * 3900, "x" * 3900])
def test_a_long_answer_goes_on_to_the_next_page(signed_in: Client, remarks: str) -> None:
    function = made("remarks:longtext", action="enquire")
    call = send(signed_in, function, remarks=remarks)
    said = text_of(paper(signed_in, call))
    assert len(paper(signed_in, call).pages) > 1
    assert said.replace("\n", "").replace(" ", "").count(remarks[0]) >= remarks.count(remarks[0])
