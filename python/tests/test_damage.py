"""Damaged and hostile files: one exception of this package, and the damaged dataset if it is known."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from conftest import FIXTURES, GOLDEN, run

import tessera_h5


def changed(path: Path, folder: Path, offset: int, flip: int = 0x10) -> Path:
    """A copy with one other byte."""
    content = bytearray(path.read_bytes())
    content[offset] ^= flip
    copy = folder / "damaged.h5"
    copy.write_bytes(content)
    return copy


def test_a_damaged_page_is_found_where_it_is_read(fashion: Path, tmp_path: Path) -> None:
    with h5py.File(fashion, "r") as file:
        offset = file["intra/1/F32"].id.get_offset()
    copy = changed(fashion, tmp_path, offset + 100)
    with tessera_h5.open(copy) as m, tessera_h5.open(fashion) as sound:
        # Level 1 of `fine` does not use unit 1.
        one = m.state_dict("fine", 1)
        assert all(np.array_equal(one[name], array) for name, array in sound.state_dict("fine", 1).items())
        with pytest.raises(tessera_h5.DamagedFile) as caught:
            m.state_dict("fine", 2)
        error = caught.value
        assert isinstance(error, ValueError) and error.file == str(copy) and error.dataset == "/intra/1/F32"
        assert len(error.expected) == len(error.found) == 16 and error.expected != error.found
        assert str(error) == (
            f"{copy}: /intra/1/F32: page 0: expected the checksum {error.expected}, found {error.found}")
        with pytest.raises(tessera_h5.DamagedFile):
            m.verify()
    with tessera_h5.open(copy, check=False) as m:
        assert len(m.state_dict("fine", 2)) == 44


def test_every_section_is_checked(fashion: Path, tmp_path: Path) -> None:
    """One byte in the last page of each section."""
    with h5py.File(fashion, "r") as file, tessera_h5.open(fashion) as m:
        places = [(section.path, file[section.path].id.get_offset() + section.size - 1) for section in m._sections]
    assert len(places) == 50
    content = fashion.read_bytes()
    copy = tmp_path / "damaged.h5"
    for path, offset in places:
        copy.write_bytes(content[:offset] + bytes([content[offset] ^ 1]) + content[offset + 1:])
        with tessera_h5.open(copy) as m, pytest.raises(tessera_h5.DamagedFile) as caught:
            m.state_dict()
        assert caught.value.dataset == f"/{path}"


def test_every_page_of_a_large_section_is_checked(large: Path, tmp_path: Path) -> None:
    """Pages are read many at a time; each of them is checked."""
    with tessera_h5.open(large) as m, h5py.File(large, "r") as file:
        (section,) = (section for section in m._sections if section.path == "intra/0/F32")
        offset, pages, step = file[section.path].id.get_offset(), -(-section.size // 65_536), m._index.page_bytes
    assert step == 65_536 and pages >= 20
    copy = tmp_path / "damaged.h5"
    shutil.copy(large, copy)
    for page in range(pages):
        place = offset + min(page * step + 40_000, section.size - 1)
        with open(copy, "r+b") as file:
            file.seek(place)
            byte = file.read(1)
            file.seek(place)
            file.write(bytes([byte[0] ^ 4]))
        with tessera_h5.open(copy) as m, pytest.raises(tessera_h5.DamagedFile, match=f"/intra/0/F32: page {page}: "):
            m.state_dict("t", 1)
        with open(copy, "r+b") as file:
            file.seek(place)
            file.write(byte)
    with tessera_h5.open(copy) as m:
        m.state_dict("t", 1)


def test_a_damaged_chunk_is_found(checkpoint: Any, tmp_path: Path) -> None:
    path = checkpoint("fashion-compressed")
    with h5py.File(path, "r") as file:
        offsets = {name: file[name].id.get_chunk_info(0).byte_offset for name in ("inter/1-2/F32", "inter/0-3/F32")}
    for name, offset in offsets.items():
        with tessera_h5.open(changed(path, tmp_path, offset + 40)) as m, pytest.raises(tessera_h5.FormatError):
            m.state_dict()


def test_changed_tables_are_refused(tmp_path: Path) -> None:
    """Every table, with and without a right checksum for the changed one."""
    refused = 0
    for name in ("private", "owners", "mixed"):
        path = FIXTURES / "checkpoints" / f"{name}.h5"
        with h5py.File(path, "r") as file:
            tables = {table: (item.id.get_offset(), item.id.get_storage_size())
                      for table, item in file["tessera"].items() if isinstance(item, h5py.Dataset)}
        for offset, size in tables.values():
            with pytest.raises(tessera_h5.FormatError):
                tessera_h5.open(changed(path, tmp_path, offset + size // 2)).close()
            refused += 1
    assert refused >= 45


def sealed(content: bytearray, tables: dict[str, tuple[int, int]]) -> bytes:
    """The file with an index_xxh3 that matches its tables."""
    from xxhash import xxh3_64

    from tessera_h5._tables import TABLES

    hashed, seal = xxh3_64(), tables["seal"][0]
    for name in TABLES:
        offset, size = tables.get(name, (0, 0))
        if name != "seal":
            hashed.update(size.to_bytes(8, "little") + content[offset:offset + size])
    hashed.update(bytes(content[seal:seal + 64]))
    content[seal + 64:seal + 72] = hashed.intdigest().to_bytes(8, "little")
    return bytes(content)


@pytest.mark.parametrize("name", GOLDEN)
def test_forged_tables_never_crash(name: str, tmp_path: Path) -> None:
    """Tables with changed numbers and a right checksum: a tensor, or a `FormatError`."""
    path, random_source = FIXTURES / "checkpoints" / f"{name}.h5", random.Random(name)
    content = path.read_bytes()
    with h5py.File(path, "r") as file:
        tables = {table: (item.id.get_offset(), item.id.get_storage_size())
                  for table, item in file["tessera"].items() if isinstance(item, h5py.Dataset)}
    copy, refused, tried = tmp_path / "forged.h5", 0, 0
    for table, (offset, size) in tables.items():
        if table in ("plan", "source"):
            continue
        for _ in range(8):
            forged = bytearray(content)
            place = offset + random_source.randrange(0, size)
            forged[place] = random_source.choice([0, 1, 2, 0x7F, 0x80, 0xFF])
            if bytes(forged) == content:
                continue
            copy.write_bytes(sealed(forged, tables))
            tried += 1
            try:
                with tessera_h5.open(copy) as m:
                    m.state_dict()
                    for task in m.tasks:
                        for level in m.levels(task):
                            m.state_dict(task, level.number)
                    m.verify()
            except tessera_h5.FormatError as error:
                assert str(error).startswith(f"{copy}: "), error
                refused += 1
    assert tried >= 55 and refused >= tried * 0.9, (tried, refused)


def test_a_wrong_address_is_refused(tmp_path: Path) -> None:
    """HDF5 finds the data of each section, but the table must agree."""
    path, copy, refused = FIXTURES / "checkpoints" / "mixed.h5", tmp_path / "forged.h5", 0
    content = path.read_bytes()
    with h5py.File(path, "r") as file:
        tables = {table: (item.id.get_offset(), item.id.get_storage_size())
                  for table, item in file["tessera"].items() if isinstance(item, h5py.Dataset)}
    offset, size = tables["sections"]
    for place in range(offset + 32, offset + size, 48):
        forged = bytearray(content)
        address = int.from_bytes(forged[place:place + 8], "little")
        if address == 2**64 - 1:
            continue
        forged[place:place + 8] = (address - 1).to_bytes(8, "little")
        copy.write_bytes(sealed(forged, tables))
        try:
            with tessera_h5.open(copy) as m:
                with pytest.raises(tessera_h5.FormatError, match=f"expected data at {address - 1}, found {address}"):
                    m.state_dict()
                refused += 1
        except tessera_h5.FormatError as error:
            assert "sections: data overlap" in str(error)
    assert refused >= 8


def test_no_changed_byte_is_a_crash(tmp_path: Path) -> None:
    """Bytes anywhere, HDF5's own structures among them."""
    path, random_source = FIXTURES / "checkpoints" / "mixed.h5", random.Random(3)
    size, refused = path.stat().st_size, 0
    for _ in range(100):
        copy = changed(path, tmp_path, random_source.randrange(size), random_source.randrange(1, 256))
        try:
            with tessera_h5.open(copy) as m:
                m.state_dict()
                m.verify()
        except tessera_h5.FormatError:
            refused += 1
    assert refused >= 90


@pytest.mark.parametrize("length", [0, 7, 512, 2_000, 12_000, 31_479])
def test_a_short_file_is_refused(length: int, tmp_path: Path) -> None:
    copy = tmp_path / "short.h5"
    copy.write_bytes((FIXTURES / "checkpoints" / "mixed.h5").read_bytes()[:length])
    with pytest.raises(tessera_h5.FormatError):
        with tessera_h5.open(copy) as m:
            m.state_dict()


def test_other_files_are_refused(fashion: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        tessera_h5.open(tmp_path / "nothing.h5")
    with pytest.raises(IsADirectoryError):
        tessera_h5.open(tmp_path)
    other = tmp_path / "other.h5"
    with h5py.File(other, "w") as file:
        file["x"] = np.arange(3)
    with pytest.raises(tessera_h5.FormatError, match="expected a unit checkpoint, found another file"):
        tessera_h5.open(other)
    old = tmp_path / "old.h5"
    shutil.copy(fashion, old)
    with h5py.File(old, "r+") as file:
        file.attrs.modify("layout_version", np.array([3, 0], "u4"))
    with pytest.raises(tessera_h5.FormatError, match="expected layout version 2, found 3"):
        tessera_h5.open(old)
    refused = list((FIXTURES / "refused").glob("*.h5"))
    for path in refused:
        with pytest.raises(tessera_h5.FormatError):
            tessera_h5.open(path)
    assert refused


def test_a_part_of_a_set_is_no_checkpoint(tmp_path: Path) -> None:
    """What is read must not lack tensors without a word."""
    for part in ("1/2", "2/2"):
        run("convert", FIXTURES / "folders" / "llama", tmp_path / "m.h5", "--part", part)
    run("convert", "--join", tmp_path / "m.h5")
    with pytest.raises(tessera_h5.FormatError, match="found a part of a set; `tessera convert --merge`"):
        tessera_h5.open(tmp_path / "m-00001-of-00002.h5")
    with pytest.raises(tessera_h5.FormatError, match="found the list of a set; `tessera convert --merge`"):
        tessera_h5.open(tmp_path / "m.h5.index.json")
    run("convert", "--merge", tmp_path / "m.h5")
    with tessera_h5.open(tmp_path / "m.h5") as m:
        assert m.state_dict()


def test_a_dataset_elsewhere_is_refused(fashion: Path, tmp_path: Path) -> None:
    for change in ("soft", "external", "moved"):
        copy = tmp_path / f"{change}.h5"
        shutil.copy(fashion, copy)
        with h5py.File(copy, "r+") as file:
            data = file["intra/0/F32"][()]
            file.move("intra/0/F32", "elsewhere")
            if change == "soft":
                file["intra/0/F32"] = h5py.SoftLink("/elsewhere")
            elif change == "external":
                file["intra/0/F32"] = h5py.ExternalLink(str(fashion), "/intra/0/F32")
            else:
                file.create_dataset("intra/0/F32", data=data.astype("f8"))
        with tessera_h5.open(copy) as m, pytest.raises(tessera_h5.FormatError, match="/intra/0/F32: "):
            m.state_dict("fine", 1)


def test_the_command_agrees_that_the_file_is_damaged(fashion: Path, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="page"):
        with h5py.File(fashion, "r") as file:
            offset = file["intra/1/F32"].id.get_offset()
        run("extract", changed(fashion, tmp_path, offset + 100), tmp_path / "x.npz", "--task", "fine", "--level", "2")


@pytest.mark.parametrize("content, words", [
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"4d" * 32 + b"\nsize 12345\n",
     "a Git LFS pointer: the 12,345 bytes of the file were not fetched; run `git lfs pull`"),
    (b"\x02\0\0\0\0\0\0\0{}", "a safetensors file; `tessera convert` makes a unit checkpoint of it"),
    (b"<!DOCTYPE html><html><body>Sign in</body></html>", "a web page or XML"), (b"\n<!-- x -->\n<HTML>", "a web page"),
    (b"PK\3\4rest", "a ZIP archive"), (b"\x93NUMPY\1\0", "an npy file"), (b"\x80\2}q\0.", "a pickle"),
    (b"GGUF\3\0\0\0", "a GGUF file"), (b'{"a": 1}', "JSON text"), ("Grüße".encode() * 300, "text"), (b"", "an empty"),
    (b"\0\1\2\xff" * 99, "data that cannot be read")])
def test_another_file_is_named(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    path.write_bytes(content)
    with pytest.raises(tessera_h5.FormatError) as caught:
        tessera_h5.open(path)
    assert str(caught.value).startswith(f"{path}: expected a unit checkpoint") and f"found {words}" in str(caught.value)


def test_a_fifo_or_a_device_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.h5")
    (tmp_path / "link.h5").symlink_to(tmp_path / "fifo.h5")
    for path, found in ((tmp_path / "fifo.h5", "a FIFO"), (tmp_path / "link.h5", "a FIFO"),
                        (Path(os.devnull), "a character device")):
        with pytest.raises(tessera_h5.FormatError, match=f"expected a regular file, found {found}"):
            tessera_h5.open(path)
