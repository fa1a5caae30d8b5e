internal import ByteFiles
internal import FlatFormats
internal import StrictJSON

/// Reads from a model's config.json what shapes do not tell.
enum ModelConfiguration {
  private static let sizeLimit = 4 << 20

  /// As families of models call the experts that a token is sent to, and the members within which some keep it.
  private static let expertKeys = [
    "num_experts_per_tok", "num_experts_per_token", "experts_per_token", "moe_top_k", "moe_topk",
    "top_k_experts",
    "num_selected_experts",
  ]
  private static let parts = ["text_config", "ffn_config", "llm_config"]

  /// How many experts a token is sent to; nil where no config.json says so.
  static func expertsPerToken(beside path: String) throws(Failure) -> Int? {
    try number(expertKeys, beside: path)
  }

  /// How many attention heads a layer has; nil where no config.json says so.
  static func attentionHeads(beside path: String) throws(Failure) -> Int? {
    try number(["num_attention_heads", "n_head", "n_heads", "num_heads"], beside: path)
  }

  /// The number in the config.json beside a file, or in a folder; nil where there is none.
  private static func number(_ keys: [String], beside path: String) throws(Failure) -> Int? {
    let config: String
    if FlatFormats.isFolder(path) {
      config = "\(path)/config.json"
    } else {
      config = StudyFolder.path("config.json", beside: path)
    }
    guard FileIdentity(path: config) != nil else { return nil }
    let document: JSONValue
    do {
      let file = try ReadableFile(path: config)
      guard file.size <= sizeLimit else {
        throw Failure(sentence: "\(config): expected at most \(sizeLimit) bytes, found \(file.size)")
      }
      let bytes = try file.bytes(at: 0, count: file.size)
      do throws(JSONError) {
        document = try JSONParser(sizeLimit: sizeLimit).parse(bytes)
      } catch { throw Failure(sentence: "\(config): \(error)") }
    } catch let failure as Failure { throw failure } catch { throw Failure(sentence: "\(error)") }
    guard case .object(let members) = document else {
      throw Failure(sentence: "\(config): expected an object, found another value")
    }
    let inner = parts.compactMap { part -> JSONObject? in
      if case .object(let object)? = members[part] { object } else { nil }
    }
    for object in [members] + inner {
      for key in keys {
        guard let value = object[key], value != .null else { continue }
        guard case .integer(let number) = value, let count = Int(exactly: number), count >= 1 else {
          throw Failure(
            sentence: "\(config): \(key): expected a whole number of 1 or more, found another value")
        }
        return count
      }
    }
    return nil
  }
}
