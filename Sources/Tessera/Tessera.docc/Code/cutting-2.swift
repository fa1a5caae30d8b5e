import Tessera

let model = try WeightsFile("network.onnx")
print(model.tensors.count, "tensors")
let plan = try UnitPlan.proposed(for: model, unitCount: 4)
print(try plan.json)
