"""A proof stands without us: anybody with the public key sees that nothing was changed, and by whom it was signed."""

import base64
import json
import secrets
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.utils import timezone

from identity import signatures
from scripts.verify_proof import NotProven, verified
from services.gateway import proof, receipts
from services.gateway.errors import NoProofKey
from services.gateway.models import Attempt, HookEvent, ServiceCall
from tests.factories import ServiceFunctionFactory, version_of

pytestmark = pytest.mark.django_db
VERIFIER = Path(__file__).resolve().parents[3] / "scripts" / "verify_proof.py"
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
WORDS = {"en": "An officer has begun.", "zh-hant": "職員已開始處理。", "zh-hans": "工作人员已开始处理。"}


@pytest.fixture
def call() -> ServiceCall:
    """Tried twice, told of progress, completed."""
    function = ServiceFunctionFactory(version__assurance="none")
    version, receipt, now = version_of(function), receipts.new(), timezone.now()
    payload = {"form": {"topic": "泊車"}, "files": {}}
    rules = [number for number, rule in enumerate(version.answer_map) if rule["outcome"] == "completed"]
    call = ServiceCall.objects.create(
        receipt=receipt, function=function, version=version, backend=version.backend, caller="session:a",
        idempotency_key="k", payload=payload, sent_sha256=receipts.fingerprint(receipt, function.code, payload),
        status="completed", finished_at=now, answer={"rule": rules[0], "values": {"case_number": "TD-1"}},
    )  # fmt: skip
    for number, outcome in enumerate(["unreached", "answered"], 1):
        Attempt.objects.create(
            call=call, backend=call.backend, number=number, started_at=now, duration_ms=40, outcome=outcome,
            sent_sha256="a" * 64, received_sha256="b" * 64 if outcome == "answered" else "",
        )  # fmt: skip
    HookEvent.objects.create(backend=call.backend, event_id="1", call=call, outcome="progress", words=WORDS)
    return call


def signed(call: ServiceCall) -> dict[str, str]:
    return proof.prove(call, timezone.now())


def check(document: Any, keys: Any = None) -> dict[str, Any]:
    return verified(json.dumps(document).encode(), json.dumps(keys or proof.key_set()).encode())


def rejects(document: Any, keys: Any = None) -> bool:
    try:
        check(document, keys)
    except NotProven:
        return True
    return False


# --- What it proves -------------------------------------------------------------------------------
def test_what_was_sent_every_exchange_and_the_answer_are_in_it(call: ServiceCall) -> None:
    bundle = check(signed(call))
    assert bundle["receipt"] == call.receipt
    assert json.loads(bundle["sent"]["text"])["form"] == {"topic": "泊車"}
    assert [each["outcome"] for each in bundle["exchanges"]] == ["unreached", "answered"]
    assert [each["received_sha256"] for each in bundle["exchanges"]] == [None, "b" * 64]
    assert bundle["progress"][0]["words"] == WORDS
    assert bundle["answer"]["values"] == {"case_number": "TD-1"}
    assert {"部門已收到你的申請", "部门已收到您的申请"} <= {
        said["title"] for said in bundle["answer"]["words"].values()
    }


def test_it_says_when_the_portal_signed_it(call: ServiceCall) -> None:
    now = timezone.now()
    issued = datetime.fromisoformat(check(proof.prove(call, now))["issued_at"])
    assert abs((issued - now).total_seconds()) < 0.002


def test_a_call_that_is_still_on_its_way_can_be_proven_too(call: ServiceCall) -> None:
    ServiceCall.objects.update(status="accepted", finished_at=None, answer=None)
    bundle = check(signed(ServiceCall.objects.get()))
    assert (bundle["status"], bundle["finished_at"], bundle["answer"]) == ("accepted", None, None)


# --- What it notices ------------------------------------------------------------------------------
@pytest.mark.parametrize("part", ["payload", "protected", "signature"])
def test_not_one_letter_of_it_can_be_changed(call: ServiceCall, part: str) -> None:
    document = signed(call)
    text = document[part]
    passed = []
    for place in range(len(text)):
        other = ALPHABET[ALPHABET.index(text[place]) ^ 1]  # the smallest change: one bit of one letter
        if not rejects({**document, part: text[:place] + other + text[place + 1 :]}):
            passed.append(place)
    assert passed == []


@pytest.mark.parametrize("part", ["payload", "protected", "signature"])
@pytest.mark.parametrize("text", ["", "A", "====", "é", None, 7, [], {}])
def test_a_part_that_is_none_is_refused(call: ServiceCall, part: str, text: Any) -> None:
    assert rejects({**signed(call), part: text})


def leaves(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value in a document."""
    if isinstance(document, dict | list) and document:
        pairs = document.items() if isinstance(document, dict) else enumerate(document)
        return [leaf for key, value in pairs for leaf in leaves(value, (*path, key))]
    return [path]


def test_no_fact_in_it_can_be_changed(call: ServiceCall) -> None:
    document = signed(call)
    bundle = check(document)
    for path in leaves(bundle):
        forged = json.loads(json.dumps(bundle))
        place = forged
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = "forged"
        payload = base64.urlsafe_b64encode(json.dumps(forged).encode()).rstrip(b"=").decode()
        assert rejects({**document, "payload": payload}), path


def test_the_bundle_of_another_call_does_not_fit_the_signature(call: ServiceCall) -> None:
    first, second = signed(call), proof.prove(call, timezone.now() + timedelta(seconds=1))
    assert rejects({**first, "payload": second["payload"]})


@pytest.mark.parametrize(
    "header",
    [{"alg": "none"}, {"alg": "HS256"}, {"typ": "JWT"}, {"kid": "nobody"}, {"crit": ["b64"], "b64": False}],
)
def test_a_header_that_is_not_ours_is_refused(call: ServiceCall, header: dict[str, Any], settings: Any) -> None:
    """Even if it is signed with our own key."""
    ring = proof.keyring()
    assert ring.signer
    usual = {"alg": "EdDSA", "kid": ring.public[0]["kid"], "typ": proof.TYPE}
    protected = base64.urlsafe_b64encode(json.dumps({**usual, **header}).encode()).rstrip(b"=").decode()
    payload = signed(call)["payload"]
    signature = ring.signer.sign(f"{protected}.{payload}".encode())
    document = {"payload": payload, "protected": protected, "signature": signatures.encode(signature)}
    assert rejects(document)


@pytest.mark.parametrize("added", [{"header": {"alg": "none"}}, {"signatures": []}])
def test_a_proof_with_further_parts_is_refused(call: ServiceCall, added: dict[str, Any]) -> None:
    assert rejects({**signed(call), **added})


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 9000])
def test_a_file_that_is_no_proof_is_refused(text: bytes) -> None:
    with pytest.raises(NotProven):
        verified(text, json.dumps(proof.key_set()).encode())


def test_a_name_that_stands_twice_is_refused(call: ServiceCall) -> None:
    text = json.dumps(signed(call))
    with pytest.raises(NotProven, match="twice"):
        verified((text[:-1] + ', "payload": ""}').encode(), json.dumps(proof.key_set()).encode())


# --- Keys -----------------------------------------------------------------------------------------
def test_somebody_elses_key_does_not_fit(call: ServiceCall, settings: Any) -> None:
    document = signed(call)
    settings.FERRY_PROOF_KEYS = [secrets.token_urlsafe(32)]
    assert rejects(document)


@pytest.mark.parametrize("is_public", [False, True])
def test_after_a_change_of_keys_old_proofs_still_stand(call: ServiceCall, settings: Any, is_public: bool) -> None:
    document, old = signed(call), proof.key_set()["keys"][0]["x"]
    kept = f"public:{old}" if is_public else settings.FERRY_PROOF_KEYS[0]
    settings.FERRY_PROOF_KEYS = [secrets.token_urlsafe(32), kept]
    assert check(document) == check(document, proof.key_set())
    assert json.loads(base64.urlsafe_b64decode(signed(call)["protected"] + "==="))["kid"] != old
    check(signed(call))


@pytest.mark.parametrize("key", ["", "short", "é" * 43, "A" * 44, "public:short"])
def test_a_key_that_is_none_stops_the_start(settings: Any, key: str) -> None:
    settings.FERRY_PROOF_KEYS = [key]
    with pytest.raises(ImproperlyConfigured, match="FERRY_PROOF_KEY"):
        proof.keyring()


@pytest.mark.parametrize("keys", [[], ["public"]])
def test_without_a_private_key_nothing_is_signed(call: ServiceCall, settings: Any, keys: list[str]) -> None:
    settings.FERRY_PROOF_KEYS = [f"public:{proof.key_set()['keys'][0]['x']}" for _ in keys]
    with pytest.raises(NoProofKey):
        signed(call)


def test_the_private_key_is_published_nowhere(client: Client, settings: Any) -> None:
    answer = client.get("/.well-known/ferry-proof-keys.json")
    assert answer["Content-Type"] == "application/jwk-set+json"
    (key,) = answer.json()["keys"]
    assert set(key) == {"kty", "crv", "x", "kid", "alg", "use"}
    assert settings.FERRY_PROOF_KEYS[0].encode() not in answer.content


# --- By hand ----------------------------------------------------------------------------------------
def run(folder: Path, document: Any) -> "subprocess.CompletedProcess[str]":
    """The script in an empty folder, as somebody runs it who has nothing of ours but the two files."""
    (folder / "a.json").write_text(json.dumps(document))
    (folder / "keys.json").write_text(json.dumps(proof.key_set()))
    command = [sys.executable, str(VERIFIER), "a.json", "keys.json"]
    return subprocess.run(command, cwd=folder, env={}, capture_output=True, text=True, check=False)


def test_the_script_proves_it_without_the_portal(call: ServiceCall, tmp_path: Path) -> None:
    done = run(tmp_path, signed(call))
    assert (done.returncode, done.stderr) == (0, "")
    assert call.receipt in done.stdout


def test_the_script_refuses_a_forged_one(call: ServiceCall, tmp_path: Path) -> None:
    done = run(tmp_path, {**signed(call), "signature": "AAAA"})
    assert done.returncode == 1
    assert done.stderr.startswith("NOT PROVEN")
