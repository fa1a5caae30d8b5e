import Tessera

let network = try Checkpoint("fashion.h5").network(task: "digits", level: 2)
for tensor in network.tensors { print(tensor.name, tensor.dtype, tensor.shape) }
let weights = try network.elements(of: "head.weight", as: Float.self)
print(network.parameterCount, "parameters,", weights.count, "of them in head.weight")
