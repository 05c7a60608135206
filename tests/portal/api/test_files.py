from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from rest_framework.test import APIClient

from services.gateway.models import ServiceCall
from tests.factories import ServiceFunctionFactory, UserFactory, form_for
from tests.portal.api.conftest import post_call

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


def send(client: Client, content: bytes, name: str = "photo.png") -> tuple[int, dict[str, Any]]:
    answer = client.post("/api/v1/files/", {"file": SimpleUploadedFile(name, content)}, format="multipart")
    return answer.status_code, answer.json()


def test_a_file_is_known_by_its_bytes(api: Client) -> None:
    status, body = send(api, PNG, "陳大文.exe")
    assert (status, body["type"], body["name"]) == (201, "image/png", "陳大文.exe.png")


@pytest.mark.parametrize(
    ("content", "status"), [(b"MZ\x90", 415), (b"", 415), (PNG + b"0" * settings.FILE_UPLOAD_MAX_BYTES, 413)]
)
def test_a_file_that_cannot_be_taken_says_why(api: Client, content: bytes, status: int) -> None:
    found, body = send(api, content)
    assert (found, body["status"]) == (status, status)


def test_a_file_goes_with_its_form_once_however_often_it_is_sent(api: Client) -> None:
    function = ServiceFunctionFactory(version__form=form_for("photo:file"))
    form = {"photo": send(api, PNG)[1]["id"]}
    receipts = {post_call(api, function.code, form).json()["receipt"] for _ in range(2)}
    assert len(receipts) == 1
    assert ServiceCall.objects.get().payload["files"][form["photo"]]["type"] == "image/png"


def test_a_strangers_file_cannot_be_sent(api: Client) -> None:
    function = ServiceFunctionFactory(version__form=form_for("photo:file"), version__assurance="none")
    form = {"photo": send(api, PNG)[1]["id"]}
    stranger = APIClient()
    stranger.force_login(UserFactory())
    assert post_call(stranger, function.code, form).status_code == 422
