"""Verify the DSSE envelopes of a demonstration with securesystemslib.

usage: envelopes.py DEMO
"""

import base64
import json
import pathlib
import sys

from cryptography.hazmat.primitives.serialization import load_der_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

demo = pathlib.Path(sys.argv[1])
count = 0

for file in sorted(demo.glob("repository/releases/*/attestations/*.jsonl")):
    release = file.parent.parent
    authorisation = json.loads((release / "authorisation.json").read_text())
    envelope = Envelope.from_dict(json.loads(file.read_text()))
    hint = next(iter(envelope.signatures))
    spki = next(
        k["public_key"] for k in authorisation["keys"] if k["role"] == "provenance"
    )
    key = SSlibKey.from_crypto(load_der_public_key(base64.b64decode(spki)), keyid=hint)
    envelope.verify([key], 1)
    statement = json.loads(envelope.payload)
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    envelope.payload = envelope.payload.replace(b"1", b"2", 1)
    try:
        envelope.verify([key], 1)
    except VerificationError:
        count += 1
    else:
        sys.exit(f"{file}: a changed payload still verifies")
print(f"{count} envelopes verify, and none with a changed payload")
