"""Runs the trained sample's checkpoint at every (task, level), and compares with what PyTorch gave.

usage: fashion.py TESSERA SAMPLE

Prints one JSON object: per network the greatest difference of the logits and whether the classes agree, extracted models
judged by ONNX Runtime.
"""

import json
import os
import subprocess
import sys
import tempfile

import numpy
import onnxruntime


def main(tessera, sample):
    reference = numpy.load(os.path.join(sample, "reference.npz"))
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)

        def run(*words):
            result = subprocess.run([tessera, *map(str, words)], capture_output=True, text=True)
            assert result.returncode == 0, f"{words}: {result.stderr}"
            return result.stdout

        run("convert", f"{sample}/network.onnx", "network.h5", "--plan", f"{sample}/plan.json")
        run("convert", "network.h5", "back.onnx")
        same = open("back.onnx", "rb").read() == open(f"{sample}/network.onnx", "rb").read()
        for task in ("fine", "coarse", "digits", "parity"):
            images = (reference[f"{task}.images"].astype(numpy.float32) / 255)[:, None]
            numpy.save("x.npy", images)
            for level in range(1, 5):
                chosen = ["network.h5", "--task", task, "--level", level]
                document = json.loads(run("run", *chosen, "--input", "x.npy", "--output", "y.npy", "--json"))
                run("extract", chosen[0], "small.onnx", *chosen[1:])
                session = onnxruntime.InferenceSession("small.onnx", providers=["CPUExecutionProvider"])
                (extracted,) = session.run(None, {session.get_inputs()[0].name: images})
                expected = reference[f"{task}.logits_level{level}"]
                found = numpy.load("y.npy")
                rows.append({
                    "task": task, "level": level, "outputs": [o["name"] for o in document["outputs"]],
                    "greatest": float(numpy.abs(expected).max()), "difference": float(numpy.abs(found - expected).max()),
                    "extracted": float(numpy.abs(extracted - expected).max()), "bytes_read": document["bytes_read"],
                    "classes": bool((found.argmax(1) == expected.argmax(1)).all()),
                    "accuracy": float((found.argmax(1) == reference[f"{task}.labels"]).mean()),
                })
    print(json.dumps({"same": same, "rows": rows}))


main(sys.argv[1], os.path.abspath(sys.argv[2]))
