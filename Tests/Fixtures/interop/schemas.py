"""Holds documents against their JSON Schemas.

usage: schemas.py FOLDER-OF-SCHEMAS SCHEMA=DOCUMENT…

Prints {"checked": n, "failures": […], "loose": […]}: `loose` are the schemas under which a document passes that
lacks one of its keys or has one of a wrong type, which a schema that says something does not allow.
"""

import copy
import json
import sys
from pathlib import Path

from jsonschema import Draft202012Validator


def spoiled(document):
    """The document with its format taken away, and with each key's value in turn replaced by a wrong type."""
    without = copy.deepcopy(document)
    del without["format"]
    yield "format", without
    for key, value in document.items():
        other = copy.deepcopy(document)
        other[key] = 1.5 if isinstance(value, str) else "wrong"
        yield key, other


def main():
    folder, pairs = Path(sys.argv[1]), sys.argv[2:]
    failures, loose, checked = [], [], 0
    for pair in pairs:
        name, _, path = pair.partition("=")
        schema = json.loads((folder / f"{name}.schema.json").read_text())
        Draft202012Validator.check_schema(schema)
        validator = Draft202012Validator(schema)
        document = json.loads(Path(path).read_text())
        failures += [f"{path}: {error.json_path}: {error.message[:200]}" for error in validator.iter_errors(document)]
        loose += [f"{path}: {key}" for key, other in spoiled(document) if validator.is_valid(other)]
        checked += 1
    print(json.dumps({"checked": checked, "failures": failures, "loose": loose}))


main()
