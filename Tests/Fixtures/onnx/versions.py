"""Writes a case for each version of each listed operator of ONNX's own domain.

usage: versions.py DESTINATION

A case is DESTINATION/<operator>_<version>[_<variant>]/model.onnx with test_data_set_0. Its model declares the version,
and its node uses that version's form (attributes that became inputs, `broadcast`, `consumed_inputs`, `is_test`).
The expected outputs are those of ONNX Runtime if it accepts the model; else those of a function in `versioned`; else
those of the `onnx` wheel's evaluator. Prints the operators without cases here and the number of cases by judge; fails
if a version has no judge, or if two disagree.
"""

import collections
import os
import sys
import warnings

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from versioned import MAKERS, SCHEMAS, arithmetic, control, elementwise, networks, structure  # noqa: F401

NAMES = [
    line.strip()
    for line in open(os.path.join(os.path.dirname(__file__), "operators.txt"))
    if line.strip() and "." not in line
]
VERSIONS = collections.defaultdict(list)
for schema_name, schema_version in sorted(SCHEMAS):
    VERSIONS[schema_name].append(schema_version)


def model(name, version, case):
    names = ["" if x is None else f"x{index}" for index, x in enumerate(case.inputs)]
    attributes = dict(case.attributes)
    if "consumed_inputs" in SCHEMAS[name, version].attributes:
        attributes["consumed_inputs"] = [0] * len(names)
    outputs = [f"y{index}" for index in range(case.outputs)]
    graph = helper.make_graph(
        [helper.make_node(name, names, outputs, **attributes)], f"{name}_{version}",
        [
            helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(np.asarray(x).dtype), np.shape(x))
            for n, x in zip(names, case.inputs)
            if n
        ],
        [onnx.ValueInfoProto(name=n) for n in outputs],  # `write` adds their types.
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", version)], ir_version=10)
    return made, {n: np.asarray(x) for n, x in zip(names, case.inputs) if n}


def judged(made, inputs, case):
    """(judge, outputs, the difference between ONNX Runtime and the function, if there are both)"""
    mine = None
    if case.by:
        mine = [np.asarray(y) for y in case.by(*[None if x is None else np.asarray(x) for x in case.inputs])]
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(made.SerializeToString(), options)
        outputs = session.run(None, inputs)
        if case.decides:
            return "NumPy", mine, None
        return "ONNX Runtime", [typed(y, info) for y, info in zip(outputs, session.get_outputs())], mine
    except Exception as error:
        refusal = str(error)
    if mine is not None:
        return "NumPy", mine, None
    try:
        return "onnx", ReferenceEvaluator(made).run(None, inputs), None
    except Exception as error:
        return None, f"{refusal[:120]}; {str(error)[:120]}", None


def typed(value, info):
    """An output of ONNX Runtime, which gives floats of eight bits as bytes."""
    if "float8" not in info.type:
        return value
    kind = getattr(TensorProto, info.type[7:-1].upper())
    return onnx.TensorProto(data_type=kind, dims=value.shape, raw_data=value.tobytes())


def message(value):
    if isinstance(value, onnx.TensorProto):
        return value
    value = np.asarray(value)
    if value.dtype == object:
        return helper.make_tensor("", TensorProto.STRING, value.shape, [str(v).encode() for v in value.ravel()])
    return numpy_helper.from_array(value)


def write(folder, made, inputs, outputs):
    data = os.path.join(folder, "test_data_set_0")
    os.makedirs(data)
    for role, values, infos in [("input", inputs, made.graph.input), ("output", outputs, made.graph.output)]:
        for index, (value, info) in enumerate(zip(values, infos)):
            tensor = message(value)
            info.type.tensor_type.elem_type = tensor.data_type
            with open(os.path.join(data, f"{role}_{index}.pb"), "wb") as file:
                file.write(tensor.SerializeToString())
    onnx.save(made, os.path.join(folder, "model.onnx"))


def agree(a, b):
    same = np.asarray(a).dtype == b.dtype and np.shape(a) == b.shape
    return same and np.allclose(a, b, 1e-2 if b.dtype == np.float16 else 1e-4, 1e-5, equal_nan=True)


def main(destination):
    warnings.simplefilter("ignore")
    counts, missing = collections.Counter(), []
    for name in [name for name in NAMES if name in MAKERS]:
        for version in VERSIONS[name]:
            rng = np.random.default_rng(version)
            for case in MAKERS[name](name, version, rng):
                title = f"{name}_{version}" + (f"_{case.variant}" if case.variant else "")
                made, inputs = model(name, version, case)
                judge, outputs, mine = judged(made, inputs, case)
                if judge is None:
                    missing.append(f"{title}: {outputs}")
                    continue
                if judge == "onnx":
                    print(f"{title}: only the wheel's evaluator")
                if not all(agree(a, b) for a, b in zip(outputs, mine or [])):
                    missing.append(f"{title}: ONNX Runtime and the function here differ")
                counts[judge] += 1
                write(os.path.join(destination, title), made, inputs.values(), outputs)
    print("made elsewhere:", *(name for name in NAMES if name not in MAKERS))
    print("versions", sum(counts.values()), dict(counts))
    if missing:
        sys.exit("\n".join(missing))


main(sys.argv[1])
