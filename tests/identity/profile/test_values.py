from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError

from identity.profile import flows
from identity.profile.errors import Unusable
from identity.profile.models import ProfileField
from identity.profile.values import check, masked_account
from tests.factories import UserFactory

GOOD: dict[str, Any] = {
    "name_en": "CHAN Tai Man",
    "name_zh": "陳大文",
    "hkid": "WX123456(9)",
    "travel_document": {"country": "GBR", "number": "123456789"},
    "date_of_birth": "1988-06-15",
    "sex": "F",
    "phone": "+85291234567",
    "email": "chan@example.hk",
    "residential_address": {"line_1": "1 Pier Road", "line_2": "Peng Chau", "district": "islands"},
    "address": {"line_1": "1 Pier Road", "district": "islands"},
    "bank_account": {"bank": "004", "account": "123456789"},
}
BAD: list[tuple[str, Any]] = [
    ("name_en", ""), ("name_en", "x" * 201), ("name_en", "CHAN\0"), ("name_zh", ["陳"]), ("hkid", "A123456(4)"),
    ("travel_document", {"country": "GBR"}), ("travel_document", "123456789"), ("date_of_birth", "1988-02-30"),
    ("sex", "female"), ("phone", "9123 4567"), ("email", "chan"), ("address", {"line_1": "1 Pier Road"}),
    ("address", {"line_1": "1", "district": "islands", "more": "x"}), ("bank_account", {"bank": "4", "account": "1"}),
    ("bank_account", {"bank": "004", "account": 123456789}), ("unheard_of", "x"), ("phone", None),
]  # fmt: skip


def test_every_field_has_its_values(db: None) -> None:
    person = UserFactory()
    for name, value in GOOD.items():
        flows.store(person, name, value, source="immd", checked_on=date(2026, 1, 1))
    assert {name: field.value for name, field in flows.read(person).items()} == GOOD
    assert GOOD.keys() == set(ProfileField.Name.values)


@pytest.mark.parametrize(("name", "value"), BAD)
def test_what_is_no_value_of_a_field_is_refused(name: str, value: Any) -> None:
    with pytest.raises(Unusable):
        check(name, value)


def test_an_authority_vouches_by_its_usual_law_unless_another_is_named(db: None) -> None:
    person = UserFactory()
    day = date(2026, 1, 1)
    assert flows.store(person, "name_en", "CHAN Tai Man", source="immd", checked_on=day).law == "cap177"
    document = GOOD["travel_document"]
    assert flows.store(person, "travel_document", document, source="immd", checked_on=day, law="cap115").law == "cap115"
    assert flows.store(person, "phone", "+85291234567", source="person", checked_on=day).law == ""


@pytest.mark.parametrize(("source", "law"), [("immd", ""), ("person", "cap177")])
def test_the_database_knows_that_only_an_authority_has_a_law(db: None, source: str, law: str) -> None:
    day = date(2026, 1, 1)
    with pytest.raises(IntegrityError):
        ProfileField.objects.create(
            person=UserFactory(), name="phone", value="+85291234567", source=source, law=law, checked_on=day
        )


@pytest.mark.parametrize("name", ["hkid", "date_of_birth", "sex"])
def test_nobody_declares_their_own_identity(db: None, name: str) -> None:
    with pytest.raises(IntegrityError):
        flows.store(UserFactory(), name, GOOD[name], source="person", checked_on=date(2026, 1, 1))


def test_a_bank_account_shows_only_its_end() -> None:
    assert masked_account({"bank": "004", "account": "123456789"}) == "004 ••••6789"
