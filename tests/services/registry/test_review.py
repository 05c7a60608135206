"""From draft to publication: what each verb does, who may, and that nobody decides on their own work."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from pytest_django import DjangoCaptureOnCommitCallbacks

from identity.accounts.models import User
from services.registry import content, errors, flows, publication
from services.registry.models import Change, Department, FunctionVersion, ServiceFunction
from tests.factories import (
    BackendFactory,
    DepartmentFactory,
    FunctionVersionFactory,
    Maker,
    OfficerFactory,
    OperatorFactory,
    ServiceFunctionFactory,
    UserFactory,
    version_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def department() -> Department:
    return DepartmentFactory()


@pytest.fixture
def officer(department: Department) -> User:
    return OfficerFactory(department=department)


@pytest.fixture
def approver(department: Department) -> User:
    return OfficerFactory(department=department)


@pytest.fixture
def function(department: Department) -> ServiceFunction:
    return ServiceFunctionFactory(department=department)


@pytest.fixture
def in_review(function: ServiceFunction, officer: User) -> FunctionVersion:
    draft = flows.start_draft(function, by=officer)
    flows.save_draft(draft, {"summary_en": "Do it in one visit."}, by=officer)
    return flows.submit(draft, by=officer)


def values_for(department: Department, **changed: Any) -> dict[str, Any]:
    """What an officer fills in for a new function."""
    backend = department.backends.first() or BackendFactory(department=department)
    function = ServiceFunction(code="new", department=department)
    whole = content.of(FunctionVersionFactory.build(function=function, number=1, backend=backend))
    return {name: value for name, value in whole.items() if not name.endswith("_zh_hans")} | changed


def test_a_new_function_is_seen_by_nobody_and_has_a_first_draft(department: Department, officer: User) -> None:
    draft = flows.create_function(by=officer, department=department, code="new", values=values_for(department))
    assert (draft.number, draft.state, draft.created_by) == (1, "draft", officer)
    assert not ServiceFunction.objects.public().filter(code="new").exists()


def test_simplified_chinese_is_made_where_it_is_left_empty(department: Department, officer: User) -> None:
    draft = flows.create_function(
        by=officer,
        department=department,
        code="new",
        values=values_for(department, name_zh_hant="續領車輛牌照", summary_zh_hant="網上遞交"),
    )
    assert (draft.name_zh_hans, draft.summary_zh_hans) == ("续领车辆牌照", "网上提交")


def test_a_code_is_taken_only_once(function: ServiceFunction, department: Department, officer: User) -> None:
    with pytest.raises(errors.CodeTaken):
        flows.create_function(by=officer, department=department, code=function.code, values=values_for(department))


def test_another_departments_backend_cannot_be_used(department: Department, officer: User) -> None:
    values = values_for(department, backend=BackendFactory())
    with pytest.raises(errors.NotAllowed):
        flows.create_function(by=officer, department=department, code="new", values=values)


def test_an_approved_version_is_what_citizens_find(
    in_review: FunctionVersion, approver: User, function: ServiceFunction
) -> None:
    flows.approve(in_review, by=approver)
    function.refresh_from_db()
    assert function.published == in_review
    assert function.published.summary_en == "Do it in one visit."


def test_approval_is_told_after_the_commit(
    in_review: FunctionVersion,
    approver: User,
    function: ServiceFunction,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    heard: list[list[int]] = []
    publication.on_published(heard.append)
    try:
        with django_capture_on_commit_callbacks() as callbacks:
            flows.approve(in_review, by=approver)
        assert heard == []
        callbacks[0]()
    finally:
        publication._callbacks.remove(heard.append)
    assert heard == [[function.pk]]


def test_the_version_before_stays_as_it_was(
    in_review: FunctionVersion, approver: User, function: ServiceFunction
) -> None:
    before = FunctionVersion.objects.get(function=function, number=1)
    flows.approve(in_review, by=approver)
    assert FunctionVersion.objects.get(pk=before.pk).summary_en == before.summary_en


@pytest.mark.parametrize("stranger", [UserFactory, OfficerFactory, OperatorFactory])
@pytest.mark.parametrize("verb", [flows.approve, flows.withdraw])
def test_only_officers_of_the_department_decide(
    in_review: FunctionVersion, stranger: Maker[User], verb: Callable[..., object]
) -> None:
    with pytest.raises(errors.NotAllowed):
        verb(in_review, by=stranger())


def test_an_officer_who_left_decides_no_more(in_review: FunctionVersion, approver: User) -> None:
    approver.is_active = False
    approver.save()
    with pytest.raises(errors.NotAllowed):
        flows.approve(in_review, by=approver)


def test_its_author_cannot_approve(in_review: FunctionVersion, officer: User) -> None:
    with pytest.raises(errors.FourEyes):
        flows.approve(in_review, by=officer)


def test_its_author_cannot_approve_what_another_sent(function: ServiceFunction, officer: User, approver: User) -> None:
    draft = flows.start_draft(function, by=officer)
    flows.submit(draft, by=approver)
    with pytest.raises(errors.FourEyes):
        flows.approve(draft, by=officer)


def test_its_sender_cannot_approve_what_another_wrote(function: ServiceFunction, officer: User, approver: User) -> None:
    draft = flows.start_draft(function, by=officer)
    flows.submit(draft, by=approver)
    with pytest.raises(errors.FourEyes):
        flows.approve(draft, by=approver)


@pytest.mark.parametrize("state", ["approved", "refused"])
def test_the_database_refuses_a_review_by_the_sender(in_review: FunctionVersion, officer: User, state: str) -> None:
    with pytest.raises(IntegrityError, match="version_four_eyes"), transaction.atomic():
        FunctionVersion.objects.filter(pk=in_review.pk).update(state=state, reviewed_by=officer)


def test_the_database_refuses_approval_by_the_author(in_review: FunctionVersion, officer: User, approver: User) -> None:
    with pytest.raises(IntegrityError, match="version_not_approved_by_its_author"), transaction.atomic():
        FunctionVersion.objects.filter(pk=in_review.pk).update(
            state="approved", submitted_by=approver, reviewed_by=officer
        )


def test_a_version_is_approved_once(in_review: FunctionVersion, approver: User) -> None:
    flows.approve(in_review, by=approver)
    with pytest.raises(errors.NotOpen):
        flows.approve(in_review, by=approver)


def test_a_draft_cannot_be_approved(function: ServiceFunction, officer: User, approver: User) -> None:
    draft = flows.start_draft(function, by=officer)
    with pytest.raises(errors.NotOpen):
        flows.approve(draft, by=approver)


def test_a_version_in_review_cannot_be_changed(in_review: FunctionVersion, officer: User) -> None:
    with pytest.raises(errors.NotOpen):
        flows.save_draft(in_review, {"summary_en": "Something else"}, by=officer)


def test_a_withdrawn_version_can_be_changed_again(in_review: FunctionVersion, officer: User) -> None:
    flows.withdraw(in_review, by=officer)
    assert flows.save_draft(in_review, {"summary_en": "Better"}, by=officer).summary_en == "Better"


def test_what_is_missing_is_named(function: ServiceFunction, officer: User) -> None:
    draft = flows.start_draft(function, by=officer)
    flows.save_draft(draft, {"summary_en": "", "audience": [], "answer_map": [], "form": {"type": "array"}}, by=officer)
    with pytest.raises(errors.Incomplete) as caught:
        flows.submit(draft, by=officer)
    assert len(caught.value.missing) == 4
    assert any("English" in thing for thing in caught.value.missing)


def test_a_request_that_cannot_be_sent_is_not_submitted(function: ServiceFunction, officer: User) -> None:
    draft = flows.start_draft(function, by=officer)
    flows.save_draft(draft, {"request_map": {"method": "FETCH", "path": "v1/x"}}, by=officer)
    with pytest.raises(errors.Incomplete, match="/method"):
        flows.submit(draft, by=officer)


def test_a_version_sent_back_keeps_the_reason_and_the_next_draft_begins_with_it(
    in_review: FunctionVersion, officer: User, approver: User, function: ServiceFunction
) -> None:
    refused = flows.refuse(in_review, by=approver, note="Say which documents are needed.")
    assert (refused.state, refused.review_note) == ("refused", "Say which documents are needed.")
    assert flows.start_draft(function, by=officer).summary_en == "Do it in one visit."


def test_a_version_is_sent_back_only_with_a_reason(in_review: FunctionVersion, approver: User) -> None:
    with pytest.raises(errors.Incomplete):
        flows.refuse(in_review, by=approver, note="  ")


def test_its_sender_does_not_send_it_back(in_review: FunctionVersion, officer: User) -> None:
    with pytest.raises(errors.FourEyes):
        flows.refuse(in_review, by=officer, note="I changed my mind.")


def test_starting_twice_gives_the_same_draft(function: ServiceFunction, officer: User, approver: User) -> None:
    assert flows.start_draft(function, by=officer) == flows.start_draft(function, by=approver)


def test_no_second_version_is_opened_beside_one_in_review(
    in_review: FunctionVersion, function: ServiceFunction, officer: User
) -> None:
    with pytest.raises(errors.NotOpen):
        flows.start_draft(function, by=officer)


def test_the_database_refuses_two_open_versions(in_review: FunctionVersion, function: ServiceFunction) -> None:
    with pytest.raises(IntegrityError, match="version_one_open_at_most"), transaction.atomic():
        FunctionVersionFactory(function=function)


def test_an_older_version_is_brought_back_through_review(
    in_review: FunctionVersion, officer: User, approver: User, function: ServiceFunction
) -> None:
    first = FunctionVersion.objects.get(function=function, number=1)
    flows.approve(in_review, by=approver)
    copy = flows.bring_back(first, by=officer)
    flows.approve(flows.submit(copy, by=officer), by=approver)
    function.refresh_from_db()
    assert (version_of(function).number, version_of(function).summary_en) == (3, first.summary_en)


def test_an_unknown_field_of_a_draft_is_a_mistake_in_our_code(function: ServiceFunction, officer: User) -> None:
    with pytest.raises(ValueError, match="state"):
        flows.save_draft(flows.start_draft(function, by=officer), {"state": "approved"}, by=officer)


def test_every_step_says_who_what_and_when(
    in_review: FunctionVersion, officer: User, approver: User, function: ServiceFunction
) -> None:
    flows.approve(in_review, by=approver)
    steps = list(Change.objects.filter(function=function).order_by("pk").values_list("verb", "actor"))
    assert steps == [
        ("version.started", officer.pk),
        ("version.changed", officer.pk),
        ("version.submitted", officer.pk),
        ("version.approved", approver.pk),
    ]


def test_a_change_says_what_stood_before_and_after(in_review: FunctionVersion, function: ServiceFunction) -> None:
    change = Change.objects.get(function=function, verb="version.changed")
    assert change.details == {
        "changed": {"summary_en": ["Send your form and follow it to the decision.", "Do it in one visit."]}
    }


def test_saving_what_stands_there_already_is_no_change(function: ServiceFunction, officer: User) -> None:
    draft = flows.start_draft(function, by=officer)
    flows.save_draft(draft, {"summary_en": draft.summary_en}, by=officer)
    assert not Change.objects.filter(verb="version.changed").exists()


def test_the_order_of_questions_is_kept(function: ServiceFunction, officer: User) -> None:
    draft = flows.start_draft(function, by=officer)
    properties = {name: draft.form["properties"]["topic"] for name in ("zebra", "ant", "mole")}
    flows.save_draft(draft, {"form": {**draft.form, "properties": properties}}, by=officer)
    draft.refresh_from_db()
    assert list(draft.form["properties"]) == ["zebra", "ant", "mole"]
