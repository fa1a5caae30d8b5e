"""Makes models whose weights have owners or masks, and judges what a task of them computes; prints JSON.

    python elements.py TESSERA

In the folder it is called in. What is expected is ONNX Runtime's answer to the same graph with the weights that NumPy
has put zeros into. `failures` must be empty.
"""

import json
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

TASKS = ["one", "two", "three"]


def save(path, nodes, tensors):
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4, 6, 5])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])],
        [numpy_helper.from_array(array, name) for name, array in tensors.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def nodes(conv="conv.weight", before=()):
    return [*before, helper.make_node("Conv", ["x", conv, "conv.bias"], ["a"]), helper.make_node("Relu", ["a"], ["b"]),
            helper.make_node("GlobalAveragePool", ["b"], ["c"]), helper.make_node("Flatten", ["c"], ["d"]),
            helper.make_node("Gemm", ["d", "fc.weight"], ["y"], transB=1)]


def models(random):
    """Name, nodes, tensors, the plan's entries, what each task has of a tensor, and a task's private tensors."""
    weights = {"conv.weight": random.randn(8, 4, 3, 3).astype("f"), "conv.bias": random.randn(8).astype("f"),
               "fc.weight": random.randn(3, 8).astype("f")}
    owners = {name: random.choice([0, 1, 2, 3], weights[name].shape).astype("u1") for name in ("conv.weight", "fc.weight")}
    entries = [{"name": name, "owners": {"map": f"{name}.owner", "elements": np.bincount(map.ravel(), minlength=4).tolist()}}
               for name, map in owners.items()]
    kept = [{name: (map > 0) & (map <= task + 1) for name, map in owners.items()} for task in range(3)]
    # Maps stand before their weights: what is not extracted must not move the others.
    beside = {f"{name}.owner": map for name, map in owners.items()}
    yield "packnet", nodes(), {**beside, **weights}, entries, kept, [[], [], []]

    # A mask that the graph multiplies with, too: it must be there where the graph wants it.
    mask = random.choice([0, 1, 1], weights["conv.weight"].shape).astype("u1")
    before = [helper.make_node("Cast", ["mask"], ["real"], to=TensorProto.FLOAT),
              helper.make_node("Mul", ["conv.weight", "real"], ["masked"])]
    yield ("used", nodes("masked", before), {"mask": mask, **weights}, [{"name": "conv.weight", "mask": "mask"}],
           [{"conv.weight": mask != 0}] * 3, [[], [], []])

    masks = {f"mask.{task}": random.choice([0, 1, 255], weights["fc.weight"].shape).astype("u1") for task in TASKS[1:]}
    kept = [{}] + [{"fc.weight": masks[f"mask.{task}"] != 0} for task in TASKS[1:]]
    private = [[]] + [[{"name": f"mask.{task}", "as": "mask"}] for task in TASKS[1:]]
    yield ("piggyback", nodes(), {**masks, **weights}, [{"name": "fc.weight", "mask": "mask"}], kept, private)


def run(path, x):
    return onnxruntime.InferenceSession(path).run(None, {"x": x})[0]


def judge(tessera):
    random = np.random.RandomState(11)
    failures, networks = [], 0
    x = random.randn(3, 4, 6, 5).astype("f")
    np.savez("x.npz", x=x)

    def tool(*arguments):
        done = subprocess.run([tessera, *arguments], capture_output=True, text=True)
        if done.returncode:
            failures.append(f"{arguments}: {done.returncode}: {done.stderr}{done.stdout}")

    for name, steps, tensors, entries, kept, private in models(random):
        save(f"{name}.onnx", steps, tensors)
        units = 3 if name == "packnet" else 1
        plan = {"format": "tessera.plan/1", "units": units, "tensors": entries,
                "tasks": [{"name": task, "order": list(range(units)), "levels": [min(units, place + 1)], "private": own}
                          for place, (task, own) in enumerate(zip(TASKS, private))]}
        with open(f"{name}.json", "w", encoding="utf-8") as file:
            json.dump(plan, file)
        tool("convert", f"{name}.onnx", f"{name}.h5", "--plan", f"{name}.json")
        tool("verify", f"{name}.onnx", f"{name}.h5")
        tool("convert", f"{name}.h5", "back.onnx")
        with open(f"{name}.onnx", "rb") as a, open("back.onnx", "rb") as b:
            if a.read() != b.read():
                failures.append(f"{name}: another file came back")
        for task, own in zip(TASKS, kept):
            save("masked.onnx", steps, {**tensors, **{key: tensors[key] * mask for key, mask in own.items()}})
            wanted = run("masked.onnx", x)
            tool("extract", f"{name}.h5", "small.onnx", "--task", task, "--level", "1")
            tool("run", f"{name}.h5", "--task", task, "--level", "1", "--input", "x.npz", "--output", "y.npz")
            for what, found in [("extract", run("small.onnx", x)), ("run", np.load("y.npz")["y"])]:
                gap = float(np.abs(found - wanted).max())
                if not gap <= 1e-5 * float(np.abs(wanted).max()):
                    failures.append(f"{name}, {task}, {what}: {gap}")
            networks += 1
    print(json.dumps({"networks": networks, "failures": failures}))


if __name__ == "__main__":
    judge(sys.argv[1])
