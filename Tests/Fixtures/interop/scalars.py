"""Measures how the time of a conversion grows with the number of scalars.

    python scalars.py TESSERA FOLDER      # prints {"few": seconds, "many": seconds, "times": how many more}

Seconds are of the processor, so that a busy machine changes nothing.
"""

import json
import resource
import struct
import subprocess
import sys


def seconds(command, folder, count):
    header = json.dumps({
        f"layer.{number}.scale": {"dtype": "F16", "shape": [], "data_offsets": [2 * number, 2 * number + 2]}
        for number in range(count)}).encode()
    with open(f"{folder}/{count}.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header + bytes(2 * count))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([command, "convert", f"{folder}/{count}.safetensors", f"{folder}/{count}.h5"], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


few, many = 2500, 20000
print(json.dumps({"few": seconds(*sys.argv[1:3], few), "many": seconds(*sys.argv[1:3], many), "times": many // few}))
