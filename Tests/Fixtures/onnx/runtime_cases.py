"""Case folders in the layout of ONNX's test data, with the outputs of ONNX Runtime."""

import os

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

onnxruntime.set_default_logger_severity(4)


def element_type(array):
    return TensorProto.STRING if array.dtype == object else helper.np_dtype_to_tensor_dtype(array.dtype)


def texts(*words):
    return numpy.array(words, dtype=object)


class Cases:
    """Writes cases to a folder; names are an operator's and a number."""

    def __init__(self, destination):
        self.destination = destination
        self.counts = {}

    def add(self, operator, inputs, outputs, *, domain="", version, change=None, **attributes):
        """Adds a case with one node.

        `outputs` are the element types of the node's outputs. `change` gives other expected outputs, where ONNX Runtime
        contradicts the specification.
        """
        names = [f"x{index}" for index in range(len(inputs))]
        results = [f"y{index}" for index in range(len(outputs))]
        node = helper.make_node(operator, names, results, domain=domain, **attributes)
        graph = helper.make_graph(
            [node],
            "case",
            [helper.make_tensor_value_info(n, element_type(x), x.shape) for n, x in zip(names, inputs)],
            [helper.make_tensor_value_info(n, kind, None) for n, kind in zip(results, outputs)],
        )
        opsets = [helper.make_opsetid("", 20 if domain else version)]
        if domain:
            opsets.append(helper.make_opsetid(domain, version))
        model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        found = session.run(None, dict(zip(names, inputs)))
        if change:
            found = change(found)
        number = self.counts.get(operator, 0)
        self.counts[operator] = number + 1
        folder = os.path.join(self.destination, f"{operator.lower()}_{number:03}")
        data = os.path.join(folder, "test_data_set_0")
        os.makedirs(data)
        onnx.save(model, os.path.join(folder, "model.onnx"))
        for role, arrays in [("input", inputs), ("output", found)]:
            for index, array in enumerate(arrays):
                message = numpy_helper.from_array(numpy.asarray(array), f"{role}_{index}")
                with open(os.path.join(data, f"{role}_{index}.pb"), "wb") as file:
                    file.write(message.SerializeToString(deterministic=True))

    def report(self):
        for operator, count in sorted(self.counts.items()):
            print(operator, count)
