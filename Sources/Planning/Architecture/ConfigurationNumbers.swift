internal import StrictJSON

/// The values of a config.json, looked up as a model's loader does: in the part for text of a model with several kinds
/// of input, or else in the document.
struct ConfigurationNumbers {
  private let document: JSONObject
  private let part: JSONObject?

  /// - Parameter part: the object for text; nil if the document itself has the keys.
  init(_ document: JSONObject, part: String?) {
    self.document = document
    self.part = part.flatMap { ConfigurationNumbers.object($0, of: document) }
  }

  /// The value of a key; nil if there is none or it is null.
  ///
  /// - Parameters:
  ///   - key: a key, or the name of an object and a key with a dot between them.
  ///   - object: the object that has the key.
  func value(_ key: String, in object: String? = nil) -> JSONValue? {
    if let dot = key.firstIndex(of: "."), object == nil {
      return value(String(key[key.index(after: dot)...]), in: String(key[..<dot]))
    }
    var found = part?[key] ?? document[key]
    if let object { found = Self.object(object, of: document)?[key] }
    if object == nil, found == nil {
      // Older documents lack the part's model_type, so the part is not known.
      found = ModelSizes.textParts.lazy.compactMap { Self.object($0, of: document)?[key] }.first
    }
    return found == .null ? nil : found
  }

  func integer(_ key: String, in object: String? = nil) -> Int? {
    guard case .integer(let number)? = value(key, in: object) else { return nil }
    return Int(exactly: number)
  }

  func text(_ key: String) -> String? {
    if case .string(let text)? = value(key) { text } else { nil }
  }

  /// The first of several keys that the document has, with its number.
  func first(_ keys: [String]) -> (key: String, number: Int)? {
    keys.lazy.compactMap { key in integer(key).map { (key, $0) } }.first
  }

  /// The name of the part for text whose model type is one of these; nil if the document has none.
  static func part(of document: JSONObject, types: (String) -> Bool) -> String? {
    ModelSizes.textParts.first { name in
      if case .string(let type)? = object(name, of: document)?["model_type"] { types(type) } else { false }
    }
  }

  private static func object(_ name: String, of document: JSONObject) -> JSONObject? {
    if case .object(let object)? = document[name] { object } else { nil }
  }
}
