"""Holds documents against their JSON Schemas.

usage: schemas.py FOLDER-OF-SCHEMAS SCHEMA=DOCUMENT…

Prints {"checked": n, "failures": […], "loose": […]}: `loose` are the schemas under which a document passes that
lacks one of its keys or has one of a wrong type, which a schema that says something does not allow.
"""

import copy
import json
import sys
import tomllib
from pathlib import Path

from jsonschema import Draft202012Validator


def spoiled(document, required):
    """The document with its format taken away, and with each key's value in turn replaced by a wrong type."""
    if "format" in required:
        without = copy.deepcopy(document)
        del without["format"]
        yield "format", without
    for key, value in document.items():
        other = copy.deepcopy(document)
        other[key] = 1.5 if isinstance(value, str) else "wrong"
        yield key, other


CHOICES = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else")


def named(part):
    """The definitions to which a part of a schema refers."""
    if isinstance(part, dict):
        own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
        return own.union(*(named(value) for value in part.values()))
    return set().union(*(named(item) for item in part)) if isinstance(part, list) else set()


def closed(schema, root, path="#"):
    """The schema in which no object may have a member that is not listed; what a choice combines is left open."""
    if isinstance(schema, list):
        return [closed(item, root, path) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: value if key in CHOICES else closed(value, root, f"{path}/{key}") for key, value in schema.items()}
    is_joined = "$ref" in schema or any(key in schema for key in CHOICES) or path in root
    if isinstance(schema.get("properties"), dict) and "additionalProperties" not in schema and not is_joined:
        result["additionalProperties"] = False
    return result


def combined(schema):
    """The definitions that a choice refers to, or that have other keys beside them."""
    if isinstance(schema, list):
        return set().union(*map(combined, schema)) if schema else set()
    if not isinstance(schema, dict):
        return set()
    found = set().union(*(named(schema[key]) for key in CHOICES if key in schema))
    if "$ref" in schema and "properties" in schema:
        found.add(schema["$ref"])
    return found.union(*(combined(value) for value in schema.values()))


def main():
    folder, pairs = Path(sys.argv[1]), sys.argv[2:]
    failures, loose, checked = [], [], 0
    for pair in pairs:
        name, _, path = pair.partition("=")
        schema = json.loads((folder / f"{name}.schema.json").read_text())
        Draft202012Validator.check_schema(schema)
        # Readers may ignore unknown members; what we print or keep has none that the schema does not describe.
        validator = Draft202012Validator(closed(schema, combined(schema)))
        text = Path(path).read_text()
        document = tomllib.loads(text) if path.endswith(".toml") else json.loads(text)
        failures += [f"{path}: {error.json_path}: {error.message[:200]}" for error in validator.iter_errors(document)]
        loose += [f"{path}: {key}" for key, other in spoiled(document, schema.get("required", [])) if validator.is_valid(other)]
        checked += 1
    print(json.dumps({"checked": checked, "failures": failures, "loose": loose}))


main()
