import FlatFormats
import Pickle
import TestSupport

extension RefusalCase {
  private static func deepSpeed(_ label: String, _ bytes: [UInt8]) -> RefusalCase {
    .file(.torchDeepSpeed, "x.pt", label, bytes)
  }

  private static func folder(_ label: String, _ names: [String]) -> RefusalCase {
    RefusalCase(defect: .format(.shardsFolder), label: label) { folder in
      for name in names { _ = try folder.write([0], as: "set/\(name)") }
      _ = try readAll(folder.file("set"))
    }
  }

  /// Files and folders of a training that have no whole model.
  static let trainingCases: [RefusalCase] = [
    deepSpeed("weights of ZeRO-3", TrainingBytes.deepSpeedOptimizer("fp32_flat_groups", stage: 3)),
    deepSpeed(
      "weights of ZeRO-2", TrainingBytes.deepSpeedOptimizer("single_partition_of_fp32_groups", stage: 2)),
    deepSpeed("an optimizer of ZeRO alone", TrainingBytes.deepSpeedOptimizer(nil, stage: 1)),
    deepSpeed("parameters without elements", TrainingBytes.deepSpeed([("w", [0]), ("b", [0])])),
    deepSpeed("one parameter without elements", TrainingBytes.deepSpeed([("w", [2, 3]), ("b", [0])])),
    deepSpeed("no parameters", TrainingBytes.deepSpeed([])),
    folder("a checkpoint of DeepSpeed", ["latest", "global_step10/x.pt"]),
    folder("a checkpoint of DeepSpeed with its script", ["zero_to_fp32.py"]),
    folder("the files of DeepSpeed's ranks", ["mp_rank_00_model_states.pt"]),
    folder("files of PyTorch", ["pytorch_model-00001-of-00002.bin", "pytorch_model.bin.index.json"]),
    RefusalCase(defect: .format(.shardsName), label: "an index of files of PyTorch") { folder in
      let index = #"{"metadata": {}, "weight_map": {"a": "pytorch_model-00001-of-00002.bin"}}"#
      _ = try readAll(try folder.write(Array(index.utf8), as: "pytorch_model.bin.index.json"))
    },
    RefusalCase(defect: .format(.leftOut), label: "a tensor of several ranks") { folder in
      let file = TrainingBytes.file { writer in
        writer.text("w")
        writer.ofRanks("torch.distributed.tensor", "DTensor")
      }
      try open(try folder.write(file, as: "x.pt")).requireWhole()
    },
  ]
}
