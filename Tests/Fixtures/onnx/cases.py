"""Writes the conformance cases of the `onnx` wheel as folders, in the layout of its own test data.

usage: cases.py DESTINATION

Each case becomes DESTINATION/<suite>/<case>/model.onnx with test_data_set_<i>/{input,output}_<k>.pb. The suite
`node` is made by the wheel's generator; the others are copied from its data folder. Prints one line per suite.
"""

import os
import shutil
import sys
import warnings

import numpy
import onnx
import onnx.backend.test
from onnx import numpy_helper
from onnx.backend.test.case.node import collect_testcases

SUITES = ["pytorch-converted", "pytorch-operator", "simple"]


def message(value, info):
    """A value of a generated case as the message that its type asks for."""
    kind = info.type.WhichOneof("value")
    if isinstance(value, (onnx.TensorProto, onnx.SequenceProto, onnx.OptionalProto)):
        return value
    if kind == "sequence_type":
        return numpy_helper.from_list(value, info.name)
    if kind == "optional_type":
        return numpy_helper.from_optional(value, info.name)
    return numpy_helper.from_array(numpy.asarray(value), info.name)


def write(case, folder):
    os.makedirs(folder)
    onnx.save(case.model, os.path.join(folder, "model.onnx"))
    graph = case.model.graph
    for number, (inputs, outputs) in enumerate(case.data_sets):
        data = os.path.join(folder, f"test_data_set_{number}")
        os.makedirs(data)
        for role, values, infos in [("input", inputs, graph.input), ("output", outputs, graph.output)]:
            for index, (value, info) in enumerate(zip(values, infos)):
                with open(os.path.join(data, f"{role}_{index}.pb"), "wb") as file:
                    file.write(message(value, info).SerializeToString(deterministic=True))


def main(destination):
    warnings.simplefilter("ignore")
    cases = collect_testcases(None)
    for case in cases:
        write(case, os.path.join(destination, "node", case.name))
    print("node", len(cases))
    data = os.path.join(os.path.dirname(onnx.backend.test.__file__), "data")
    for suite in SUITES:
        shutil.copytree(os.path.join(data, suite), os.path.join(destination, suite))
        print(suite, len(os.listdir(os.path.join(destination, suite))))


main(sys.argv[1])
