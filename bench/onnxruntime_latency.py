"""The peer of `run --repeat`: `python onnxruntime_latency.py MODEL INPUT OUTPUT THREADS REPEAT`.

Prints the median of the runs after the first, in seconds, as JSON; writes the output as npy.
"""

import json
import statistics
import sys
import time

import numpy as np
import onnxruntime


def main(model, source, target, threads, repeat):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(threads)
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    given = np.load(source)
    inputs = dict(given) if source.endswith(".npz") else {session.get_inputs()[0].name: given}
    output = session.run(None, inputs)[0]
    seconds = []
    for _ in range(int(repeat)):
        start = time.perf_counter()
        session.run(None, inputs)
        seconds.append(time.perf_counter() - start)
    np.save(target, output)
    print(json.dumps({"median": statistics.median(seconds)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
