import pytest

from services.gateway.models import ServiceCall
from tests.factories import BackendFactory, ServiceFunctionFactory
from tests.portal.desk.conftest import Desk
from tests.services.twins.running import Twins

TRY = "versions/1/try/"


def attempt(desk: Desk, twins: Twins, connector: str = "rest") -> str:
    """The page after pressing the button, the sample answers left as they are."""
    backend = desk.backend
    if connector == "soap":
        backend = BackendFactory(department=desk.department, soap=True)
    address = twins.address(f"{backend.code}/")
    if connector == "fixed-width":
        backend = BackendFactory(department=desk.department, records=True)
        address = twins.records_address
    backend.address, backend.timeout_seconds = address, 1
    backend.save()
    function = ServiceFunctionFactory(department=desk.department, version__backend=backend)
    answer = desk.browser.post(desk.address(TRY, function), {"topic": "bells"})
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("connector", ["rest", "soap", "fixed-width"])
def test_an_answer_is_shown_in_three_languages(desk: Desk, twins: Twins, connector: str) -> None:
    page = attempt(desk, twins, connector)
    assert "It works: the department said yes" in page
    for words in ("The department has your application", "部門已收到你的申請", "部门已收到您的申请"):
        assert words in page


def test_the_request_is_shown_as_it_went_and_its_receipt_says_try(desk: Desk, twins: Twins) -> None:
    page = attempt(desk, twins)
    assert "/td-rest/v1/" in page
    assert "&quot;topic&quot;: &quot;bells&quot;" in page
    assert "&quot;receiptNo&quot;: &quot;TRY-" in page


def test_a_record_is_shown_field_by_field(desk: Desk, twins: Twins) -> None:
    page = attempt(desk, twins, "fixed-width")
    assert "APPL tcp://" in page
    assert "&quot;value&quot;: &quot;bells&quot;" in page
    assert "&quot;case_number&quot;: &quot;TD-" in page


@pytest.mark.parametrize(
    ("connector", "mode", "said"),
    [
        ("rest", "garbage", "The system sent a web page instead of data"),
        ("rest", "error", "The system sent a web page instead of data"),
        ("rest", "down", "No answer came"),
        ("rest", "hang", "No answer came"),
        ("soap", "error", "The system sent a SOAP fault"),
        ("soap", "garbage", "The answer was not understood"),
    ],
)
def test_trouble_is_explained(desk: Desk, twins: Twins, connector: str, mode: str, said: str) -> None:
    twins.set_mode(f"td-{connector}", mode)
    assert said in attempt(desk, twins, connector)


def test_a_try_is_no_call_but_is_remembered(desk: Desk, twins: Twins) -> None:
    attempt(desk, twins)
    assert not ServiceCall.objects.exists()
    assert "tried it against the system" in desk.browser.get("/admin/").content.decode()


def test_what_a_citizen_could_not_send_is_not_sent(desk: Desk) -> None:
    answer = desk.browser.post(desk.address(TRY), {"topic": ""})
    assert answer.status_code == 422
    assert answer.context["tried"] is None


def test_a_system_that_we_do_not_speak_to_yet_cannot_be_tried(desk: Desk) -> None:
    backend = BackendFactory(department=desk.department, connector="telex")
    function = ServiceFunctionFactory(department=desk.department, version__backend=backend)
    page = desk.browser.get(desk.address(TRY, function)).content.decode()
    assert "does not speak this system’s language yet" in page
    assert "Send it now" not in page
