import base64
import json
import os

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from identity.upstream.wire import sealed

KEY = bytes(range(32))
TEXT = st.dictionaries(st.text(max_size=10), st.text(max_size=20) | st.integers() | st.booleans(), max_size=5)


@pytest.fixture(scope="module")
def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@given(TEXT)
def test_what_was_sealed_can_be_opened(document: dict[str, object]) -> None:
    assert sealed.unseal(KEY, sealed.seal(KEY, document)) == document


def test_the_form_is_length_of_the_iv_then_iv_then_ciphertext_with_its_tag() -> None:
    raw = base64.b64decode(sealed.seal(KEY, {"a": 1}))
    assert raw[:4] == b"\x00\x00\x00\x0c"
    assert AESGCM(KEY).decrypt(raw[4:16], raw[16:], None) == b'{"a":1}'


def test_no_iv_is_used_twice() -> None:
    assert len({sealed.seal(KEY, {})[:20] for _ in range(50)}) == 50


def test_a_flip_of_any_bit_is_noticed() -> None:
    raw = base64.b64decode(sealed.seal(KEY, {"a": 1}))
    for place in range(len(raw)):
        changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        with pytest.raises(sealed.Unsealable):
            sealed.unseal(KEY, base64.b64encode(changed).decode())


def test_another_key_opens_nothing() -> None:
    with pytest.raises(sealed.Unsealable):
        sealed.unseal(bytes(32), sealed.seal(KEY, {}))


@pytest.mark.parametrize("content", [None, 7, [], "", "no base64!", "AAAADA==", "A" * (sealed.MOST_BYTES + 4)])
def test_what_is_no_content_is_refused(content: object) -> None:
    with pytest.raises(sealed.Unsealable):
        sealed.unseal(KEY, content)


def test_a_sealed_text_that_is_no_object_is_refused() -> None:
    content = base64.b64encode(b"\0\0\0\x0c" + bytes(12) + AESGCM(KEY).encrypt(bytes(12), b"[]", None)).decode()
    with pytest.raises(sealed.Unsealable):
        sealed.unseal(KEY, content)


@pytest.mark.parametrize("wrapping", sealed.WRAPPINGS)
def test_a_key_can_be_unwrapped_by_each_way_that_a_setting_names(private_key: rsa.RSAPrivateKey, wrapping: str) -> None:
    wrapped = base64.b64encode(private_key.public_key().encrypt(KEY, sealed.WRAPPINGS[wrapping])).decode()
    assert sealed.unwrap(private_key, wrapped, wrapping=wrapping) == KEY


def test_pkcs_1_v1_5_is_not_taken_where_oaep_is_set(private_key: rsa.RSAPrivateKey) -> None:
    wrapped = base64.b64encode(private_key.public_key().encrypt(KEY, padding.PKCS1v15())).decode()
    with pytest.raises(sealed.Unsealable):
        sealed.unwrap(private_key, wrapped, wrapping="OAEP-SHA256")


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_key_of_another_length_is_refused(private_key: rsa.RSAPrivateKey, length: int) -> None:
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    wrapped = base64.b64encode(private_key.public_key().encrypt(os.urandom(length), oaep)).decode()
    with pytest.raises(sealed.Unsealable):
        sealed.unwrap(private_key, wrapped, wrapping="OAEP-SHA256")


def test_a_short_rsa_key_is_refused() -> None:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505
    text = short.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    with pytest.raises(ValueError, match="2048"):
        sealed.load_private_key(text)


def test_content_is_utf_8_json_without_blanks() -> None:
    raw = base64.b64decode(sealed.seal(KEY, {"name": "陳大文"}))
    assert (
        AESGCM(KEY).decrypt(raw[4:16], raw[16:], None)
        == json.dumps({"name": "陳大文"}, ensure_ascii=False, separators=(",", ":")).encode()
    )
