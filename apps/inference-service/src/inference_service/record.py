"""The record of a model's blessing: what a gate decided, as an in-toto statement about the model, signed or not.

Statement v1: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
DSSE envelope: https://github.com/secure-systems-lab/dsse/blob/master/envelope.md
"""

import base64
from typing import Any

import msgspec

STATEMENTS = ("https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1")  # cosign 2.4 signs the older one
PREDICATE = "https://github.com/esteira/esteira/gate/v1"
PAYLOAD = "application/vnd.in-toto+json"


class RecordError(Exception):
    """A record that does not bless this model."""


class Subject(msgspec.Struct):
    """What a statement is about."""

    name: str
    digest: dict[str, str]


class Statement(msgspec.Struct, rename="camel"):
    """What a gate states."""

    type: str = msgspec.field(name="_type")
    subject: list[Subject]
    predicate_type: str
    predicate: dict[str, Any]


class Signature(msgspec.Struct):
    """A signature; which key made it is found by trying."""

    sig: str


class Envelope(msgspec.Struct, rename="camel"):
    """A signed statement, as `cosign attest-blob` writes it."""

    payload_type: str
    payload: str
    signatures: list[Signature]


def check(content: bytes, sha256: str, key: str | None) -> None:
    """Check that a record blesses the model with this digest, signed by KEY (PEM) if there is one; raises RecordError."""
    try:
        statement = msgspec.json.decode(content if key is None else _opened(content, key), type=Statement)
    except msgspec.DecodeError as error:
        raise RecordError(f"record.json {_instead(content, signed=False)}: {error}") from None
    if statement.type not in STATEMENTS or statement.predicate_type != PREDICATE:
        raise RecordError(f"record.json states {statement.predicate_type!r} by {statement.type!r}, not a gate's verdict")
    if sha256 not in [subject.digest.get("sha256") for subject in statement.subject]:
        raise RecordError(f"record.json is about another model than the one with SHA-256 {sha256}")
    _check_verdict(statement.predicate)


def _check_verdict(predicate: dict[str, Any]) -> None:
    verdict = predicate.get("verdict")
    if verdict == "bless" or (verdict == "rubber-stamp" and predicate.get("approved") is True):
        return
    raise RecordError(f"record.json has the verdict {verdict!r}, and only a blessed model is served")


def _opened(content: bytes, key: str) -> bytes:
    """Return the statement in an envelope whose signature was made by KEY."""
    try:
        envelope = msgspec.json.decode(content, type=Envelope)
        payload = base64.b64decode(envelope.payload, validate=True)
        signatures = [base64.b64decode(signature.sig, validate=True) for signature in envelope.signatures]
    except (msgspec.DecodeError, ValueError) as error:
        raise RecordError(f"record.json {_instead(content, signed=True)}: {error}") from None
    if envelope.payload_type != PAYLOAD:
        raise RecordError(f"record.json holds {envelope.payload_type!r}, not {PAYLOAD}")
    signed = b"DSSEv1 %d %s %d %s" % (len(PAYLOAD), PAYLOAD.encode(), len(payload), payload)
    if not any(_verifies(key, signature, signed) for signature in signatures):
        raise RecordError("record.json is not signed by MODEL_BLESSING_KEY")
    return payload


def _instead(content: bytes, *, signed: bool) -> str:
    """Say what a file is that is not the statement which is wanted, SIGNED or not, and what to do."""
    try:
        fields = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        fields = {}
    wanted = "the signed statement, a DSSE envelope" if signed else "the gate's statement.json"
    remedy = f"MODEL_RECORD_URI (CHALLENGER_RECORD_URI) has to name {wanted}"
    if "verdict" in fields:
        return f"is the gate's bare record, and no statement about a model: {remedy}"
    if signed and "predicateType" in fields:
        return f"is signed by nobody, and MODEL_BLESSING_KEY is set: {remedy}"
    if not signed and "payloadType" in fields:
        return "is a signed statement, and MODEL_BLESSING_KEY is not set: set it to the public key of whoever signed"
    return f"is not an in-toto statement{' in a DSSE envelope' if signed else ''}: {remedy}"


def _verifies(key: str, signature: bytes, signed: bytes) -> bool:
    # Takes a twentieth of a second to import, which nobody pays without a key.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        public = load_pem_public_key(key.encode())
    except ValueError as error:
        raise RecordError(f"MODEL_BLESSING_KEY is not a public key in PEM: {error}") from None
    if not isinstance(public, ec.EllipticCurvePublicKey):
        raise RecordError("MODEL_BLESSING_KEY must be an elliptic-curve key, as cosign makes them")
    try:
        public.verify(signature, signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True
