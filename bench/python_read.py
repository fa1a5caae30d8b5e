"""Times a read of all tensors in this process: `python python_read.py ours|peer|open FILE TASK LEVEL`.

`ours` is tessera_h5 on a checkpoint, with all checks; `peer` is safetensors.numpy.load_file on the extracted file, which
checks nothing; `open` only opens a checkpoint. Prints the seconds of one read as JSON: the median of three after the
first, each into new memory. `same` compares the arrays of both: `python python_read.py same FILE TASK LEVEL EXTRACTED`.
"""

import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python" / "src"))
import safetensors.numpy  # noqa: E402
import tessera_h5  # noqa: E402


def ours(path, task, level):
    with tessera_h5.open(path) as m:
        return m.state_dict(task, int(level))


def peer(path, task, level):
    return safetensors.numpy.load_file(path)


def opened(path, task, level):
    with tessera_h5.open(path) as m:
        return len(m.tensors)


def main(what, *arguments):
    if what == "same":
        path, task, level, extracted = arguments
        mine, other = ours(path, task, level), peer(extracted, task, level)
        same = mine.keys() == other.keys() and all(np.array_equal(mine[name], other[name]) for name in other)
        sys.exit(0 if same else f"{path}: other tensors than {extracted}")
    read, seconds = {"ours": ours, "peer": peer, "open": opened}[what], []
    for _ in range(4):
        start = time.perf_counter()
        result = read(*arguments)
        seconds.append(time.perf_counter() - start)
        del result
    print(json.dumps({"seconds": statistics.median(seconds[1:])}))


if __name__ == "__main__":
    main(*sys.argv[1:])
