internal import FlatFormats
package import Planning
internal import StrictJSON

extension OpenedFile {
  /// The sizes of the model in the file's own metadata (GGUF); nil for other files.
  package var ownSizes: ModelSizes? {
    get throws {
      guard flatKind == .gguf, case .flat(let source) = try contents else { return nil }
      return ModelSizes(gguf: source.metadata)
    }
  }
}

extension ModelSizes {
  /// The sizes of a model like Llama, by their keys in GGUF's metadata without the name of the architecture. A key with
  /// different numbers for different layers is left out.
  init(gguf metadata: [(key: String, value: String)]) {
    let architecture = metadata.first { $0.key == "general.architecture" }?.value ?? ""
    func members(_ keys: [String], below prefix: String = "") -> [JSONMember] {
      keys.compactMap { key in
        metadata.first { $0.key == "\(architecture).\(prefix)\(key)" }.flatMap { Self.number($0.value) }
          .map { JSONMember(key: key, value: JSONValue($0)) }
      }
    }
    let attention = members(["head_count", "head_count_kv", "key_length"], below: "attention.")
    let object = JSONMember(key: "attention", value: .object(JSONObject(attention) ?? JSONObject()))
    self.init(JSONObject(members(["feed_forward_length"]) + [object]) ?? JSONObject())
  }

  /// A number, or that of all entries of a list: `8`, `[8, 8]`.
  private static func number(_ text: String) -> Int? {
    if let number = Int(text) { return number }
    guard text.hasPrefix("["), text.hasSuffix("]") else { return nil }
    let numbers = Set(text.dropFirst().dropLast().split(separator: ",").map { Int($0.drop { $0 == " " }) })
    return numbers.count == 1 ? numbers.first ?? nil : nil
  }
}
