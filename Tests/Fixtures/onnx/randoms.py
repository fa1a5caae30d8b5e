"""Writes cases for the operators that draw random numbers.

usage: randoms.py DESTINATION

Their numbers are the runner's own, so a case has no expected numbers: its graph computes statistics of what it draws
(moments, ranges, shares, the dependence of neighbours), compares them with the distribution's, and gives booleans,
which must all be true. A bound is at least five standard errors wide.
"""

import os
import sys

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

COUNT = 60_000
TYPES = {"float": TensorProto.FLOAT, "double": TensorProto.DOUBLE, "float16": TensorProto.FLOAT16}
CASES = {}


class Case:
    """A graph whose outputs are BOOL."""

    def __init__(self, name, opset=13):
        self.nodes, self.constants, self.outputs, self.opset = [], [], [], opset
        self.inputs = []
        CASES[name] = self

    def constant(self, value, dtype=numpy.float64):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(numpy.asarray(value, dtype), name))
        return name

    def input(self, value):
        name = f"x{len(self.inputs)}"
        self.inputs.append((name, numpy.asarray(value)))
        return name

    def node(self, operation, *inputs, count=1, **attributes):
        names = [f"v{len(self.nodes)}_{index}" for index in range(count)]
        if self.opset < 7 and operation in ["Sub", "Div", "Mul", "Less"]:
            attributes["broadcast"] = 1
        self.nodes.append(helper.make_node(operation, list(inputs), names, **attributes))
        return names[0] if count == 1 else names

    def true(self, name):
        self.outputs.append(name)

    def near(self, name, wanted, bound):
        """All elements are at most `bound` away from `wanted`."""
        distance = self.node("Abs", self.node("Sub", name, self.constant(wanted)))
        if numpy.ndim(wanted):
            distance = self.node("ReduceMax", distance, keepdims=0)
        self.true(self.node("Less", distance, self.constant(bound)))

    def mean(self, name, axes=None):
        return self.node("ReduceMean", name, keepdims=0, **({"axes": axes} if axes else {}))

    def moments(self, drawn, mean, deviation, skewness, kurtosis, count=COUNT):
        x = self.node("Cast", drawn, to=TensorProto.DOUBLE)
        z = self.node("Div", self.node("Sub", x, self.constant(mean)), self.constant(deviation))
        power, error = z, 1 / count**0.5
        for moment, spread in [(0, 1), (1, 1.5), (skewness, 4), (kurtosis, 11)]:
            self.near(self.mean(power), moment, 6 * spread * error)
            power = self.node("Mul", power, z)
        if self.opset < 10:
            return
        # Neighbours, and numbers at the distance of a row, do not depend on each other.
        line = self.node("Reshape", z, self.constant([-1], numpy.int64))
        for step in [1, 7]:
            first = self.node("Slice", line, self.constant([0], numpy.int64), self.constant([-step], numpy.int64))
            second = self.node("Slice", line, self.constant([step], numpy.int64), self.constant([count], numpy.int64))
            self.near(self.mean(self.node("Mul", first, second)), 0, 6 * error)

    def between(self, drawn, low, high):
        """All numbers are at least `low` and below `high`."""
        x = self.node("Cast", drawn, to=TensorProto.DOUBLE)
        least, greatest = (self.node(f"Reduce{name}", x, keepdims=0) for name in ["Min", "Max"])
        self.true(self.node("Not", self.node("Less", least, self.constant(low))))
        self.true(self.node("Less", greatest, self.constant(high)))

    def differ(self, first, second):
        equal = self.node("Cast", self.node("Equal", first, second), to=TensorProto.DOUBLE)
        self.near(self.mean(equal), 0, 0.01)

    def same(self, first, second):
        equal = self.node("Cast", self.node("Equal", first, second), to=TensorProto.DOUBLE)
        self.near(self.mean(equal), 1, 1e-9)

    def write(self, folder):
        os.makedirs(os.path.join(folder, "test_data_set_0"))
        graph = helper.make_graph(
            self.nodes, "random",
            [
                helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)
                for name, x in self.inputs
            ],
            [helper.make_tensor_value_info(name, TensorProto.BOOL, []) for name in self.outputs], self.constants,
        )
        onnx.save(
            helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8),
            os.path.join(folder, "model.onnx"),
        )
        for role, values in [
            ("input", [x for _, x in self.inputs]), ("output", [numpy.array(True)] * len(self.outputs))
        ]:
            for index, value in enumerate(values):
                with open(os.path.join(folder, "test_data_set_0", f"{role}_{index}.pb"), "wb") as file:
                    file.write(numpy_helper.from_array(value).SerializeToString())


SHAPE = [100, 3, COUNT // 300]
NORMAL = (0, 3)
UNIFORM = (0, 1.8)

for name, dtype in TYPES.items():
    case = Case(f"normal_{name}")
    drawn = case.node("RandomNormal", shape=SHAPE, mean=3.0, scale=0.5, seed=7.0, dtype=dtype)
    case.moments(drawn, 3, 0.5, *NORMAL)
    case.differ(drawn, case.node("RandomNormal", shape=SHAPE, mean=3.0, scale=0.5, seed=8.0, dtype=dtype))

    case = Case(f"uniform_{name}")
    drawn = case.node("RandomUniform", shape=SHAPE, low=-2.0, high=6.0, seed=0.5, dtype=dtype)
    case.moments(drawn, 2, 8 / 12**0.5, *UNIFORM)
    case.between(case.node("RandomUniform", shape=SHAPE, dtype=dtype), 0, 1)

    case = Case(f"like_{name}")
    x = case.input(numpy.zeros([3, COUNT // 3], helper.tensor_dtype_to_np_dtype(dtype)))
    case.moments(case.node("RandomNormalLike", x, mean=-1.0, scale=2.0), -1, 2, *NORMAL)
    case.moments(case.node("RandomUniformLike", x, low=1.0, high=3.0), 2, 2 / 12**0.5, *UNIFORM)

    case = Case(f"bernoulli_{name}", opset=15)
    chances = numpy.repeat([[0], [0.125], [0.5], [0.75], [1]], COUNT, 1).astype(helper.tensor_dtype_to_np_dtype(dtype))
    for to in [None, TensorProto.BOOL, TensorProto.INT8, TensorProto.UINT64, TensorProto.DOUBLE]:
        drawn = case.node("Bernoulli", case.input(chances), **({"dtype": to} if to else {}))
        share = case.mean(case.node("Cast", drawn, to=TensorProto.DOUBLE), [1])
        case.near(share, [0, 0.125, 0.5, 0.75, 1], 6 * 0.5 / COUNT**0.5)

    case = Case(f"multinomial_{name}")
    shares = numpy.array([[0.1, 0, 0.6, 0.3], [0.25, 0.25, 0.25, 0.25], [0, 0, 0, 1]])
    with numpy.errstate(divide="ignore"):
        logs = (numpy.log(shares) + [[5], [-3], [0]]).astype(helper.tensor_dtype_to_np_dtype(dtype))
    for to in [None, TensorProto.INT64]:
        drawn = case.node(
            "Multinomial", case.input(logs), sample_size=COUNT, **({"dtype": to, "seed": 3.0} if to else {})
        )
        hot = case.node(
            "OneHot", case.node("Cast", drawn, to=TensorProto.INT64), case.constant(4, numpy.int64),
            case.constant([0, 1]),
        )
        case.near(case.mean(hot, [1]), shares, 6 * 0.5 / COUNT**0.5)

    case = Case(f"dropout_{name}", opset=13)
    numpy_type = helper.tensor_dtype_to_np_dtype(dtype)
    x = case.input(numpy.ones(SHAPE, numpy_type))
    y, mask = case.node(
        "Dropout", x, case.constant(0.25, numpy_type), case.constant(True, bool), count=2, seed=9
    )
    case.moments(case.node("Cast", mask, to=TensorProto.DOUBLE), 0.75, 0.1875**0.5, -1.1547, 2.3333)
    scaled = case.node("Div", case.node("Cast", mask, to=TensorProto.DOUBLE), case.constant(0.75))
    error = case.node("Abs", case.node("Sub", case.node("Cast", y, to=TensorProto.DOUBLE), scaled))
    case.near(case.node("ReduceMax", error, keepdims=0), 0, 1e-3)

case = Case("seeds")
first, second = (case.node("RandomUniform", shape=SHAPE) for _ in range(2))
case.differ(first, second)
first, second = (case.node("RandomUniform", shape=SHAPE, seed=3.0) for _ in range(2))
case.same(first, second)

case = Case("dropout_6", opset=6)
x = case.input(numpy.ones(SHAPE, numpy.float32))
y, mask = case.node("Dropout", x, count=2, is_test=0, ratio=0.5)
case.moments(mask, 0.5, 0.5, 0, 1)
case.moments(y, 1, 1, 0, 1)

case = Case("loop")
body = helper.make_graph(
    [
        helper.make_node("RandomNormal", [], ["drawn"], shape=[100], seed=1.0),
        helper.make_node("Identity", ["go"], ["again"]),
    ],
    "body",
    [
        helper.make_tensor_value_info("trip", TensorProto.INT64, []),
        helper.make_tensor_value_info("go", TensorProto.BOOL, []),
    ],
    [onnx.ValueInfoProto(name="again"), onnx.ValueInfoProto(name="drawn")],
)
drawn = case.node("Loop", case.constant(600, numpy.int64), "", body=body)
case.moments(drawn, 0, 1, *NORMAL)


def main(destination):
    for name, case in CASES.items():
        case.write(os.path.join(destination, name))
    print("random", len(CASES))


main(sys.argv[1])
