"""Reads TOML documents with tomllib.

usage: toml.py DOCUMENTS.json      a list of texts

Prints a list: for each text {"value": …}, or {"refused": true}, or {"beyond": true} for a valid document with a date,
a time, a number that is not finite, or an integer of more than 64 bits.
"""

import json
import math
import sys
import tomllib
from pathlib import Path


def is_plain(value):
    if isinstance(value, dict):
        return all(map(is_plain, value.values()))
    if isinstance(value, list):
        return all(map(is_plain, value))
    if isinstance(value, (bool, str)):
        return True
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    return isinstance(value, float) and math.isfinite(value)


def read(text):
    try:
        value = tomllib.loads(text)
    except (ValueError, RecursionError):
        return {"refused": True}
    return {"value": value} if is_plain(value) else {"beyond": True}


print(json.dumps([read(text) for text in json.loads(Path(sys.argv[1]).read_text())]))
