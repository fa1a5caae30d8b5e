"""Runs trained models through the command and through ONNX Runtime.

usage: real_models.py TESSERA BACKEND

The models come from wheels that are installed without what they would run on. Prints one JSON object: per case and
output the largest absolute value and the largest difference, both of them over the whole output.
"""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile

import numpy
import onnxruntime

SEED = 7


def page(rng, height, width):
    """A white page with dark strokes in rows: what a text detector answers to."""
    image = numpy.full((height, width), 0.95, numpy.float32)
    for top in range(8, height - 20, 28):
        for left in range(6, width - 12, 11):
            for _ in range(3):
                y, x = top + int(rng.integers(0, 12)), left + int(rng.integers(0, 6))
                if rng.random() < 0.5:
                    image[y : y + 9, x : x + 2] = 0.05
                else:
                    image[y : y + 2, x : x + 7] = 0.05
    return numpy.repeat(image[None, None], 3, axis=1)


def cases(rng):
    def normal(*shape):
        return rng.standard_normal(shape).astype(numpy.float32)

    def models(package, *path):
        return os.path.join(importlib.util.find_spec(package).submodule_search_locations[0], *path)

    ocr = models("rapidocr_onnxruntime", "models")
    mean, deviation = (numpy.array(v, numpy.float32).reshape(1, 3, 1, 1) for v in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))
    yield f"{ocr}/ch_PP-OCRv4_det_infer.onnx", {"x": (page(rng, 96, 160) - mean) / deviation}
    yield f"{ocr}/ch_PP-OCRv4_rec_infer.onnx", {"x": (page(rng, 48, 152)[:, :, :, :152] - 0.5) / 0.5}
    yield f"{ocr}/ch_ppocr_mobile_v2.0_cls_infer.onnx", {"x": normal(2, 3, 48, 192)}
    vad = models("silero_vad", "data")
    wide, narrow = numpy.array(16000, numpy.int64), numpy.array(8000, numpy.int64)
    yield f"{vad}/silero_vad.onnx", {"input": normal(2, 576) / 10, "state": normal(2, 2, 128), "sr": wide}
    yield f"{vad}/silero_vad.onnx", {"input": normal(3, 288) / 10, "state": normal(2, 3, 128), "sr": narrow}
    yield f"{vad}/silero_vad_16k_op15.onnx", {"input": normal(1, 576) / 10, "state": normal(2, 1, 128), "sr": wide}
    yield f"{vad}/silero_vad_16k_sequence.onnx", {"input": normal(5, 576), "h": normal(1, 1, 128), "c": normal(1, 1, 128)}
    yield f"{vad}/silero_vad_half.onnx", {"input": normal(1, 576) / 10, "state": normal(2, 1, 128)}
    yield f"{vad}/silero_vad_op18_ifless.onnx", {"input": normal(2, 576), "state": normal(2, 2, 128), "sr": wide}
    yield f"{vad}/silero_vad_openvino_16k.onnx", {"input": normal(1, 576), "state": normal(2, 1, 128)}


def main(tessera, backend):
    rng = numpy.random.default_rng(SEED)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    report = []
    for path, inputs in cases(rng):
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        expected = dict(zip([output.name for output in session.get_outputs()], session.run(None, inputs)))
        with tempfile.TemporaryDirectory() as scratch:
            source, target = os.path.join(scratch, "x.npz"), os.path.join(scratch, "y.npz")
            numpy.savez(source, **inputs)
            subprocess.run(
                [tessera, "run", path, "--input", source, "--output", target, "--backend", backend], check=True,
                capture_output=True)
            found = numpy.load(target)
            for name, array in expected.items():
                same = found[name].shape == array.shape and found[name].dtype == array.dtype
                report.append({
                    "model": os.path.basename(path), "output": name, "same_shape": bool(same),
                    "greatest": float(numpy.abs(array).max()),
                    "difference": float(numpy.abs(found[name] - array).max()) if same else -1.0,
                })
    print(json.dumps({"outputs": report}))


main(sys.argv[1], sys.argv[2])
