import Tessera

let model = try WeightsFile("network.onnx")
print(model.tensors.count, "tensors")
