import TestSupport
import Validation

extension RuleFixture {
  /// A copy of a model's folder with a change; `ModelFolderTests` have many more.
  private static func folder(
    _ rule: RuleID, _ label: String, says words: String...,
    by change: @escaping @Sendable (ModelFolderCopy) throws -> Void
  ) -> RuleFixture {
    RuleFixture(rule: rule, severity: .error, label: label, words: words, isFolder: true) { folder in
      try change(try ModelFolderCopy(of: "llama", in: folder))
      return folder.path
    }
  }

  static let folders = [
    folder(.configuration, "another width", says: "intermediate_size", "found 41") {
      try $0.change { $0["intermediate_size"] = 41 }
    },
    folder(.tokenizer, "a token without a row", says: "vocab.json", "found 32 for 'x'") {
      try $0.write(["x": 32], as: "vocab.json")
    },
    folder(.parts, "an adapter without weights", says: "adapter_model.safetensors") {
      try $0.write(["peft_type": "LORA", "r": 4] as [String: Any], as: "adapter_config.json")
    },
  ]
}
