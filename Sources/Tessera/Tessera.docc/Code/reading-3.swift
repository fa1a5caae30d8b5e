import Tessera

let checkpoint = try Checkpoint("network.h5")
for task in checkpoint.tasks { print(task.name, task.levels) }
let network = try checkpoint.network(task: checkpoint.tasks[0].name, budget: "100k")
print("level", network.level, "has", network.parameterCount, "parameters")
let first = network.tensors[0]
print(first.name, try network.elements(of: first.name, as: Float.self).prefix(4))
try await network.extract(to: "small.onnx")
