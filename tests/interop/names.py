"""Compare the names that hallmark-key show gives a key with those of other tools.

usage: names.py PEM SHOWN SSH
SHOWN: what `hallmark-key show PEM --json` printed; SSH: what `ssh-keygen -l` did
"""

import json
import pathlib
import sys

from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import SubjectKeyIdentifier
from securesystemslib.signer import SSlibKey

pem, shown, ssh = map(pathlib.Path, sys.argv[1:])
key = load_pem_public_key(pem.read_bytes())
names = json.loads(shown.read_text())
expected = {
    "tuf_keyid": SSlibKey.from_crypto(key).keyid,
    "x509_ski": SubjectKeyIdentifier.from_public_key(key).digest.hex(),
    "ssh_fingerprint": ssh.read_text().split()[1],
}

for name, value in expected.items():
    if names[name] != value:
        sys.exit(f"{pem}: {name} is {names[name]}, others say {value}")
print(f"{pem.name}: ssh, TUF and X.509 agree")
