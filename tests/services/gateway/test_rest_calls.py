"""A citizen's call from the form to the department's ledger, with an upload and a value in the path."""

import hashlib
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from services.forms import files
from services.forms.errors import Invalid
from services.gateway import flows
from services.gateway.models import ServiceCall
from services.registry.models import Backend, ServiceFunction
from tests.factories import ServiceFunctionFactory, form_for
from tests.services.gateway import delivering
from tests.services.twins.running import Twins

pytestmark = pytest.mark.django_db(transaction=True)

CALLER = "session:test"
PDF = b"%PDF-1.4\n\x00\xff\r\n%%EOF"
REQUEST = {
    "path": "v1/td-note/{mark}",
    "path_values": {"mark": "=form.mark"},
    "encode": "multipart",
    "body": {"receiptNo": "=receipt"},
    "files": {"copy": "=form.copy"},
}


@pytest.fixture
def function(backend: Callable[..., Backend]) -> ServiceFunction:
    to = backend()
    return ServiceFunctionFactory(
        department=to.department,
        version__backend=to,
        version__assurance="none",
        version__form=form_for("mark:text;copy:file", assurance="none"),
        version__request_map=REQUEST,
    )


def submit(function: ServiceFunction, **form: Any) -> ServiceCall:
    about = function.published
    assert about is not None
    answers = {name: "x@example.hk" if name == "email" else "91234567" for name in about.form["properties"]}
    call, _ = flows.submit(
        function, answers | form, person=None, caller=CALLER, idempotency_key=uuid4().hex, language="en"
    )
    return call


def test_an_upload_reaches_the_department_as_the_citizen_sent_it(function: ServiceFunction, twins: Twins) -> None:
    upload = files.store(SimpleUploadedFile("車輛登記.pdf", PDF), caller=CALLER)
    call = submit(function, mark="AB 12/../34", copy=str(upload.pk))
    delivering.deliver(call.pk)
    call.refresh_from_db()
    (entry,) = twins.get("_twins/td-rest/ledger", receipt=call.receipt).json()["entries"]
    (sent,) = json.loads(entry["body"])["files"]
    assert (call.status, sent["sha256"]) == ("completed", hashlib.sha256(PDF).hexdigest())
    assert (sent["part"], sent["name"], sent["type"]) == ("copy", "車輛登記.pdf", "application/pdf")
    assert len(call.attempts.get().sent_sha256) == 64


def test_what_cannot_stand_in_a_path_is_asked_for_again_and_nothing_is_accepted(function: ServiceFunction) -> None:
    upload = files.store(SimpleUploadedFile("a.pdf", PDF), caller=CALLER)
    with pytest.raises(Invalid) as refused:
        submit(function, mark="..", copy=str(upload.pk))
    assert [(each.pointer, each.name) for each in refused.value.errors] == [("/mark", "mark")]
    assert not ServiceCall.objects.exists()
