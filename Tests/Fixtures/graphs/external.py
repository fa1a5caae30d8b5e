"""A model with external data, beside it and in a folder there: planned, converted, returned, run and extracted.

usage: external.py TESSERA

Prints one JSON object.
"""

import json
import os
import subprocess
import sys
import tempfile

import numpy
import onnx
import onnxruntime

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import networks


def main(tessera):
    failures, seen = [], 0
    model, shape = networks.make("wrn")
    x = numpy.random.default_rng(4).standard_normal(shape).astype(numpy.float32)

    def run(*words, code=0):
        result = subprocess.run([tessera, *words], capture_output=True, text=True)
        if result.returncode != code:
            failures.append(f"{words}: {result.returncode} {result.stderr}")
        return result

    for location in ("weights.bin", "data/inner/weights.bin"):
        with tempfile.TemporaryDirectory() as scratch:
            os.chdir(scratch)
            os.makedirs(os.path.dirname(location) or ".", exist_ok=True)
            copy = onnx.ModelProto()
            copy.CopyFrom(model)
            onnx.save_model(copy, "model.onnx", save_as_external_data=True, location=location, size_threshold=64)
            numpy.save("x.npy", x)
            run("plan", "model.onnx", "--units", "4", "-o", "plan.json")
            run("convert", "model.onnx", "model.h5", "--plan", "plan.json")
            os.mkdir("back")
            run("convert", "model.h5", "back/model.onnx")
            for name in ("model.onnx", location):
                if open(name, "rb").read() != open(f"back/{name}", "rb").read():
                    failures.append(f"{name} comes back changed")
                seen += 1
            if len([name for _, _, names in os.walk("back") for name in names]) != 2:
                failures.append(f"other files came back: {list(os.walk('back'))}")
            verified = json.loads(run("verify", "model.onnx", "model.h5", "--input", "x.npy", "--json").stdout)
            if not verified["ok"] or len(verified["networks"]) != 8:
                failures.append(f"verify: {verified}")
            # The model's own weights are gone: what runs is in the checkpoint alone.
            os.rename(location, "elsewhere")
            run("run", "model.h5", "--task", "fine", "--level", "2", "--input", "x.npy", "--output", "y.npy")
            run("extract", "model.h5", "small.onnx", "--task", "fine", "--level", "2")
            session = onnxruntime.InferenceSession("small.onnx", providers=["CPUExecutionProvider"])
            (expected,) = session.run(None, {"images": x})
            found = numpy.load("y.npy")
            if not numpy.abs(found - expected).max() <= 1e-4 * numpy.abs(expected).max() + 1e-6:
                failures.append(f"run and extract differ by {numpy.abs(found - expected).max()}")
            # Somebody's file or folder of that name is left alone, and nothing else is written.
            os.mkdir("again")
            first = location.split("/")[0]
            if "/" in location:
                os.mkdir(f"again/{first}")
            else:
                open(f"again/{first}", "w").write("mine")
            refused = run("convert", "model.h5", "again/model.onnx", code=2)
            if f"'{first}'" not in refused.stderr or refused.stderr.count("\n") != 1 or os.listdir("again") != [first]:
                failures.append(f"refusal: {refused.stderr} {os.listdir('again')}")
            os.chdir("/")
    # A hidden file could not be written again, so it is not taken in.
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        copy = onnx.ModelProto()
        copy.CopyFrom(model)
        onnx.save_model(copy, "model.onnx", save_as_external_data=True, location="weights.bin", size_threshold=64)
        os.mkdir(".hidden")
        os.rename("weights.bin", ".hidden/weights.bin")
        hidden = onnx.load("model.onnx", load_external_data=False)
        for tensor in hidden.graph.initializer:
            for entry in tensor.external_data:
                if entry.key == "location":
                    entry.value = ".hidden/weights.bin"
        onnx.save(hidden, "model.onnx")
        said = run("convert", "model.onnx", "model.h5", code=2).stderr
        if ".hidden/weights.bin" not in said or os.path.exists("model.h5"):
            failures.append(f"a hidden file: {said}")
        run("convert", "model.onnx", "flat.safetensors")
        os.chdir("/")
    print(json.dumps({"failures": failures, "seen": seen}))


main(sys.argv[1])
