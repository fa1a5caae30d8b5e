"""Pointers of Git LFS."""

from __future__ import annotations

import re

_POINTER = re.compile(rb"version https://git-lfs\.github\.com/spec/v1\r?\n(?:.*\n)*?oid sha256:[0-9a-f]{64}\r?\n"
                      rb"size (\d+)\r?\n")
# The specification of Git LFS: a pointer is smaller than 1024 bytes.
LIMIT = 1024


def pointer(head: bytes) -> int | None:
    """The size of the file that a pointer stands for; none for another file. `head` is its first LIMIT bytes."""
    found = _POINTER.match(head) if len(head) < LIMIT else None
    return int(found[1]) if found else None
