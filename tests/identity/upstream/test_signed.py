from datetime import UTC, datetime, timedelta

import pytest

from identity.upstream.wire import signed

NOW = datetime(2026, 3, 3, 6, 30, tzinfo=UTC)
WHO = {"client_id": "ferry", "secret": "a secret of both"}
BODY = b'{"content":"..."}'


def test_the_signature_is_that_of_the_documented_text() -> None:
    """HMAC-SHA256("key", "fHmacSHA256" + "1" + "n" + "b"), computed by openssl."""
    made = signed.signature(b"b", client_id="f", secret="key", timestamp="1", nonce="n")
    assert made == "TThGBCYv3sxTiGMr3hodJ%2BcRQyj5Xo%2B26h%2B0VsVmoHk%3D"


def test_a_request_of_now_is_genuine() -> None:
    headers = signed.headers(BODY, now=NOW, **WHO)
    assert signed.check(headers, BODY, now=NOW, **WHO) == headers["nonce"]


def test_two_requests_never_share_a_nonce() -> None:
    assert len({signed.headers(BODY, now=NOW, **WHO)["nonce"] for _ in range(50)}) == 50


@pytest.mark.parametrize("part", ["clientID", "signatureMethod", "timestamp", "nonce", "signature"])
def test_a_change_of_any_header_is_noticed(part: str) -> None:
    headers = signed.headers(BODY, now=NOW, **WHO)
    changed = headers | {part: headers[part][:-1] + ("1" if headers[part][-1] != "1" else "2")}
    with pytest.raises(signed.Forged):
        signed.check(changed, BODY, now=NOW, **WHO)


@pytest.mark.parametrize("part", ["clientID", "signatureMethod", "timestamp", "nonce", "signature"])
def test_a_request_without_one_of_the_headers_is_forged(part: str) -> None:
    headers = signed.headers(BODY, now=NOW, **WHO)
    del headers[part]
    with pytest.raises(signed.Forged):
        signed.check(headers, BODY, now=NOW, **WHO)


def test_a_change_of_the_body_is_noticed() -> None:
    headers = signed.headers(BODY, now=NOW, **WHO)
    with pytest.raises(signed.Forged):
        signed.check(headers, BODY + b" ", now=NOW, **WHO)


def test_another_secret_signs_nothing() -> None:
    headers = signed.headers(BODY, client_id="ferry", secret="another", now=NOW)
    with pytest.raises(signed.Forged):
        signed.check(headers, BODY, now=NOW, **WHO)


@pytest.mark.parametrize("away", [timedelta(minutes=6), timedelta(minutes=-6)])
def test_a_request_of_another_time_is_refused(away: timedelta) -> None:
    headers = signed.headers(BODY, now=NOW + away, **WHO)
    with pytest.raises(signed.OutOfTime):
        signed.check(headers, BODY, now=NOW, **WHO)


@pytest.mark.parametrize(
    "timestamp", ["", "now", "99999999999999999999", "-170000000000", "１７０００００００００００"]
)
def test_a_timestamp_that_is_none_is_forged(timestamp: str) -> None:
    headers = signed.headers(BODY, now=NOW, **WHO) | {"timestamp": timestamp}
    with pytest.raises(signed.Forged):
        signed.check(headers, BODY, now=NOW, **WHO)
