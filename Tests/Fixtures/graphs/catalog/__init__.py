"""For every operator of the runner a function that puts it behind a value of a graph, with random attributes.

Each takes a Builder and the name of a value, and gives the name of a value that the operator made, of any type and rank.
`OPSETS` names the opsets in which a graph with the operator is built.
"""

from . import elements, layers, moves, reductions, shapes, subgraphs
from .registry import OPERATORS, OPSETS
