"""What the department's system has no room or no letters for is said beside the question, before it is sent."""

from typing import Any

import pytest
from django.test import Client

from services.gateway.models import ServiceCall
from services.registry.models import ServiceFunction
from tests.factories import BackendFactory, ServiceFunctionFactory, form_for
from tests.portal.web.doing.conftest import GOOD, fill_in, hidden, send


@pytest.fixture
def mainframe(db: None) -> ServiceFunction:
    """Asks for the name of a ship; its department keeps it in a field of 160 bytes, in Big5-HKSCS."""
    backend = BackendFactory(records=True, department__code="td")
    form = form_for("ship:text;mark:vehicle_mark", action="renew")
    return ServiceFunctionFactory(
        department=backend.department, version__form=form, version__action="renew", version__backend=backend
    )


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


@pytest.mark.parametrize(
    ("language", "message"),
    [
        ("en", "This system cannot store the character 𠮷: please write it another way."),
        ("zh-hant", "這個系統無法儲存「𠮷」字，請用其他寫法。"),
        ("zh-hans", "该系统无法储存“𠮷”字，请换一种写法。"),
    ],
)
def test_a_character_that_has_no_place_is_named_beside_its_field(
    signed_in: Client, mainframe: ServiceFunction, language: str, message: str
) -> None:
    address = f"/{language}/functions/{mainframe.code}/form/"
    answer = signed_in.post(address, {**hidden(signed_in.get(address)), **GOOD, "ship": "𠮷祥號"})
    page = text_of(answer)
    assert answer.status_code == 422
    assert 'id="field-ship-error"' in page
    assert message in page
    assert 'value="𠮷祥號"' in page


def test_what_is_too_long_says_how_much_fits(signed_in: Client, mainframe: ServiceFunction) -> None:
    page = text_of(fill_in(signed_in, mainframe, ship="船" * 81))
    assert "Use at most 80 Chinese characters, or 160 English letters." in page
    assert not ServiceCall.objects.exists()


def test_what_just_fits_is_sent(signed_in: Client, mainframe: ServiceFunction) -> None:
    send(signed_in, mainframe, ship="船" * 80)
    assert ServiceCall.objects.get().payload["form"]["ship"] == "船" * 80
