"""Validate the documents of a demonstration against schemas/; and the requests of
the seed corpus, each of which stands behind a root.json.

usage: schemas.py SCHEMAS DEMO RECORDS X509
RECORDS: folder of records that hallmark-key revoke --incident wrote, and of
results of hallmark-pack
X509: folder that x509.sh left
"""

import json
import pathlib
import sys

import jsonschema

schemas, demo, records, x509 = map(pathlib.Path, sys.argv[1:])
samples = pathlib.Path("testdata/fuzz/cohorts")
documents = {
    "root": [demo / "root.json"],
    "authorisation": sorted(demo.glob("repository/history/*/authorisation.json")),
    "manifest": sorted(demo.glob("repository/history/*/manifest.json")),
    "index": sorted(demo.glob("repository/releases/*/index.json")),
    "release": sorted(demo.glob("repository/releases/*/records/release.json")),
    "evidence": [demo / "evidence/index.json"],
    "incident": [records / "stuck.json", records / "reached.json",
                 demo / "incident.json"],
    "ceremony": [demo / "ceremony.json"],
    "result-list": sorted(records.glob("listing-*.json")),
    "result-compare": sorted(records.glob("comparison-*.json")),
    "result-pack": sorted(records.glob("packing-*.json")),
    "result-rebuild": sorted(records.glob("rebuild-*.json")),
    "cohorts": [samples / name for name in ("full", "least", "no-clock")]
    + [demo / "fleet.json"],
    "result-csr": [x509 / "csr.result"],
    "result-certify": [x509 / f"{n}.result" for n in ("root", "leaf", "dry")],
    "result-cms": [x509 / f"{n}.result" for n in ("detached", "plain", "verity")],
}

requests = schemas.resolve().parent / "testdata/fuzz/request"
seeds = [requests / n for n in ("first", "rotate", "revoke")]
documents["request"] = seeds + sorted(demo.glob("requests/*.json"))

for kind, files in documents.items():
    schema = json.loads((schemas / f"{kind}-1.schema.json").read_text())
    validator = jsonschema.Draft202012Validator(schema)
    if not files:
        sys.exit(f"there is no {kind} document to check")
    for file in files:
        text = file.read_text()
        if file in seeds:
            text = text.split("\n}\n", 1)[1]
        document = json.loads(text)
        validator.validate(document)
        document["unknown"] = 1
        if validator.is_valid(document):
            sys.exit(f"{kind}: the schema accepts an unknown member")
    print(f"{kind}: {len(files)} valid")
