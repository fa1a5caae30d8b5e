package import StrictJSON

/// The values of a model's config.json.
package struct ModelSizes: Sendable {
  /// `model_type`, or that of the part for text if only it is known here; nil if there is none.
  package let modelType: String?
  private let document: JSONObject
  /// The object for text that a loader reads before the document.
  private let preferred: JSONObject?
  /// Other names of keys, in this model type.
  private let aliases: [(alias: String, key: String)]

  /// The values of a document.
  ///
  /// - Parameter part: the object for text whose values come before those of the document; nil if the document's come
  ///   first.
  package init(_ document: JSONObject, part: String? = nil) {
    self.document = document
    preferred = part.flatMap { Self.object($0, of: document) }
    func type(_ object: JSONObject) -> String? {
      if case .string(let name)? = object["model_type"] { name } else { nil }
    }
    let types =
      [type(document)]
      + Self.textParts.map { part in
        Self.object(part, of: document).flatMap(type)
      }
    modelType = types.compactMap(\.self).first { Architecture.of(type: $0) != nil } ?? types[0]
    aliases = modelType.flatMap(Architecture.of(type:))?.aliases ?? []
  }

  /// The objects for text in models with several kinds of input.
  static let textParts = ["text_config", "llm_config", "language_config"]

  /// The path of a key in the document, or of another name of it; the part for text if the document itself lacks the key.
  package func path(_ key: String, in object: String?) -> [String] {
    if let object { return [object, part(object).flatMap { name(of: key, in: $0) } ?? key] }
    if let name = name(of: key, in: document) { return [name] }
    let inner = Self.textParts.lazy.compactMap { text in
      part(text).flatMap { name(of: key, in: $0) }.map { [text, $0] }
    }
    return inner.first ?? [key]
  }

  /// The names of a key: those that loaders accept for it, which come first for them, and its own.
  private func names(of key: String) -> [String] {
    aliases.filter { $0.key == key }.map(\.alias) + [key] + aliases.filter { $0.alias == key }.map(\.key)
  }

  /// The classes that the document names for the whole model; those of its parts are not read.
  var classes: [String] {
    guard case .array(let names)? = atTop("architectures") else { return [] }
    return names.compactMap { if case .string(let name) = $0 { name } else { nil } }
  }

  /// The value of a key in the document itself; nil if there is none or it is null.
  func atTop(_ key: String) -> JSONValue? { given(key, in: document) }

  /// The name under which an object has the value of a key; nil if it has none.
  private func name(of key: String, in object: JSONObject) -> String? {
    names(of: key).first { object[$0].given != nil }
  }

  private func given(_ key: String, in object: JSONObject?) -> JSONValue? {
    object.flatMap { object in name(of: key, in: object).flatMap { object[$0].given } }
  }

  /// The number of at least 0 under a key. Without the name of an object: in the document, or else in the part for text of
  /// a model with several kinds of input.
  package subscript(key: String, in object: String?) -> Int? {
    guard case .integer(let number)? = value(key, in: object), number >= 0 else { return nil }
    return Int(exactly: number)
  }

  /// Whether a key has a value of any kind.
  package func has(_ key: String, in object: String?) -> Bool { value(key, in: object) != nil }

  /// Whether a key is in the document and in its part for text, or has two names in one of them.
  package func isTwice(_ key: String, in object: String?) -> Bool {
    let objects = object.map { [part($0)] } ?? [document] + Self.textParts.map(part)
    return objects.reduce(0) { count, object in
      count + names(of: key).count { object?[$0].given != nil }
    } > 1
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

  /// The value of a key; nil if there is none or it is null.
  ///
  /// - Parameters:
  ///   - key: a key, or the name of an object and a key with a dot between them.
  ///   - object: the object that has the key.
  func value(_ key: String, in object: String? = nil) -> JSONValue? {
    if let dot = key.firstIndex(of: "."), object == nil {
      return value(String(key[key.index(after: dot)...]), in: String(key[..<dot]))
    }
    if let object { return given(key, in: part(object)) }
    // Older documents lack the part's model_type, so it is not known which part is preferred.
    return given(key, in: preferred) ?? given(key, in: document)
      ?? Self.textParts.lazy.compactMap { given(key, in: part($0)) }.first
  }

  func integer(_ key: String, in object: String? = nil) -> Int? {
    guard case .integer(let number)? = value(key, in: object) else { return nil }
    return Int(exactly: number)
  }

  func text(_ key: String) -> String? {
    if case .string(let text)? = value(key) { text } else { nil }
  }

  /// The first of several keys that the document has, with its number. The key is the name that the document uses.
  func first(_ keys: [String]) -> (key: String, number: Int)? {
    keys.lazy.compactMap { key in integer(key).map { (path(key, in: nil).last ?? key, $0) } }.first
  }

  /// The name of the part for text whose model type is one of these; nil if the document has none.
  static func part(of document: JSONObject, types: (String) -> Bool) -> String? {
    textParts.first { name in
      if case .string(let type)? = object(name, of: document)?["model_type"] { types(type) } else { false }
    }
  }

  private func part(_ name: String) -> JSONObject? { Self.object(name, of: document) }

  private static func object(_ name: String, of document: JSONObject) -> JSONObject? {
    if case .object(let object)? = document[name] { object } else { nil }
  }
}

extension JSONValue? {
  /// The value if it is not null.
  fileprivate var given: JSONValue? { self == .some(.null) ? nil : self }
}
