import hashlib

from hypothesis import given
from hypothesis import strategies as st

from identity.upstream.wire.codes import identification_code
from services.twins.identity_wire import digits


def test_the_four_digits_follow_the_documented_formula() -> None:
    document, person = hashlib.sha256(b"a document").digest(), "an-open-id"
    inner = hashlib.sha512(document + hashlib.sha256(b"an-open-id").digest()).digest()
    mixed = hashlib.md5(inner, usedforsecurity=False).digest()
    assert identification_code(document, person) == "".join(str((mixed[place] >> 4) % 10) for place in (0, 4, 8, 12))


@given(st.binary(min_size=32, max_size=32), st.text(min_size=1, max_size=64))
def test_both_sides_compute_the_same_digits(document: bytes, person: str) -> None:
    assert identification_code(document, person) == digits(document, person)


def test_another_document_or_person_shows_other_digits() -> None:
    shown = {identification_code(hashlib.sha256(str(each).encode()).digest(), "p") for each in range(40)}
    assert len(shown) > 30
    assert identification_code(bytes(32), "p") != identification_code(bytes(32), "q")
