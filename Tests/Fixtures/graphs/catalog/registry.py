"""The table of operators, and conditions on values that its functions share."""

from eager import Impossible

OPERATORS, OPSETS = {}, {}
COMMON = (13, 15, 17, 18, 20, 21)


def operator(*names, opsets=COMMON):
    def register(function):
        for name in names:
            OPERATORS[name] = lambda b, v, name=name: function(b, v, name)
            OPSETS[name] = opsets
        return function
    return register


def axis_of(b, v, low=1):
    """A random axis of v, often the channel axis, counted from either end."""
    rank = b.rank(v)
    if not rank:
        raise Impossible("no axis")
    axis = b.pick(min(1, rank - 1), rank - 1, b.whole(min(low, rank - 1), rank - 1))
    return axis - rank if b.chance(0.3) else axis


def need(holds, what="shape"):
    if not holds:
        raise Impossible(what)


def image(b, v):
    need(b.rank(v) == 4, "rank 4")
    return b.shape(v)
