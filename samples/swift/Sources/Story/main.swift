// The README's story in Swift: cut a trained network into units, count it, take a sub-network out and run it.
//
// usage: Story FOLDER-WITH-THE-FASHION-SAMPLE FOLDER-FOR-RESULTS

import Tessera

let folders = CommandLine.arguments.dropFirst()
guard let sample = folders.first, let results = folders.dropFirst().first else {
  fatalError("usage: Story samples/fashion FOLDER")
}

// 1. Cut a network with a graph. Every sub-network is compared with the whole network before anything is written.
let model = try WeightsFile("\(sample)/network.onnx")
let plan = try UnitPlan("\(sample)/plan.json")
let shown = try await model.convert(to: "\(results)/network.h5", plan: plan) { progress in
  if progress.completed == progress.total { print("written:", progress.total, "bytes of tensors") }
}
if let reason = shown.notProvedReason { print("not proved:", reason) }
if let networks = shown.provedNetworks { print("proved:", networks, "sub-networks") }

// 2. The cost of each task at each level.
let file = try WeightsFile("\(results)/network.h5")
let table = try file.count(policy: "weights-only")
for row in table.networks where row.task == "digits" {
  print("digits", row.level ?? 0, row.parameters, "parameters in", row.bytes, "bytes")
}

// 3. The largest sub-network for digits with at most 35,000 parameters, as tensors and as a model of its own.
let checkpoint = try Checkpoint(file)
let network = try checkpoint.network(task: "digits", budget: "35k")
print("level", network.level, "with units", network.units)
try await network.extract(to: "\(results)/digits.onnx")

// 4. Both compute the same.
let images = try WeightsFile("\(sample)/images.npy")
let name = images.tensors[0].name
let input = try TensorValue(
  try images.elements(of: name, as: Float.self), shape: images.tensors[0].shape)
let stored = try await network.run(["image": input])
let extracted = try await WeightsFile("\(results)/digits.onnx").run(["image": input])
for (name, value) in stored.sorted(by: { $0.key < $1.key }) {
  let (a, b) = (try value.elements(as: Float.self), try extracted[name]?.elements(as: Float.self) ?? [])
  guard a.count == b.count else { fatalError("\(name): other shapes") }
  print(name, value.shape, "largest difference", zip(a, b).map { abs($0 - $1) }.max() ?? 0)
}

// 5. Convert back: the same file.
try await file.convert(to: "\(results)/back.onnx")
let difference = try await model.difference(from: try WeightsFile("\(results)/back.onnx"))
print(difference.equalCount, "tensors are equal:", difference.isEqual)
let report = try await validate("\(results)/network.h5", isDeep: true)
print("valid:", report.isClean)
