"""The kind of a file that is not a unit checkpoint, by its first bytes."""

from __future__ import annotations

import stat

from _tessera_shared import lfs

HDF5 = b"\x89HDF\r\n\x1a\n"
# Bytes that are read: those of a Git LFS pointer, and more than a comment before the header of HTML.
HEAD = lfs.LIMIT
_CONVERT = "`tessera convert` makes a unit checkpoint of it"


def special(mode: int) -> str:
    """The kind of a file that is not a regular one, by its mode."""
    kinds = ((stat.S_ISFIFO, "a FIFO"), (stat.S_ISSOCK, "a socket"), (stat.S_ISCHR, "a character device"),
             (stat.S_ISBLK, "a block device"))
    return next((words for holds, words in kinds if holds(mode)), "another kind of file")


def found_instead(path: str) -> str | None:
    """The kind of a file, and what to do with it. None if it is HDF5 or unknown: HDF5 can follow a user block."""
    with open(path, "rb") as file:
        head = file.read(HEAD)
    if head.startswith(HDF5):
        return None
    size = lfs.pointer(head)
    if size is not None:
        return f"a Git LFS pointer: the {size:,} bytes of the file were not fetched; run `git lfs pull`"
    text = head.lstrip().lower()
    length = int.from_bytes(head[:8], "little")
    known = (
        (not head, "an empty file"),
        (length < 1 << 32 and head[8:9] == b"{", f"a safetensors file; {_CONVERT}"),
        (head.startswith(b"PK"), f"a ZIP archive, such as an npz or PyTorch file; {_CONVERT}"),
        (head.startswith(b"\x93NUMPY"), f"an npy file; {_CONVERT}"),
        (head[:1] == b"\x80" and head[1:2] in b"\2\3\4\5", f"a pickle, such as an old PyTorch file; {_CONVERT}"),
        (head.startswith(b"GGUF"), f"a GGUF file; {_CONVERT}"),
        (text.startswith((b"<!doctype", b"<html", b"<?xml")) or b"<html" in text,
         "a web page or XML: a download gave the page, not the file"),
        (text.startswith(b"{") and b'"tessera.set/1"' in head,
         "the list of a set; `tessera convert --merge` makes one file"),
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
