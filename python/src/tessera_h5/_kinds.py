"""What a file that is no unit checkpoint is, by its first bytes."""

from __future__ import annotations

import re
import stat

HDF5 = b"\x89HDF\r\n\x1a\n"
# Bytes that are read; the header of HTML can follow a comment.
HEAD = 1024
_POINTER = re.compile(rb"version https://git-lfs\.github\.com/spec/v1\r?\n(?:.*\n)*?size (\d+)")
_CONVERT = "`tessera convert` makes a unit checkpoint of it"
_READ = "read it with its own library"


def special(mode: int) -> str:
    """What is no regular file, by its mode."""
    kinds = ((stat.S_ISFIFO, "a FIFO"), (stat.S_ISSOCK, "a socket"), (stat.S_ISCHR, "a character device"),
             (stat.S_ISBLK, "a block device"))
    return next((words for holds, words in kinds if holds(mode)), "another kind of file")


def found_instead(path: str) -> str | None:
    """What a file is, and what to do; None if it begins like HDF5, which may also begin after a user block."""
    with open(path, "rb") as file:
        head = file.read(HEAD)
    if head.startswith(HDF5):
        return None
    pointer = _POINTER.match(head)
    if pointer:
        return f"a Git LFS pointer: the {int(pointer[1]):,} bytes of the file were not fetched; run `git lfs pull`"
    text = head.lstrip().lower()
    length = int.from_bytes(head[:8], "little")
    known = (
        (not head, "an empty file"),
        (length < 1 << 32 and head[8:9] == b"{", f"a safetensors file; {_CONVERT}"),
        (head.startswith(b"PK"), f"a ZIP archive, such as an npz or PyTorch file; {_CONVERT}"),
        (head.startswith(b"\x93NUMPY"), f"an npy file; {_CONVERT}"),
        (head[:1] == b"\x80" and head[1:2] in b"\2\3\4\5", f"a pickle, such as an old PyTorch file; {_CONVERT}"),
        (head.startswith(b"GGUF"), f"a GGUF file; {_READ}"),
        (text.startswith((b"<!doctype", b"<html", b"<?xml")) or b"<html" in text,
         "a web page or XML: a download gave the page, not the file"),
        (text.startswith((b"{", b"[")), "JSON text"),
        (_is_text(head), "text"))
    return next((words for holds, words in known if holds), None)


def _is_text(head: bytes) -> bool:
    if b"\0" in head:
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        # The last character can be cut off.
        return error.start > HEAD - 4
    return True
