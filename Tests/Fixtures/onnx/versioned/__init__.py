"""The cases of versions.py: what they are made of."""

import numpy as np
import onnx

SCHEMAS = {(s.name, s.since_version): s for s in onnx.defs.get_all_schemas_with_history() if not s.domain}
MAKERS = {}


class Case:
    """One node: inputs (None: left out), attributes, the number of outputs, and a function for the outputs."""

    def __init__(self, inputs, attributes=None, outputs=1, by=None, variant="", decides=False):
        self.inputs, self.attributes, self.outputs = inputs, attributes or {}, outputs
        # `decides`: the function is the judge, even if ONNX Runtime accepts the model.
        self.by, self.variant, self.decides = by, variant, decides


def makes(*names):
    """Declares the function that makes the cases of these operators: (name, version, random numbers) → cases."""
    def register(function):
        MAKERS.update({name: function for name in names})
        return function

    return register


def floats(rng, *shape, low=-2.0, high=2.0):
    return rng.uniform(low, high, shape).astype(np.float32)


def one(function):
    """A judge that gives one output."""
    return lambda *inputs: [function(*inputs)]
