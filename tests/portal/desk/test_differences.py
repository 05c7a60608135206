from portal.desk import differences
from services.registry.models import FunctionVersion
from tests.factories import FunctionVersionFactory, form_for
from tests.portal.desk.conftest import Desk


def versions(desk: Desk, before: str, after: str) -> tuple[FunctionVersion, FunctionVersion]:
    """Two versions that differ in their forms."""
    return (
        FunctionVersionFactory.build(
            function=desk.function, number=1, backend=desk.backend, form=form_for(before, assurance="none")
        ),
        FunctionVersionFactory.build(
            function=desk.function, number=1, backend=desk.backend, form=form_for(after, assurance="none")
        ),
    )


def changed(desk: Desk, before: str, after: str) -> list[tuple[str, str]]:
    found = differences.between(*versions(desk, before, after))
    return [(question.title, question.verb) for question in found.questions]


def test_the_same_is_no_difference(desk: Desk) -> None:
    assert differences.between(*versions(desk, "a:text", "a:text")).is_none


def test_questions_added_and_removed(desk: Desk) -> None:
    assert changed(desk, "a:text;b:text", "a:text;c:date") == [("C", "added"), ("B", "removed")]


def test_another_kind_is_a_change(desk: Desk) -> None:
    assert changed(desk, "a:text", "a:date") == [("A", "changed")]


def test_moving_one_question_does_not_move_the_others(desk: Desk) -> None:
    assert changed(desk, "a:text;b:text;c:text;d:text", "b:text;c:text;d:text;a:text") == [("A", "moved")]


def test_the_mapping_is_compared_by_line(desk: Desk) -> None:
    before, after = versions(desk, "a:text", "a:text;b:text")
    lines = [(line.state, line.text.strip()) for line in differences.between(before, after).request]
    assert ("added", '"b": "=form.b"') in lines
