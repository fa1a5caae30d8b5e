import Tessera

let model = try WeightsFile("network.onnx")
print(model.tensors.count, "tensors")
let plan = try UnitPlan.proposed(for: model, unitCount: 4)
print(try plan.json)
let result = try await model.convert(to: "network.h5", plan: plan) { progress in
  print(progress.completed, "of", progress.total, "bytes")
}
print(result.provedNetworks ?? 0, "sub-networks give the same outputs as the masked network")
