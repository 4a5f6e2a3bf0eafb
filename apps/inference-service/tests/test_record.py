"""The record of a model's blessing."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from inference_service import record
from inference_service.record import RecordError
from tests import making
from tests.running import running

GOLDEN = Path(__file__).parent / "golden"
# What `cosign attest-blob --key … --type https://github.com/esteira/esteira/gate/v1` wrote (2.4.3).
COSIGNED = (GOLDEN / "record.dsse.json").read_bytes()
COSIGN_KEY = (GOLDEN / "cosign.pub").read_text()
COSIGNED_MODEL = making.sha256(b"not really a model\n")
DIGEST = making.sha256(b"a model")


class Signer:
    """Signs as cosign does."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.pem = self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def envelope(self, payload: bytes, kind: str = record.PAYLOAD) -> bytes:
        """Make a DSSE envelope."""
        signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)
        signature = self._key.sign(signed, ec.ECDSA(hashes.SHA256()))
        document = {
            "payloadType": kind,
            "payload": base64.b64encode(payload).decode(),
            "signatures": [{"keyid": "", "sig": base64.b64encode(signature).decode()}],
        }
        return json.dumps(document).encode()


def _changed(content: bytes, **changes: Any) -> bytes:
    return json.dumps(json.loads(content) | changes).encode()


def _without(content: bytes, field: str) -> bytes:
    return json.dumps({name: value for name, value in json.loads(content).items() if name != field}).encode()


@pytest.mark.parametrize("judgement", ["bless", "approved"])
def test_takes_a_blessing(judgement: str) -> None:
    """As the gate wrote it, unsigned where no key is asked for, and about this model only."""
    record.check(making.gated(judgement), making.GATED, None)

    with pytest.raises(RecordError, match="is about another model"):
        record.check(making.gated(judgement), DIGEST, None)


@pytest.mark.parametrize("verdict", ["reject", "rubber-stamp"])
def test_refuses_what_the_gate_did_not_bless(verdict: str) -> None:
    """As the gate wrote it."""
    with pytest.raises(RecordError, match=f"has the verdict '{verdict}', and only a blessed model is served"):
        record.check(making.gated(verdict), making.GATED, None)


@pytest.mark.parametrize("judgement", ["bless", "approved", "reject", "rubber-stamp"])
def test_says_what_to_do_with_a_bare_record(judgement: str) -> None:
    """It lies beside the statement, and is what the statement says: easily taken for it."""
    bare = making.gated(judgement, "record.json")
    for key, wanted in ((None, "the gate's statement.json: "), (Signer().pem, "the signed statement, a DSSE envelope: ")):
        with pytest.raises(RecordError) as failure:
            record.check(bare, making.GATED, key)
        assert str(failure.value).startswith(
            "record.json is the gate's bare record, and no statement about a model: "
            f"MODEL_RECORD_URI (CHALLENGER_RECORD_URI) has to name {wanted}"
        )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is not an in-toto statement: MODEL_RECORD_URI"),
        (b"[]", "is not an in-toto statement: MODEL_RECORD_URI"),
        (_without(making.record(DIGEST), "subject"), "is not an in-toto statement: MODEL_RECORD_URI"),
        (_changed(making.record(DIGEST), subject=[]), "is about another model"),
        (_changed(making.record(DIGEST), subject=[{"name": "x", "digest": {"sha512": DIGEST}}]), "is about another model"),
        (_changed(making.record(DIGEST), _type="https://elsewhere"), "by 'https://elsewhere', not a gate's verdict"),
        (_changed(making.record(DIGEST), predicateType="https://slsa.dev/provenance/v1"), "not a gate's verdict"),
        (_changed(making.record(DIGEST), predicate={}), "has the verdict None"),
        (making.record("0" * 64), "is about another model"),
        (making.record(DIGEST, verdict="inconclusive"), "has the verdict 'inconclusive'"),
        (making.record(DIGEST, verdict="unchanged"), "has the verdict 'unchanged'"),
        (making.record(DIGEST, "rubber-stamp", approved="yes"), "has the verdict 'rubber-stamp'"),
        (COSIGNED, "is a signed statement, and MODEL_BLESSING_KEY is not set: set it"),
    ],
)
def test_refuses_what_does_not_bless(content: bytes, reason: str) -> None:
    """Says what it is instead."""
    with pytest.raises(RecordError) as failure:
        record.check(content, DIGEST, None)
    assert reason in str(failure.value)


def test_takes_what_cosign_signed() -> None:
    """Its own output, by its own key."""
    record.check(COSIGNED, COSIGNED_MODEL, COSIGN_KEY)


def test_refuses_what_another_key_signed() -> None:
    """And what was changed after it was signed, and what was never signed."""
    signer = Signer()
    signed = signer.envelope(making.record(DIGEST))
    record.check(signed, DIGEST, signer.pem)

    for content in (COSIGNED, _changed(signed, payload=base64.b64encode(making.record(DIGEST)[:-1] + b" }").decode())):
        with pytest.raises(RecordError, match=r"is not signed by MODEL_BLESSING_KEY"):
            record.check(content, DIGEST, signer.pem)
    with pytest.raises(RecordError, match=r"is not signed by MODEL_BLESSING_KEY"):
        record.check(_changed(signed, signatures=[]), DIGEST, signer.pem)
    with pytest.raises(RecordError, match=r"is signed by nobody, and MODEL_BLESSING_KEY is set: MODEL_RECORD_URI"):
        record.check(making.record(DIGEST), DIGEST, signer.pem)
    with pytest.raises(RecordError, match=r"is not an in-toto statement in a DSSE envelope: MODEL_RECORD_URI"):
        record.check(_changed(signed, payload="*"), DIGEST, signer.pem)
    with pytest.raises(RecordError, match=r"record.json holds 'text/plain'"):
        record.check(signer.envelope(making.record(DIGEST), "text/plain"), DIGEST, signer.pem)


def test_takes_one_good_signature_among_others() -> None:
    """As after a change of keys."""
    signer = Signer()
    envelope = json.loads(signer.envelope(making.record(DIGEST)))
    other = json.loads(Signer().envelope(making.record(DIGEST)))
    envelope["signatures"] = other["signatures"] + envelope["signatures"]

    record.check(json.dumps(envelope).encode(), DIGEST, signer.pem)


def test_a_signed_rejection_is_a_rejection() -> None:
    """The signature says who judged, not how."""
    signer = Signer()

    with pytest.raises(RecordError, match="has the verdict 'reject'"):
        record.check(signer.envelope(making.record(DIGEST, "reject")), DIGEST, signer.pem)


def test_refuses_another_kind_of_key() -> None:
    """And what is none."""
    pem = ed25519.Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    with pytest.raises(RecordError, match="must be an elliptic-curve key"):
        record.check(COSIGNED, COSIGNED_MODEL, pem.decode())
    with pytest.raises(RecordError, match="is not a public key in PEM"):
        record.check(COSIGNED, COSIGNED_MODEL, "secret")


def test_the_service_asks_for_a_signature(iris: bytes, tmp_path: Path) -> None:
    """Where it has a key."""
    signer = Signer()
    digest = making.sha256(iris)
    making.lay(tmp_path, "champion", iris, signer.envelope(making.record(digest)))
    with running(tmp_path, digest, MODEL_BLESSING_KEY=signer.pem) as service:
        assert service.get("/health/ready").status == 200

    making.lay(tmp_path, "champion", iris, Signer().envelope(making.record(digest)))
    with running(tmp_path, digest, MODEL_BLESSING_KEY=signer.pem) as service:
        service.get("/health/ready").problem(503, "no-verified-model")


def test_an_empty_key_is_none(iris: bytes, tmp_path: Path) -> None:
    """An environment that asks nobody says so with an empty value."""
    with running(tmp_path, making.lay(tmp_path, "champion", iris), MODEL_BLESSING_KEY="") as service:
        assert service.get("/health/ready").status == 200
