"""Writes cases of the operators of ai.onnx.ml with ONNX Runtime's outputs, in the layout of ONNX's test data.

usage: ml.py DESTINATION

Most numbers are multiples of 1/8, so that sums in binary32 are exact and equal scores are equal everywhere.

Left out, because ONNX Runtime 1.32 contradicts the specification, or gives no meaning to what it accepts:

* the classes of TreeEnsembleClassifier with votes for both of two classes: it returns 1 and 0 instead of the best
  label (the expected labels are changed), and gives wrong scores if only one class has a vote or with base values;
* base values of targets without votes, which it drops;
* NaN at BRANCH_NEQ, which it sends the way of true whatever `nodes_missing_value_tracks_true` is;
* softmax and logistic of TreeEnsemble, which it exchanges, and sets of fractions or fractions in sets, which it
  truncates;
* NaN keys of LabelEncoder 2, which it never finds, and equal keys of LabelEncoder 4, of which it takes the first;
* a leaf with two votes for the only target, of which it takes the first;
* PROBIT of a binary score, of which it transforms one of two.
"""

import itertools
import sys

import numpy
from onnx import TensorProto, numpy_helper
from runtime_cases import Cases, element_type, texts

SEED = 20260402
DOMAIN = "ai.onnx.ml"
F32, F64, I32, I64 = numpy.float32, numpy.float64, numpy.int32, numpy.int64
TRANSFORMS = ["NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"]
MODES = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"]


def eighths(rng, *shape, low=-16, high=17):
    return rng.integers(low, high, shape) / 8


def numbers(rng, dtype, *shape):
    return (rng.integers(-3, 4, shape) if dtype in (I32, I64) else eighths(rng, *shape)).astype(dtype)


def labels(rng, count, name="classlabels_ints"):
    """Labels that are not the classes' positions, in an attribute, and their element type."""
    if rng.random() < 0.5:
        return {"classlabels_strings": [f"class {7 * index}" for index in range(count)]}, TensorProto.STRING
    return {name: [5 + 2 * index for index in range(count)]}, TensorProto.INT64


def selection(cases, rng):
    for dtype, shape in itertools.product([F32, F64, I32, I64, object], [(5,), (2, 5), (2, 3, 5)]):
        x = numbers(rng, I64 if dtype is object else dtype, *shape)
        x = numpy.vectorize(lambda v: f"t{v}", otypes=[object])(x) if dtype is object else x
        for indices in [[4, 0, 0], [[2, 1], [3, 4]]]:
            cases.add("ArrayFeatureExtractor", [x, numpy.array(indices)], [element_type(x)], domain=DOMAIN, version=1)
    for threshold in [-0.5, 0.0, 1.0]:
        x = numpy.append(eighths(rng, 9), [threshold, numpy.inf, -numpy.inf]).astype(F32)
        cases.add("Binarizer", [x], [TensorProto.FLOAT], domain=DOMAIN, version=1, threshold=threshold)
    cases.add("Binarizer", [numbers(rng, F32, 2, 3, 4)], [TensorProto.FLOAT], domain=DOMAIN, version=1)


def encoders(cases, rng):
    words = texts("a", "é", "e\u0301", "", "zz", "other")
    cats = {"cats_strings": ["zz", "é", "e\u0301", "a", "a"], "cats_int64s": [3, 9, -1, 4, 5]}
    for extra in [{}, {"default_int64": 77, "default_string": "no"}]:
        cases.add("CategoryMapper", [words], [TensorProto.INT64], domain=DOMAIN, version=1, **cats, **extra)
        x = numpy.array([[3, 9, -1], [4, 5, 6]])
        cases.add("CategoryMapper", [x], [TensorProto.STRING], domain=DOMAIN, version=1, **cats, **extra)
        names = {k: v for k, v in extra.items()} | {"classes_strings": ["zz", "é", "e\u0301", "zz"]}
        cases.add("LabelEncoder", [words], [TensorProto.INT64], domain=DOMAIN, version=1, **names)
        x = numpy.array([[0, 1, 2], [3, 4, -1]])
        cases.add("LabelEncoder", [x], [TensorProto.STRING], domain=DOMAIN, version=1, **names)
    keys = {
        "strings": (["a", "é", "zz"], words),
        "int64s": ([7, -2, 1 << 60], numpy.array([[7, -2], [1 << 60, 5]])),
        "floats": ([0.5, 0.0, -3.0], numpy.array([0.5, -0.0, -3.0, 9.0], dtype=F32)),
    }
    values = {"strings": ["x", "", "z"], "int64s": [1, -5, 1 << 50], "floats": [0.25, -1.5, 8.0]}
    kinds = {"strings": TensorProto.STRING, "int64s": TensorProto.INT64, "floats": TensorProto.FLOAT}
    for version, (a, b) in itertools.product([2, 4], itertools.product(keys, values)):
        attributes = {f"keys_{a}": keys[a][0], f"values_{b}": values[b]}
        for default in [{}, {"default_string": "d", "default_int64": 4, "default_float": 2.5}]:
            try:
                cases.add("LabelEncoder", [keys[a][1]], [kinds[b]], domain=DOMAIN, version=version, **attributes, **default)
            except Exception as error:
                # ONNX Runtime lacks some pairs of types.
                assert "NOT_IMPLEMENTED" in str(error), error
    for dtype in [F64, numpy.int16, I64, F32]:
        x = numpy.array([1, 2, 9, 3], dtype=dtype)
        if dtype in (F32, F64):
            x[2] = numpy.nan
        keys = numpy_helper.from_array(x[[0, 2, 3]])
        values = numpy_helper.from_array(numpy.array([4, 5, 6], dtype=dtype))
        default = numpy_helper.from_array(numpy.array([8], dtype=dtype))
        for extra in [{}, {"default_tensor": default}]:
            try:
                cases.add(
                    "LabelEncoder", [x], [element_type(x)], domain=DOMAIN, version=4, keys_tensor=keys,
                    values_tensor=values, **extra)
            except Exception as error:
                assert "NOT_IMPLEMENTED" in str(error), error
    for x in [numbers(rng, I64, 2, 3), numbers(rng, F32, 4), numbers(rng, F64, 2, 2), numbers(rng, I64)]:
        for cats in [[1, -2, 0], [2, 2, 1], [3]]:
            cases.add("OneHotEncoder", [x], [TensorProto.FLOAT], domain=DOMAIN, version=1, cats_int64s=cats)
    cases.add("OneHotEncoder", [words], [TensorProto.FLOAT], domain=DOMAIN, version=1, cats_strings=["a", "e\u0301", ""])
    cases.add(
        "OneHotEncoder", [words[:2].reshape(2, 1)], [TensorProto.FLOAT], domain=DOMAIN, version=1,
        cats_strings=["é", "a"], zeros=0)


def scaling(cases, rng):
    kinds = [F32, F64, I32, I64]
    for dtype, shape in itertools.product(kinds, [(4,), (3, 4)]):
        x = numbers(rng, dtype, *shape)
        for norm in ["MAX", "L1", "L2"]:
            cases.add("Normalizer", [x], [TensorProto.FLOAT], domain=DOMAIN, version=1, norm=norm)
        for count in [1, 4]:
            scale, offset = eighths(rng, count).tolist(), eighths(rng, count).tolist()
            cases.add("Scaler", [x], [TensorProto.FLOAT], domain=DOMAIN, version=1, scale=scale, offset=offset)
    cases.add("Normalizer", [numpy.zeros((2, 3), F32)], [TensorProto.FLOAT], domain=DOMAIN, version=1)
    for count, missing in itertools.product([1, 4], [0.5, numpy.nan, -0.0]):
        x = numbers(rng, F32, 3, 4)
        x[rng.random(x.shape) < 0.4] = missing
        cases.add(
            "Imputer", [x], [TensorProto.FLOAT], domain=DOMAIN, version=1, replaced_value_float=missing,
            imputed_value_floats=eighths(rng, count).tolist())
        cases.add(
            "Imputer", [numbers(rng, I64, 3, 4)], [TensorProto.INT64], domain=DOMAIN, version=1,
            replaced_value_int64=count, imputed_value_int64s=rng.integers(-9, 9, count).tolist())
    for dtype in kinds * 3:
        inputs = [numbers(rng, dtype, 2, 3), numbers(rng, dtype, 2, 4)]
        sizes = [int(rng.integers(1, 6)), int(rng.integers(1, 7))]
        cases.add("FeatureVectorizer", inputs, [TensorProto.FLOAT], domain=DOMAIN, version=1, inputdimensions=sizes)
    inputs = [numbers(rng, F32, 3), numbers(rng, F32, 1, 2)]
    cases.add("FeatureVectorizer", inputs, [TensorProto.FLOAT], domain=DOMAIN, version=1, inputdimensions=[3, 2])


def linear(cases, rng):
    for dtype, transform, count in itertools.product([F32, F64, I32, I64], TRANSFORMS, [1, 2, 3]):
        attributes, kind = labels(rng, max(2, count))
        x = numbers(rng, dtype, *((3, 4) if rng.random() < 0.7 else (4,)))
        if count == 1 and transform == "PROBIT":
            continue
        cases.add(
            "LinearClassifier", [x], [kind, TensorProto.FLOAT], domain=DOMAIN, version=1, post_transform=transform,
            coefficients=eighths(rng, count * 4).tolist(), intercepts=eighths(rng, count).tolist(), **attributes)
    for transform, count, has_offset in itertools.product(TRANSFORMS, [1, 2, 3], [False, True]):
        attributes = {"intercepts": eighths(rng, count).tolist()} if has_offset else {}
        x = numbers(rng, F32, *((3, 4) if rng.random() < 0.7 else (4,)))
        cases.add(
            "LinearRegressor", [x], [TensorProto.FLOAT], domain=DOMAIN, version=1, post_transform=transform,
            targets=count, coefficients=eighths(rng, count * 4).tolist(), **attributes)


def vectors(cases, rng):
    kernels = ["LINEAR", "POLY", "RBF", "SIGMOID"]
    # Small numbers, so that the kernels differ from 0 and 1.
    def some(*shape):
        return (rng.integers(-7, 8, shape) / 16).ravel().tolist()

    for kernel, transform, count, has_proba in itertools.product(kernels, TRANSFORMS, [2, 3, 4], [False, True]):
        # Near a probability of 0.5, ONNX Runtime's PROBIT in binary32 has few digits.
        if transform == "PROBIT" and (has_proba or count == 2):
            continue
        attributes, kind = labels(rng, count)
        sizes = rng.integers(1, 4, count)
        pairs = count * (count - 1) // 2
        if has_proba:
            attributes |= {"prob_a": some(pairs), "prob_b": some(pairs)}
        dtype = [F32, F64, I32, I64][int(rng.integers(0, 4))]
        x = numbers(rng, dtype, *((3, 3) if rng.random() < 0.8 else (3,)))
        cases.add(
            "SVMClassifier", [x], [kind, TensorProto.FLOAT], domain=DOMAIN, version=1, kernel_type=kernel,
            kernel_params=[0.25, 0.5, float(rng.integers(1, 4))], post_transform=transform,
            vectors_per_class=sizes.tolist(), support_vectors=some(sizes.sum(), 3),
            coefficients=some(count - 1, sizes.sum()), rho=some(pairs), **attributes)
    for transform, count, is_positive in itertools.product(TRANSFORMS, [2, 3], [False, True]):
        attributes, kind = labels(rng, count)
        coefficients = eighths(rng, count * 3, low=0 if is_positive else -8).tolist()
        cases.add(
            "SVMClassifier", [numbers(rng, F32, 4, 3)], [kind, TensorProto.FLOAT], domain=DOMAIN, version=1,
            kernel_params=[0.0, 0.0, 0.0], coefficients=coefficients, rho=[0.25], post_transform=transform, **attributes)
    for kernel, count, one_class in itertools.product(kernels, [0, 1, 5], [0, 1]):
        attributes = {"support_vectors": some(count, 3)} if count else {}
        cases.add(
            "SVMRegressor", [numbers(rng, F32, *((4, 3) if one_class else (3,)))], [TensorProto.FLOAT], domain=DOMAIN,
            version=1, kernel_type=kernel, kernel_params=[0.25, 0.5, 2.0], n_supports=count,
            coefficients=some(count or 3), rho=some(1), one_class=one_class, **attributes)


def random_tree(rng, modes, features, depth):
    """Nodes from the root; a leaf is None, a branch has (mode, feature, value, missing, true, false)."""
    nodes = []

    def grow(level):
        number = len(nodes)
        nodes.append(None)
        if level < depth and rng.random() < 0.8:
            mode, feature = str(rng.choice(modes)), int(rng.integers(0, features))
            value, missing = float(rng.integers(-8, 9) / 8), int(rng.integers(0, 2))
            nodes[number] = (mode, feature, value, missing, grow(level + 1), grow(level + 1))
        return number

    grow(0)
    return nodes


def node_table(trees, has_missing, as_tensors):
    rows = [(tree, number, node) for tree, nodes in enumerate(trees) for number, node in enumerate(nodes)]
    table = {
        "nodes_treeids": [tree for tree, _, _ in rows],
        "nodes_nodeids": [number for _, number, _ in rows],
        "nodes_modes": [node[0] if node else "LEAF" for _, _, node in rows],
        "nodes_featureids": [node[1] if node else 0 for _, _, node in rows],
        "nodes_truenodeids": [node[4] if node else 0 for _, _, node in rows],
        "nodes_falsenodeids": [node[5] if node else 0 for _, _, node in rows],
    }
    values = [node[2] if node else 0.0 for _, _, node in rows]
    if as_tensors:
        table["nodes_values_as_tensor"] = numpy_helper.from_array(numpy.array(values))
    else:
        table["nodes_values"] = values
    if has_missing:
        table["nodes_missing_value_tracks_true"] = [node[3] if node else 0 for _, _, node in rows]
    return table


def vote_table(prefix, rng, trees, voters, as_tensors, low=-16):
    """Every leaf votes for the targets that `voters` gives."""
    votes = [
        (tree, number, target)
        for tree, nodes in enumerate(trees)
        for number, node in enumerate(nodes)
        if node is None
        for target in voters()
    ]
    weights = eighths(rng, len(votes), low=low).tolist()
    table = {
        f"{prefix}_treeids": [vote[0] for vote in votes],
        f"{prefix}_nodeids": [vote[1] for vote in votes],
        f"{prefix}_ids": [vote[2] for vote in votes],
    }
    if as_tensors:
        table[f"{prefix}_weights_as_tensor"] = numpy_helper.from_array(numpy.array(weights))
    else:
        table[f"{prefix}_weights"] = weights
    return table


def samples(rng, dtype, modes):
    """Values that often equal a node's; NaN unless a node has BRANCH_NEQ."""
    x = numbers(rng, dtype, 9, 3) / (1 if dtype in (I32, I64) else 2)
    x = x.astype(dtype)
    if dtype in (F32, F64) and "BRANCH_NEQ" not in modes:
        x[rng.random(x.shape) < 0.2] = numpy.nan
    return x


def forest(rng, number):
    modes = [MODES[number % 6]] if number % 3 else MODES[:5] if number % 2 else MODES
    return modes, [random_tree(rng, modes, 3, int(rng.integers(1, 5))) for _ in range(int(rng.integers(1, 6)))]


def subsets(rng, count, is_whole):
    def voters():
        some = [target for target in range(count) if is_whole or rng.random() < 0.6]
        return some or [int(rng.integers(0, count))]

    return voters


def regressors(cases, rng):
    combinations = itertools.product(["SUM", "AVERAGE", "MIN", "MAX"], TRANSFORMS, [1, 3])
    for number, (aggregate, transform, count) in enumerate(combinations):
        for dtype in [F32, F64, I32, I64]:
            modes, trees = forest(rng, number)
            has_base, as_tensors = rng.random() < 0.5, dtype is F64 and number % 2 == 1
            base = eighths(rng, count)
            extra = {}
            if has_base and as_tensors:
                extra["base_values_as_tensor"] = numpy_helper.from_array(base)
            elif has_base:
                extra["base_values"] = base.tolist()
            # ONNX Runtime has few integers in this operator.
            try:
                cases.add(
                    "TreeEnsembleRegressor", [samples(rng, dtype, modes)], [TensorProto.FLOAT], domain=DOMAIN,
                    version=3 if as_tensors else [1, 3][number % 2], n_targets=count, aggregate_function=aggregate,
                    post_transform=transform, **node_table(trees, number % 4 > 0, as_tensors),
                    **vote_table("target", rng, trees, subsets(rng, count, has_base), as_tensors), **extra)
            except Exception as error:
                assert "NOT_IMPLEMENTED" in str(error), error


def classifiers(cases, rng):
    combinations = itertools.product(TRANSFORMS, [F32, F64, I32, I64], ["first", "second", "both", 3, 4])
    for number, (transform, dtype, kind) in enumerate(combinations):
        modes, trees = forest(rng, number)
        as_tensors = dtype is F64 and number % 2 == 1
        count = kind if isinstance(kind, int) else 2
        attributes, type_ = labels(rng, count, "classlabels_int64s")
        low = 0 if rng.random() < 0.5 else -16
        extra, change = {}, None
        if kind == "first":
            if transform == "PROBIT":
                continue
            voters = lambda: [0]
            if rng.random() < 0.5 and not as_tensors:
                extra["base_values"] = eighths(rng, 1).tolist()
        elif kind == "second":
            voters = lambda: [1]
        else:
            voters = subsets(rng, count, kind == "both")
            if count > 2 and rng.random() < 0.5 and not as_tensors:
                extra["base_values"] = eighths(rng, count).tolist()
        if kind == "both":
            if transform == "PROBIT":
                # Its scores may be NaN, which have no order.
                continue
            names = numpy.array(next(iter(attributes.values())), dtype=object if type_ == TensorProto.STRING else None)
            change = lambda found: [names[found[1].argmax(axis=1)], found[1]]
            if transform == "SOFTMAX_ZERO":
                continue
        cases.add(
            "TreeEnsembleClassifier", [samples(rng, dtype, modes)], [type_, TensorProto.FLOAT], domain=DOMAIN,
            version=3 if as_tensors else [1, 3][number % 2], post_transform=transform, change=change,
            **node_table(trees, number % 4 > 0, as_tensors), **vote_table("class", rng, trees, voters, as_tensors, low),
            **attributes, **extra)


def ensembles(cases, rng):
    combinations = itertools.product([0, 1, 2, 3], [0, 3, 4], [1, 3], [F32, F64])
    for number, (aggregate, transform, count, dtype) in enumerate(combinations):
        modes = [*MODES[:5], "MEMBER", "MEMBER"] if number % 2 else MODES
        rows, leaves, roots, members = [], [], [], []
        for nodes in [random_tree(rng, modes, 3, 4) for _ in range(3)]:
            first = len(rows)
            places = {}
            for index, node in enumerate(nodes):
                if node is None:
                    places[index] = (1, len(leaves))
                    leaves.append((int(rng.integers(0, count)), float(rng.integers(-16, 17) / 8)))
                else:
                    places[index] = (0, len(rows))
                    rows.append(node)
            if len(rows) == first:
                # A tree that is one leaf is a branch with the leaf on both sides.
                rows.append(("BRANCH_LEQ", 0, 0.0, 0, 0, 0))
            roots.append(first)
            for node in range(first, len(rows)):
                rows[node] = (*rows[node][:4], places[rows[node][4]], places[rows[node][5]])
        for mode, *_ in rows:
            if mode == "MEMBER":
                # ONNX Runtime has sets of whole numbers only.
                members += [*rng.integers(-2, 5, int(rng.integers(1, 5))), numpy.nan]
        tensor = lambda values, kind=dtype: numpy_helper.from_array(numpy.array(values, dtype=kind))
        extra = {"membership_values": tensor(members)} if members else {}
        if number % 3:
            extra["nodes_missing_value_tracks_true"] = [row[3] for row in rows]
        x = samples(rng, dtype, modes)
        if members:
            x = numpy.floor(x)
        cases.add(
            "TreeEnsemble", [x], [element_type(x)], domain=DOMAIN, version=5, tree_roots=roots, n_targets=count,
            nodes_modes=tensor([[*MODES, "MEMBER"].index(row[0]) for row in rows], numpy.uint8),
            nodes_featureids=[row[1] for row in rows], nodes_splits=tensor([row[2] for row in rows]),
            nodes_trueleafs=[row[4][0] for row in rows], nodes_truenodeids=[row[4][1] for row in rows],
            nodes_falseleafs=[row[5][0] for row in rows], nodes_falsenodeids=[row[5][1] for row in rows],
            leaf_targetids=[leaf[0] for leaf in leaves], leaf_weights=tensor([leaf[1] for leaf in leaves]),
            aggregate_function=aggregate, post_transform=transform, **extra)


def main(destination):
    cases = Cases(destination)
    for make in [selection, encoders, scaling, linear, vectors, regressors, classifiers, ensembles]:
        make(cases, numpy.random.default_rng(SEED))
    cases.report()


main(sys.argv[1])
