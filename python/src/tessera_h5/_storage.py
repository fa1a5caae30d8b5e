"""The datasets of a unit checkpoint: where their bytes are, and reading them with their checksums."""

from __future__ import annotations

import math
import os
import stat
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Callable, Generator, Iterable

import h5py
import numpy as np
import numpy.typing as npt
from h5py import h5l, h5o  # pyright: ignore[reportAttributeAccessIssue]  (compiled, and without stubs)
from xxhash import xxh3_64_intdigest

from ._errors import DamagedFile, FormatError, TesseraError, need
from ._kinds import found_instead, special
from ._tables import NO_ADDRESS, Identifier

Bytes = npt.NDArray[np.uint8]

# Bytes that are read at once and then checked: they are still in the processor's cache.
BATCH = 1 << 20
# The filters that a reader accepts: deflate, shuffle, fletcher32.
FILTERS = {1, 2, 3}


@contextmanager
def reading(path: str) -> Generator[None, None, None]:
    """Gives errors their file. An unexpected error of a decoder means that the file is not as specified."""
    try:
        yield
    except FormatError as error:
        error.file = error.file or path
        raise
    except (TesseraError, MemoryError, FileNotFoundError, PermissionError):
        raise
    except (OSError, RuntimeError, LookupError, ValueError, TypeError, ArithmeticError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise FormatError(f"expected a unit checkpoint of layout 2, found data that cannot be read ({reason})",
                          path) from error


class Storage:
    """An open HDF5 file."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.file = h5py.File(path, "r")
        self.groups: dict[str, Identifier] = {"": h5py.h5g.open(self.file.id, b"/")}
        self.descriptor = int(self.file.id.get_vfd_handle())
        self.length = os.fstat(self.descriptor).st_size
        self.bytes_read = 0

    @staticmethod
    def open(path: str) -> Storage:
        """Opens a unit checkpoint of layout 2; refuses any other file."""
        # Opening a FIFO waits until another program writes to it.
        mode = os.stat(path).st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise FormatError(f"expected a regular file, found {special(mode)}", path)
        # For an OSError with its own number: h5py's errors do not distinguish a missing file.
        with open(path, "rb"):
            pass
        try:
            with reading(path):
                storage = Storage(path)
        except FormatError:
            found = found_instead(path)
            if found is None:
                raise
            raise FormatError(f"expected a unit checkpoint, found {found}", path) from None
        try:
            with reading(path):
                attributes = storage.file.attrs
                need(attributes.get("format") != b"tessera.part",
                     "expected a whole checkpoint, found a part of a set; `tessera convert --merge` makes one file")
                need(attributes.get("format") == b"tessera.checkpoint",
                     "expected a unit checkpoint, found another file")
                version: Any = np.asarray(attributes["layout_version"]).tolist()
                need(version[0] == 2, f"expected layout version 2, found {version[0]}")
        except BaseException:
            storage.close()
            raise
        return storage

    def close(self) -> None:
        self.groups.clear()
        self.file.close()

    def _need_open(self) -> None:
        # The descriptor's number may already be that of another file.
        if not self.groups:
            raise TesseraError(f"{self.path}: expected an open checkpoint, found one that was closed")

    def group(self, path: str) -> Identifier | None:
        """The group at a path without a leading slash, or None. Raises `TesseraError` after `close`."""
        self._need_open()
        found = self.groups.get(path)
        if found is None:
            above, _, name = path.rpartition("/")
            parent = self.group(above)
            if parent is None or not self._is_hard(parent, name):
                return None
            item = h5o.open(parent, name.encode())
            if not isinstance(item, h5py.h5g.GroupID):
                return None
            found = self.groups[path] = item
        return found

    @staticmethod
    def _is_hard(group: Identifier, name: str) -> bool:
        # h5py gives the class of a link as an integer; hard links are class 0.
        return name.encode() in group and group.links.get_info(name.encode()).type == h5l.TYPE_HARD

    def has(self, path: str) -> bool:
        above, _, name = path.rpartition("/")
        group = self.group(above)
        return group is not None and name.encode() in group

    def find(self, path: str, wanted: Identifier) -> Identifier:
        """The dataset at a path; refuses another type, and data that are not in this file."""
        above, _, name = path.rpartition("/")
        group = self.group(above)
        if group is None or not self._is_hard(group, name):
            raise FormatError(f"/{path}: expected a dataset, found none")
        item: Any = h5o.open(group, name.encode())
        need(isinstance(item, h5py.h5d.DatasetID) and item.get_type().equal(wanted), f"/{path}: found another type")
        created = item.get_create_plist()
        filters = {created.get_filter(number)[0] for number in range(created.get_nfilters())}
        need(created.get_layout() in (h5py.h5d.COMPACT, h5py.h5d.CONTIGUOUS, h5py.h5d.CHUNKED),
             f"/{path}: expected data in this file, found a virtual dataset")
        need(not created.get_external_count() and filters <= FILTERS, f"/{path}: found data stored in another way")
        return item

    def read(self, offset: int, out: memoryview) -> None:
        """Fills `out` with the file's bytes from `offset` on. Raises `TesseraError` after `close`."""
        self._need_open()
        done = 0
        while done < len(out):
            count = os.preadv(self.descriptor, [out[done:]], offset + done)
            need(count, f"expected {offset + len(out):,} bytes, found {offset + done:,}")
            done += count


def whole(dataset: Identifier) -> Bytes:
    """All bytes of a dataset, without conversion."""
    kind = dataset.get_type()
    out = np.empty(math.prod(dataset.shape) * kind.get_size(), np.uint8)
    if out.size:
        # h5py would convert bfloat16 to float32, so the type in memory is set to the type in the file.
        dataset.read(h5py.h5s.ALL, h5py.h5s.ALL, out, mtype=kind)
    return out


class Section:
    """The bytes of one section, or of one whole tensor."""

    def __init__(self, path: str, size: int, address: int, shape: tuple[int, ...], dtype: str, kind: int,
                 first_page: int) -> None:
        self.path, self.size, self.address, self.shape = path, size, address, shape
        self.dtype, self.kind, self.first_page = dtype, kind, first_page
        self.number, self.content = -1, np.empty(0, np.uint8)
        self.dataset: Identifier | None = None
        self.offset: int | None = None


class Decoders:
    """Threads that decompress; zlib runs without Python's lock. They start at the first compressed section."""

    pool: ThreadPoolExecutor | None = None

    @classmethod
    def map(cls, decode: Callable[[bytes], Bytes], stored: list[bytes]) -> Iterable[Bytes]:
        if cls.pool is None:
            cls.pool = ThreadPoolExecutor(min(8, os.cpu_count() or 1), thread_name_prefix="tessera_h5")
        return cls.pool.map(decode, stored)

    @classmethod
    def forget(cls) -> None:
        cls.pool = None


# A forked process, such as a worker of a data loader, has none of the parent's threads and would wait for them.
os.register_at_fork(after_in_child=Decoders.forget)


class Chunks:
    """The chunks of a compressed section: read as stored, and then decoded by several threads.

    libhdf5 decodes one chunk after another, and takes twice as long on two cores.
    """

    def __init__(self, dataset: Identifier, section: Section) -> None:
        created = dataset.get_create_plist()
        filters = [created.get_filter(number)[0] for number in range(created.get_nfilters())]
        self.dataset, self.path, self.width = dataset, section.path, dataset.get_type().get_size()
        self.extent = created.get_chunk()[0]
        self.is_shuffled = filters[:1] == [h5py.h5z.FILTER_SHUFFLE]
        need(filters[self.is_shuffled:] == [h5py.h5z.FILTER_DEFLATE], f"/{section.path}: found other filters")

    def read(self, start: int, out: Bytes) -> int:
        """Fills `out` with the section's bytes from `start` on, and returns the stored bytes of their chunks."""
        size = self.extent * self.width
        numbers = range(start // size, -(-(start + out.size) // size))
        stored: list[bytes] = []
        for number in numbers:
            mask, data = self.dataset.read_direct_chunk((number * self.extent,))
            need(mask == 0, f"/{self.path}: found a chunk without its filters")
            stored.append(data)
        for number, chunk in zip(numbers, Decoders.map(self._decode, stored)):
            first = number * size
            low, high = max(first, start), min(first + size, start + out.size)
            out[low - start:high - start] = chunk[low - first:high - first]
        return sum(map(len, stored))

    def _decode(self, stored: bytes) -> Bytes:
        size = self.extent * self.width
        decoder = zlib.decompressobj()
        try:
            # At most one byte too many: a small chunk must not become gigabytes.
            content = decoder.decompress(stored, size + 1)
        except zlib.error as error:
            raise FormatError(f"/{self.path}: found a chunk that cannot be decompressed ({error})") from error
        need(len(content) == size, f"/{self.path}: expected chunks of {size:,} bytes, found another size")
        chunk = np.frombuffer(content, np.uint8)
        if self.is_shuffled and self.width > 1:
            return np.ascontiguousarray(chunk.reshape(self.width, self.extent).T).reshape(-1)
        return chunk


class SectionReader:
    """Reads ranges of sections. Each page of which a byte is read is checked, if checks are on."""

    def __init__(self, storage: Storage, pages: npt.NDArray[Any], page_bytes: int, is_as_written: bool,
                 check: bool) -> None:
        self.storage, self.pages, self.page_bytes = storage, pages.tolist(), page_bytes
        self.is_as_written, self.check = is_as_written, check

    def open(self, section: Section, wanted: Identifier, attribute: bytes | None) -> None:
        """Looks up the dataset, and refuses one that is not where the table says."""
        dataset = self.storage.find(section.path, wanted)
        need(tuple(dataset.shape) == section.shape,
             f"/{section.path}: expected the shape {list(section.shape)}, found {list(dataset.shape)}")
        offset = dataset.get_offset()
        if self.is_as_written:
            found = NO_ADDRESS if offset is None else offset
            need(found == section.address, f"/{section.path}: expected data at {section.address}, found {found}")
        if attribute is not None:
            need(h5py.h5a.exists(dataset, b"dtype"), f"/{section.path}: expected the attribute dtype")
            found = h5py.Dataset(dataset).attrs["dtype"]
            need(found == attribute, f"/{section.path}: expected the dtype {attribute.decode()}, found {found!r}")
        section.dataset, section.offset = dataset, offset

    def read(self, section: Section, start: int, out: Bytes) -> None:
        """Fills `out` with the section's bytes from `start` on; the section is open."""
        if section.offset is None and len(section.shape) != 1:
            # The chunks of a whole tensor are not its pages, so it is read as a whole.
            need(start == 0 and out.size == section.size, f"/{section.path}: expected to be read as a whole")
            self._fetch(section, 0, out)
            self._verify(section, 0, out)
            return
        end, step = start + out.size, self.page_bytes
        position = start
        while position < end:
            number = position // step
            first, last = number * step, min((number + 1) * step, section.size)
            if position == first and last <= end and number != section.number:
                stop = end if end == section.size else end // step * step
                stop = min(stop, first + max(BATCH // step, 1) * step)
                part = out[position - start:stop - start]
                self._fetch(section, position, part)
                self._verify(section, number, part)
                position = stop
            else:
                page, last = self._page(section, number), min(last, end)
                out[position - start:last - start] = page[position - first:last - first]
                position = last

    def view(self, section: Section, start: int, size: int) -> Bytes:
        """Some bytes of a section, which must not be changed: a part of the page in memory if they lie in one."""
        number = start // self.page_bytes
        first = number * self.page_bytes
        if start + size <= first + self.page_bytes:
            return self._page(section, number)[start - first:start - first + size]
        out = np.empty(size, np.uint8)
        self.read(section, start, out)
        return out

    def _page(self, section: Section, number: int) -> Bytes:
        if number != section.number:
            first = number * self.page_bytes
            content = np.empty(min(self.page_bytes, section.size - first), np.uint8)
            self._fetch(section, first, content)
            self._verify(section, number, content)
            # Neighbouring blocks share a page, and the next tensor begins where this one ends.
            section.number, section.content = number, content
        return section.content

    def _verify(self, section: Section, number: int, content: Bytes) -> None:
        if not self.check:
            return
        step, view = self.page_bytes, content.data
        for at in range(0, len(view), step):
            page = number + at // step
            found, expected = xxh3_64_intdigest(view[at:at + step]), self.pages[section.first_page + page]
            if found != expected:
                raise DamagedFile("/" + section.path, f"page {page}", f"{expected:016x}", f"{found:016x}")

    def _fetch(self, section: Section, start: int, out: Bytes) -> None:
        if section.offset is not None:
            self.storage.read(section.offset + start, out.data)
            self.storage.bytes_read += out.size
            return
        dataset = section.dataset
        if dataset is None or not out.size:
            return
        if self.is_as_written and len(section.shape) == 1:
            self.storage.bytes_read += Chunks(dataset, section).read(start, out)
            return
        kind = dataset.get_type()
        count = out.size // kind.get_size()
        if out.size == section.size:
            dataset.read(h5py.h5s.ALL, h5py.h5s.ALL, out, mtype=kind)
        else:
            space, memory = dataset.get_space(), h5py.h5s.create_simple((count,))
            space.select_hyperslab((start // kind.get_size(),), (count,))
            dataset.read(memory, space, out, mtype=kind)
        self.storage.bytes_read += out.size
