"""Nodes on single elements, and chains of them in the forms that exporters write."""

import numpy
from onnx import TensorProto, helper

from .growth import F16, F32, F64, FLOATS, I64, INTEGERS, Rejected

# The interval of the inputs, if it is not everything.
FUNCTIONS = {
    "Abs": None, "Acos": (-0.99, 0.99), "Acosh": (1.1, 1e3), "Asin": (-0.99, 0.99), "Asinh": None, "Atan": None,
    "Atanh": (-0.95, 0.95), "Ceil": None, "Celu": None, "Cos": (-50, 50), "Cosh": (-5, 5), "Elu": None, "Erf": None,
    "Exp": (-10, 6), "Floor": None, "HardSigmoid": None, "HardSwish": None, "Identity": None, "LeakyRelu": None,
    "Log": (0.01, 1e4), "Mish": None, "Neg": None, "Reciprocal": (0.05, 1e4), "Relu": None, "Round": None, "Selu": None,
    "Shrink": None, "Sigmoid": None, "Sign": None, "Sin": (-50, 50), "Sinh": (-5, 5), "Softplus": None, "Softsign": None,
    "Sqrt": (0.01, 1e6), "Swish": None, "Tan": (-1.4, 1.4), "Tanh": None, "ThresholdedRelu": None, "Gelu": None,
}
SINCE = {"HardSwish": 14, "Mish": 18, "Swish": 24, "Gelu": 20}
EXACT = {"Abs", "Ceil", "Floor", "Identity", "Neg", "Relu", "Round", "Sign", "Max", "Min"}
PARAMETERS = {
    "Celu": ["alpha"], "Elu": ["alpha"], "LeakyRelu": ["alpha"], "HardSigmoid": ["alpha", "beta"],
    "Selu": ["alpha", "gamma"], "Shrink": ["bias", "lambd"], "ThresholdedRelu": ["alpha"], "Swish": ["alpha"],
}


def floating(g):
    return g.choose([F32] * 7 + [F64, F16])


def function(g, x=None, name=None):
    name = name or g.choose([n for n in FUNCTIONS if SINCE.get(n, 0) <= g.opset])
    x = x or g.value(floating(g))
    # Numbers near 0 that underflow in binary32 have another reciprocal than 0.
    free = g.specials and g.chance(0.7) and (name != "Reciprocal" or x.noise is None)
    if FUNCTIONS[name] and not free:
        low, high = FUNCTIONS[name]
        if name in ("Sqrt", "Log", "Reciprocal") and g.chance(0.5):
            (x,) = g.node("Abs", [x], exact=True)
        x = g.between(x, low, high)
    if name in ("Sigmoid", "Swish", "Mish") and g.elementwise:
        # ONNX Runtime's error is 1e-7, whatever the result is; far below 0 the result is smaller.
        x = g.between(x, -5, 100)
    if name == "Sign" and g.specials:
        # The sign of NaN is not specified.
        x = g.value(x.dtype, shape=x.shape, low=-1e30, high=1e30)
    attributes = {p: float(g.rng.uniform(0.1, 1.5)) for p in PARAMETERS.get(name, []) if g.chance(0.6)}
    if name == "Gelu" and g.chance(0.5):
        attributes["approximate"] = "tanh"
        # Far below 0, the small result is a difference of numbers near 1.
        x = g.between(x, -2.5, 100)
    return g.node(name, [x], exact=name in EXACT, **attributes)[0]


def broadcastable(g, shape):
    """A shape that broadcasts with `shape`: axes of 1, fewer axes, or now and then more."""
    shape = list(shape)
    form = g.int(0, 6)
    if form == 0:
        return ()
    if form == 1:
        return tuple(shape[g.int(0, len(shape)):])
    if form == 2:
        return tuple(e if g.chance(0.5) else 1 for e in shape)
    if form == 3:
        return tuple([e if g.chance(0.7) else 1 for e in shape][g.int(0, len(shape)):])
    if form == 4:
        # Only the first axes vary.
        kept = g.int(0, len(shape))
        return tuple(e if place < kept else 1 for place, e in enumerate(shape))
    if form == 5 and numpy.prod(shape, dtype=I64) < 2000 and len(shape) < 5:
        return (g.int(1, 3), *shape)
    return tuple(shape)


def partner(g, x, low=None, high=None, dtype=None):
    return g.value(dtype or x.dtype, shape=broadcastable(g, x.shape), low=low, high=high)


ARITHMETIC = ["Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "Mean", "Pow", "Mod", "PRelu"]


def binary(g, x=None, name=None):
    name = name or g.choose(ARITHMETIC)
    if x is None:
        integers = INTEGERS if name not in ("Mean", "Sum", "PRelu") else (F32,)
        x = g.value(floating(g) if g.chance(0.75) else g.choose(integers))
    floats = x.dtype in [numpy.dtype(t) for t in FLOATS]
    attributes = {}
    if name == "Div":
        # Division by zero of integers is undefined, as is the most negative number by −1.
        y = partner(g, x, 0.1 if floats else 1, 4 if floats else 20)
    elif name == "Mod":
        y = partner(g, x, 0.5 if floats else 1, 4 if floats else 20)
        if floats or g.chance(0.3):
            attributes["fmod"] = 1
    elif name == "Pow":
        if floats:
            x = g.between(x, 0.05, 5)
        else:
            x = g.value(g.choose([numpy.int32, I64]), low=-5, high=5)
        # Roots of negative integers are NaN, which no integer is.
        y = partner(g, x, 0, 3, dtype=g.choose([F32, F64, numpy.int32, I64] if floats else [numpy.int32, I64]))
    elif name == "PRelu":
        shape = list(x.shape)[g.int(0, x.rank):]
        y = g.value(x.dtype, shape=[e if g.chance(0.6) else 1 for e in shape])
    else:
        y = partner(g, x)
    inputs = [x, y]
    if name in ("Max", "Min", "Sum", "Mean"):
        for _ in range(g.choose([0, 0, 1, 2])):
            inputs.append(partner(g, x))
        if g.chance(0.05):
            inputs = [x]
    if name not in ("PRelu", "Mod", "Pow") and g.chance(0.4):
        inputs.reverse() if name != "Div" else None
    return g.node(name, inputs, exact=not floats or name in EXACT, **attributes)[0]


def logic(g):
    name = g.choose(["And", "Or", "Xor", "Not", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "IsNaN",
                     "IsInf"])
    if name == "Not":
        return g.node(name, [g.value(bool)])
    if name in ("IsNaN", "IsInf"):
        return g.node(name, [g.value(floating(g))], **({"detect_negative": 0} if name == "IsInf" and g.chance(0.3) else {}))
    if name in ("And", "Or", "Xor"):
        x = g.value(bool)
    else:
        x = g.value(g.choose([F32, F32, F64, F16, numpy.int32, I64, *INTEGERS]))
    return g.node(name, [x, partner(g, x)])


def bits(g):
    name = g.choose(["BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitwiseNot"])
    if name == "BitShift":
        unsigned = [t for t in INTEGERS if numpy.dtype(t).kind == "u"]
        x = g.value(g.choose(unsigned))
        # A shift by the width or more is undefined.
        return g.node(name, [x, partner(g, x, 0, x.dtype.itemsize * 8 - 1)], direction=g.choose(["LEFT", "RIGHT"]))
    if g.opset < 18:
        raise Rejected(name)
    x = g.value(g.choose(INTEGERS))
    return g.node(name, [x] if name == "BitwiseNot" else [x, partner(g, x)])


def where(g, x=None):
    x = x or g.value(g.choose([F32, F32, F64, F16, numpy.int32, I64, numpy.uint8, object]))
    test = g.value(bool, shape=broadcastable(g, x.shape))
    inputs = [x, partner(g, x)]
    if g.chance(0.5):
        inputs.reverse()
    return g.node("Where", [test, *inputs], exact=True)[0]


def clip(g, x=None):
    x = x or g.value(g.choose([F32, F32, F64, F16, numpy.int32, I64, numpy.uint8, numpy.int8]))
    low, high = sorted(int(v) for v in g.rng.integers(-3, 4, 2))
    unsigned = x.dtype.kind == "u"
    bounds = [g.constant(max(low, 0) if unsigned else low, x.dtype), g.constant(max(high, 0), x.dtype)]
    if high < 0:
        bounds[1] = g.constant(9, x.dtype)
    # Without a bound, ONNX Runtime makes an infinity the greatest number; ONNX's own function and evaluator keep it.
    form = 0 if g.specials else g.int(0, 4)
    inputs = [x, *bounds] if form < 3 else [x, bounds[0]] if form == 3 else [x, None, bounds[1]]
    return g.node("Clip", inputs, exact=True)[0]


def cast(g):
    source = g.choose([F32, F64, F16, bool, *INTEGERS])
    # Numbers out of range of an integer type, and text that is no number, are undefined.
    target = g.choose([F32, F64, F16, bool, *INTEGERS])
    limits = (-1e4, 1e4)
    if numpy.dtype(target).kind in "iu":
        info = numpy.iinfo(target)
        limits = (max(info.min, -100), min(info.max, 100))
    x = g.value(source, low=limits[0] if source != bool else None, high=limits[1])
    # Narrower floats round, and the rounding of what rounding changed is another unit.
    exact = numpy.dtype(target).kind != "f" or numpy.dtype(target).itemsize >= numpy.dtype(source).itemsize
    if g.opset >= 15 and g.chance(0.3):
        return g.node("CastLike", [x, g.fresh(g.numbers((2,), target))], exact=exact)
    return g.node("Cast", [x], to=helper.np_dtype_to_tensor_dtype(numpy.dtype(target)), exact=exact)


def small_floats(g):
    """Through a type that NumPy lacks and back."""
    x = g.value(F32, low=-100, high=100)
    if x.noise is not None and x.noise.any():
        raise Rejected("rounds")
    kinds = [TensorProto.BFLOAT16] + [TensorProto.FLOAT8E4M3FN, TensorProto.FLOAT8E5M2] * (g.opset >= 19)
    small, back = g.name(), g.name()
    nodes = [
        helper.make_node("Cast", [x.name], [small], to=g.choose(kinds)),
        helper.make_node("Cast", [small], [back], to=TensorProto.FLOAT),
    ]
    return g.add(nodes, [x], [back], exact=True)


def text_casts(g):
    """Integers as text and back. The text of booleans is not specified: True here as in NumPy, 1 in ONNX Runtime."""
    x = g.value(g.choose([I64, numpy.int32]))
    middle, back = g.name(), g.name()
    nodes = [
        helper.make_node("Cast", [x.name], [middle], to=TensorProto.STRING),
        helper.make_node("Cast", [middle], [back], to=element(x.dtype)),
    ]
    return g.add(nodes, [x], [middle, back], exact=True)


def element(dtype):
    return helper.np_dtype_to_tensor_dtype(numpy.dtype(dtype))


# Forms of activations and normalisations that backends fuse.


def gelu(g, x):
    (half,) = g.node("Div", [x, g.constant(2**0.5, x.dtype)])
    (erf,) = g.node("Erf", [half])
    (sum_,) = g.node("Add", [erf, g.constant(1, x.dtype)])
    if g.chance(0.5):
        (product,) = g.node("Mul", [x, sum_])
        return g.node("Mul", [product, g.constant(0.5, x.dtype)])[0]
    (product,) = g.node("Mul", [g.constant(0.5, x.dtype), x])
    return g.node("Mul", [product, sum_])[0]


def swish(g, x):
    inner = x = g.between(x, -5, 100) if g.elementwise else x
    if g.chance(0.3):
        (inner,) = g.node("Mul", [x, g.constant(1.702, x.dtype)])
    (y,) = g.node("Sigmoid", [inner])
    pair = [x, y] if g.chance(0.5) else [y, x]
    return g.node("Mul", pair)[0]


def hard_swish(g, x):
    (sum_,) = g.node("Add", [x, g.constant(3, x.dtype)])
    (y,) = g.node("Clip", [sum_, g.constant(0, x.dtype), g.constant(6, x.dtype)])
    (product,) = g.node("Mul", [x, y])
    return g.node("Div", [product, g.constant(6, x.dtype)])[0]


def means(g, x):
    if g.opset >= 18:
        return g.node("ReduceMean", [x, g.constant([-1])])[0]
    return g.node("ReduceMean", [x], axes=[-1])[0]


def normalisation(g, x):
    """A layer normalisation as single nodes; without its mean, an RMS normalisation."""
    if x.rank == 0 or x.shape[-1] < 2:
        raise Rejected("too short")
    centred = x
    if g.chance(0.7):
        (centred,) = g.node("Sub", [x, means(g, x)])
    if g.chance(0.5):
        (square,) = g.node("Pow", [centred, g.constant(2, F32)])
    else:
        (square,) = g.node("Mul", [centred, centred])
    (sum_,) = g.node("Add", [means(g, square), g.constant(g.choose([1e-5, 1e-3, 0.1]), x.dtype)])
    (root,) = g.node("Sqrt", [sum_])
    if g.chance(0.5):
        (y,) = g.node("Div", [centred, root])
    else:
        (factor,) = g.node("Reciprocal", [root])
        (y,) = g.node("Mul", [centred, factor])
    row = g.choose([x.shape[-1:], x.shape[-1:], (), (1,), (1, x.shape[-1])])
    (y,) = g.node("Mul", [y, g.fresh(g.floats(row, x.dtype), constant=True)])
    if g.chance(0.7):
        (y,) = g.node("Add", [y, g.fresh(g.floats(row, x.dtype), constant=True)])
    return y


LINKS = [function] * 5 + [binary] * 6 + [clip, where, gelu, swish, hard_swish]


def chain(g):
    """Nodes that feed each other; the other inputs broadcast in every form, or are earlier values of the chain."""
    if g.chance(0.15):
        x = g.fresh(g.floats(g.choose([(3, 7, 33, 29), (1, 130, 151), (40961,), (2, 9, 1031), (65, 257)])))
    else:
        x = g.value(F32)
    for _ in range(g.int(2, 9)):
        try:
            link = g.choose(LINKS)
            if link is binary:
                x = binary(g, x, g.choose(["Add", "Sub", "Mul", "Div", "Max", "Min", "Add", "Mul", "Pow", "PRelu"]))
            elif link is function:
                x = function(g, x, g.choose(
                    ["Abs", "Clip", "Erf", "Exp", "HardSigmoid", "LeakyRelu", "Neg", "Reciprocal", "Relu", "Sigmoid", "Sqrt",
                     "Tanh", "Identity", "Softplus", "Elu"]) if g.chance(0.8) else None)
            else:
                x = link(g, x)
        except (Rejected, KeyError):
            continue
    return x


def normalised(g):
    return normalisation(g, g.value(F32, least_rank=1))


RECIPES = [
    (function, 8), (binary, 8), (logic, 4), (bits, 3), (where, 2), (clip, 2), (cast, 4), (small_floats, 1), (text_casts, 1),
    (chain, 8),
]
# Of a whole line.
LINES = [(normalised, 3)]
