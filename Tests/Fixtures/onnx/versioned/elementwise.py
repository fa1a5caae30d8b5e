"""Operators that compute each element from one element."""

import math

import numpy as np
from onnx import TensorProto

from . import SCHEMAS, Case, floats, makes, one

ERF = np.vectorize(math.erf, otypes=[np.float64])
UNARY = {
    "Abs": np.abs, "Acos": np.arccos, "Acosh": np.arccosh, "Asin": np.arcsin, "Asinh": np.arcsinh,
    "Atan": np.arctan, "Atanh": np.arctanh, "Ceil": np.ceil, "Cos": np.cos, "Cosh": np.cosh, "Exp": np.exp,
    "Floor": np.floor, "Log": np.log, "Neg": np.negative, "Reciprocal": np.reciprocal, "Round": np.round,
    "Sign": np.sign, "Sin": np.sin, "Sinh": np.sinh, "Sqrt": np.sqrt, "Tan": np.tan, "Tanh": np.tanh,
    "Relu": lambda x: np.maximum(x, x.dtype.type(0)), "Sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "Softplus": lambda x: np.log1p(np.exp(x)), "Softsign": lambda x: x / (1 + np.abs(x)),
    "Identity": lambda x: x, "Erf": ERF, "HardSwish": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "Mish": lambda x: x * np.tanh(np.log1p(np.exp(x))),
    "Gelu": lambda x: 0.5 * x * (1 + ERF(x / 2**0.5)),
    "IsNaN": np.isnan, "IsInf": np.isinf, "Not": np.logical_not, "BitwiseNot": np.invert,
    "Shape": lambda x: np.array(x.shape, np.int64), "Size": lambda x: np.array(x.size, np.int64),
}
DOMAINS = {
    "Acos": (-1, 1), "Asin": (-1, 1), "Atanh": (-0.9, 0.9), "Acosh": (1, 4), "Log": (0.1, 4), "Sqrt": (0, 4),
    "Gelu": (-2, 4),
}
INTEGERS = {"Abs", "Neg", "Relu", "Sign"}


@makes(*UNARY)
def unary(name, version, rng):
    x = floats(rng, 3, 4, 5, low=DOMAINS.get(name, (-4, 4))[0], high=DOMAINS.get(name, (-4, 4))[1])
    if name in ["IsNaN", "IsInf"]:
        x[0, 0, :3] = [np.nan, np.inf, -np.inf]
    if name == "Not":
        x = x > 0
    if name == "BitwiseNot":
        x = (x * 1000).astype(np.int16)

    def by(x):
        y = UNARY[name](x)
        return [y if name in ["IsNaN", "IsInf", "Not", "Shape", "Size"] else y.astype(x.dtype)]

    yield Case([x], by=by)
    types = set().union(*(t.allowed_type_strs for t in SCHEMAS[name, version].type_constraints))
    if name in INTEGERS and "tensor(int8)" in types:
        yield Case([(x * 30).astype(np.int8)], by=by, variant="int8")
    if "tensor(float16)" in types and name != "IsInf":
        yield Case([x.astype(np.float16)] if x.dtype == np.float32 else [x], by=by, variant="float16")
    if name == "Gelu":
        yield Case([x], {"approximate": "tanh"}, variant="tanh")
    if name == "IsInf":
        yield Case([x], {"detect_negative": 0}, by=one(np.isposinf), variant="positive")
    if name == "Shape" and version >= 15:
        yield Case([x], {"start": 1, "end": -1}, by=one(lambda x: np.array(x.shape[1:-1], np.int64)), variant="part")


PARAMETERS = {
    "Elu": ({"alpha": 1.0}, {"alpha": 0.5}, lambda x, alpha: np.where(x < 0, alpha * np.expm1(x), x)),
    "LeakyRelu": ({"alpha": 0.01}, {"alpha": 0.25}, lambda x, alpha: np.where(x < 0, alpha * x, x)),
    "HardSigmoid": (
        {"alpha": 0.2, "beta": 0.5}, {"alpha": 0.5, "beta": 0.25},
        lambda x, alpha, beta: np.clip(alpha * x + beta, 0, 1),
    ),
    "Selu": (
        {"alpha": 1.67326319217681884765625, "gamma": 1.05070102214813232421875}, {"alpha": 2.0, "gamma": 0.75},
        lambda x, alpha, gamma: gamma * np.where(x > 0, x, alpha * np.expm1(x)),
    ),
}


@makes(*PARAMETERS)
def activations(name, version, rng):
    defaults, others, function = PARAMETERS[name]
    if name == "Selu" and version < 6:
        defaults = {"alpha": 1.6732, "gamma": 1.0507}
    x = floats(rng, 2, 3, 5)
    yield Case([x], by=lambda x: [function(x, **defaults).astype(x.dtype)])
    yield Case([x], others, by=lambda x: [function(x, **others).astype(x.dtype)], variant="given")


@makes("BitCast")
def bitcast(name, version, rng):
    yield Case([floats(rng, 3, 4)], {"to": TensorProto.INT32}, by=one(lambda x: x.view(np.int32)))


@makes("Clip")
def clip(name, version, rng):
    x = floats(rng, 3, 4)
    if version < 11:
        yield Case([x], {"min": -0.5, "max": 1.0}, by=one(lambda x: np.clip(x, np.float32(-0.5), np.float32(1))))
        yield Case([x], {"max": 0.25}, by=one(lambda x: np.minimum(x, np.float32(0.25))), variant="above")
        yield Case([x], by=one(lambda x: x), variant="none")
        return
    yield Case([x, np.float32(-0.5), np.float32(1)])
    yield Case([x, None, np.float32(0.25)], variant="above")
    if version >= 12:
        yield Case([rng.integers(-99, 99, (3, 4)).astype(np.int8), np.int8(-20), None], variant="int8")


@makes("Cast")
def cast(name, version, rng):
    x = floats(rng, 3, 4, high=9)
    for target, dtype in [("FLOAT16", np.float16), ("INT32", np.int32), ("BOOL", bool), ("DOUBLE", np.float64)]:
        to = target if version < 6 else getattr(TensorProto, target)
        yield Case([x], {"to": to}, by=one(lambda x, dtype=dtype: x.astype(dtype)), variant=target.lower())
    if version >= 9:
        yield Case([np.array(["1.5", "-2"], object)], {"to": TensorProto.FLOAT}, variant="text")
    if version >= 19:
        # ONNX Runtime makes 448 of numbers of 480 to 512; ONNX's table has NaN there, as for 600.
        x = np.array([[0.3, -17, 447], [-448, 600, -1e6]], np.float32)
        yield Case([x], {"to": TensorProto.FLOAT8E4M3FN, "saturate": 0}, variant="unsaturated")
    if version >= 21:
        x = rng.integers(0, 15, (3, 4)).astype(np.int32)
        yield Case([x], {"to": TensorProto.UINT4}, variant="uint4")


@makes("CastLike")
def castlike(name, version, rng):
    yield Case([floats(rng, 3, 4, high=9), np.int32(0)], by=one(lambda x, _: x.astype(np.int32)))


@makes("SwiGLU")
def swiglu(name, version, rng):
    by = one(lambda a, b: a / (1 + np.exp(-a)) * b)
    yield Case([floats(rng, 3, 4), floats(rng, 3, 4)], by=by)
