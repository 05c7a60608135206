from django.test import Client

from services.gateway.models import ServiceCall
from tests.factories import BackendFactory, ServiceFunctionFactory
from tests.portal.api.conftest import post_call


def test_what_the_departments_record_has_no_room_for_is_pointed_at(api: Client) -> None:
    backend = BackendFactory(records=True, department__code="td")
    function = ServiceFunctionFactory(department=backend.department, version__backend=backend)
    answer = post_call(api, function.code, {"topic": "x" * 161})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["pointer"] == "#/topic"
    assert error["detail"] == "Use at most 80 Chinese characters, or 160 English letters."
    assert not ServiceCall.objects.exists()
