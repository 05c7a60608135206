"""The signatures of webhooks, against the specification's own example."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.gateway.webhook_signature import is_genuine, keys_of, sign

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE = {
    "message_id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "timestamp": "1614265330",
    "signatures": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    "body": b'{"test": 2432232314}',
}
THEN = datetime.fromtimestamp(1614265330, UTC)


def check(keys: str = SECRET, now: datetime = THEN, **changed: Any) -> bool:
    return is_genuine(keys_of(keys), now=now, **{**MESSAGE, **changed})


def test_the_example_of_the_specification_is_genuine() -> None:
    assert check()


def test_we_sign_as_the_specification_does() -> None:
    (key,) = keys_of(SECRET)
    assert sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, MESSAGE["body"]) == MESSAGE["signatures"]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changed",
    [{"message_id": "msg_other"}, {"timestamp": "1614265331"}, {"body": b'{"test": 2432232315}'}, {"body": b""},
     {"signatures": ""}, {"signatures": "v1,"}, {"signatures": "v1,AAAA"}, {"message_id": ""}, {"message_id": "é"},
     {"message_id": "x" * 256}, {"timestamp": ""}, {"timestamp": "soon"}, {"timestamp": "-1"}, {"timestamp": "٣"},
     {"signatures": "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
     {"signatures": "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}, {"signatures": "v1,\ud800"}],
)  # fmt: skip
def test_whatever_is_changed_it_is_no_longer_genuine(changed: dict[str, Any]) -> None:
    assert not check(**changed)


@pytest.mark.parametrize(("seconds", "genuine"), [(299, True), (-299, True), (301, False), (-301, False)])
def test_a_message_is_good_for_five_minutes_either_way(seconds: int, genuine: bool) -> None:
    assert check(now=THEN + timedelta(seconds=seconds)) is genuine


def test_one_good_signature_among_others_is_enough() -> None:
    assert check(signatures=f"v2,zzz v1,AAAA {MESSAGE['signatures']!s}")


def test_of_a_flood_of_signatures_only_the_first_few_are_looked_at() -> None:
    assert not check(signatures=f"{'v1,AAAA ' * 10}{MESSAGE['signatures']!s}")


def test_while_a_secret_is_changed_the_old_one_still_counts() -> None:
    fresh = f"whsec_{base64.b64encode(b'x' * 32).decode()}"
    assert check(keys=f"{fresh} {SECRET}")
    assert not check(keys=fresh)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_c2hvcnQ=", "not base64 at all!", "whsec_" + "A" * 200])
def test_a_secret_that_is_none_lets_nobody_in(secret: str) -> None:
    assert keys_of(secret) == []
    assert not check(keys=secret)
