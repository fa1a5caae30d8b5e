"""Sends the models of ../exporters through the command, and judges every sub-network by ONNX Runtime and masked.py.

usage: exporters.py TESSERA [NAME …]

Every form of a model must be cut along the axes that its plain form (legacy) is cut along. Prints one JSON object.
"""

import glob
import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import numpy
import onnx
import trial

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "exporters")


def main():
    tessera, names = sys.argv[1], sys.argv[2:]
    report = {"seen": 0, "levels": 0, "failures": []}
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted(glob.glob(os.path.join(FOLDER, "*.legacy.onnx"))):
            name = os.path.basename(path).split(".")[0]
            if names and name not in names:
                continue
            with numpy.load(os.path.join(FOLDER, f"{name}.expected.npz")) as known:
                x = known["x"]
            sizes = {}
            for form in sorted(glob.glob(os.path.join(FOLDER, f"{name}.*.onnx"))):
                model = onnx.load(form)
                title = os.path.basename(form)
                feeds = {model.graph.input[0].name: x}
                outcome = trial.judge(tessera, folder, model, feeds, 2, ["--tasks", "t"])
                report["seen"] += 1
                report["levels"] += outcome["levels"]
                if outcome["failure"] or outcome["refused"]:
                    report["failures"].append({"file": title, **outcome})
                    continue
                with open(os.path.join(folder, "m.json")) as file:
                    sizes[title] = sorted(axis["size"] for axis in json.load(file)["axes"].values())
            plain = sizes.get(f"{name}.legacy.onnx", [])
            for title, found in sizes.items():
                rest = list(found)
                lacking = [size for size in plain if size not in rest or rest.remove(size)]
                if not plain or lacking:
                    report["failures"].append({"file": title, "expected": plain, "found": found})
    print(json.dumps(report))


main()
