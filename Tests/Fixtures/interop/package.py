"""The package tessera_h5 from this tree, and what the scripts here ask of it: exact bytes, and where blocks lie."""

import os
import sys
from collections import namedtuple

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "..", "python", "src"))
import tessera_h5  # noqa: E402
from tessera_h5._dtypes import NUMPY  # noqa: E402, F401
from tessera_h5._storage import whole  # noqa: E402
from tessera_h5._tables import TABLES  # noqa: E402, F401

Block = namedtuple("Block", "path offset size")


def flat_tensors(path):
    """{name: (dtype, shape, data)} of the flat weights, in their order; checks every byte of the file."""
    with tessera_h5.open(path) as m:
        m.verify()
        return {name: (info.dtype, list(info.shape), m.tensor(name, framework="bits").tobytes())
                for name, info in m.tensors.items()}


def network(path, task, level):
    """{name: (dtype, shape, data)} of a sub-network, in the order of its tensors."""
    with tessera_h5.open(path) as m:
        found = m.network(task, level, framework="bits")
        return {name: (found.info(name).dtype, list(found.info(name).shape), data.tobytes())
                for name, data in found.items()}


def sections(m):
    """{path: section}, in the order of the table."""
    return {section.path: section for section in sorted(m._sections, key=lambda section: section.first_page)}


def raw(dataset):
    """The bytes of a dataset, without conversion."""
    return whole(dataset.id).tobytes()


def active_blocks(m, number):
    """For each tensor that a network needs, masks and maps included: its blocks that the network has."""
    index, reader = m._index, m._reader
    for row in range(len(index.names)):
        scope = index.scope[row]
        if m._placement.layout_of[row] is None or scope >= 0 and number not in index.scopes[scope]:
            continue
        if not set(index.units_of(row)) <= set(index.active_units(number)):
            continue
        ranges = [(m._sections[section].path, start) for section, start in reader._ranges(row)]
        if row in index.owned:
            width = m._placement.unit_bytes(row)[1] // 8
            yield [Block(path, start, elements * width) for (path, start), (_, unit, elements) in
                   zip(ranges, index.owned[row]) if unit in index.active_units(number)]
        else:
            yield [Block(ranges[b.key][0], ranges[b.key][1] + b.before, b.size)
                   for b in reader._recipe(row, number).blocks]
