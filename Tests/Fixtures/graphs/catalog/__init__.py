"""A function for every operator of the runner: it adds the operator behind a value, with random attributes.

Each takes a Builder and the name of a value, and returns the name of a result, of any type and rank.
`OPSETS` names the opsets in which a graph with the operator is built.
"""

from . import elements, heads, layers, moves, quantised, reductions, runtime, shapes, subgraphs
from .registry import OPERATORS, OPSETS

# Operators with rules for which ONNX Runtime has no kernel. Others with the same rules are judged.
UNJUDGED = ("CausalConvWithState", "SwiGLU")
