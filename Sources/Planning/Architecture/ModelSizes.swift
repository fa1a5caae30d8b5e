package import StrictJSON

/// The values of a model's config.json.
package struct ModelSizes: Sendable {
  /// `model_type`, or that of the part for text if only it is known here; nil if there is none.
  package let modelType: String?
  private let document: JSONObject

  /// The values of a document.
  package init(_ document: JSONObject) {
    self.document = document
    func type(_ object: JSONObject) -> String? {
      if case .string(let name)? = object["model_type"] { name } else { nil }
    }
    let types =
      [type(document)]
      + Self.textParts.map { part in
        if case .object(let object)? = document[part] { type(object) } else { nil }
      }
    modelType = types.compactMap(\.self).first { Architecture.of(type: $0) != nil } ?? types[0]
  }

  /// The objects for text in models with several kinds of input.
  static let textParts = ["text_config", "llm_config", "language_config"]

  /// The path of a key in the document; the part for text if the document itself lacks the key.
  package func path(_ key: String, in object: String?) -> [String] {
    if let object { return [object, key] }
    if document[key].isGiven { return [key] }
    return Self.textParts.first { part($0)?[key].isGiven ?? false }.map { [$0, key] } ?? [key]
  }

  /// The number of at least 0 under a key, in the named object. Without a name: in the document, or else in the part for text
  /// of a model with several kinds of input.
  package subscript(key: String, in object: String?) -> Int? {
    guard case .integer(let number)? = value(key, in: object), number >= 0 else { return nil }
    return Int(exactly: number)
  }

  /// Whether a key has a value of any kind.
  package func has(_ key: String, in object: String?) -> Bool { value(key, in: object).isGiven }

  /// Whether a key is in the document and in its part for text.
  package func isTwice(_ key: String) -> Bool {
    document[key].isGiven && Self.textParts.contains { part($0)?[key].isGiven ?? false }
  }

  /// The lists of the document, or of its part for text, by key.
  var lists: [(key: String, count: Int)] {
    let objects = Self.textParts.compactMap(part) + [document]
    return objects.flatMap { object in
      object.members.compactMap { if case .array(let list) = $0.value { ($0.key, list.count) } else { nil } }
    }
  }

  /// Whether the value of a key is true.
  func isSet(_ key: String, in object: String?) -> Bool {
    if case .bool(true)? = value(key, in: object) { true } else { false }
  }

  /// The list under a key, found in the same way.
  func list(_ key: String, in object: String?) -> [JSONValue]? {
    guard case .array(let list)? = value(key, in: object) else { return nil }
    return list
  }

  private func value(_ key: String, in object: String?) -> JSONValue? {
    if let object { return part(object)?[key] }
    if document[key].isGiven { return document[key] }
    return Self.textParts.lazy.compactMap { part($0)?[key] }.first { Optional($0).isGiven }
  }

  private func part(_ name: String) -> JSONObject? {
    if case .object(let part)? = document[name] { part } else { nil }
  }
}

extension JSONValue? {
  /// Whether there is a value that is not null.
  fileprivate var isGiven: Bool { self.map { $0 != .null } ?? false }
}
