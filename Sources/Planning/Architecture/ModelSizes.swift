/// The numbers in a model's config.json that a plan needs.
package struct ModelSizes: Sendable {
  /// `model_type`; nil if there is none.
  package let modelType: String?
  /// The whole numbers of the document, by key.
  private let values: [String: Int]
  /// The whole numbers of its objects, by the name of the object, then by key.
  private let objects: [String: [String: Int]]

  package init(modelType: String?, values: [String: Int], objects: [String: [String: Int]] = [:]) {
    self.modelType = modelType
    self.values = values
    self.objects = objects
  }

  /// The path of a key in the document; the part for text if the document itself lacks the key.
  package func path(_ key: String, in object: String?) -> [String] {
    if let object { return [object, key] }
    if values[key] != nil { return [key] }
    return Self.textParts.first { objects[$0]?[key] != nil }.map { [$0, key] } ?? [key]
  }

  /// The objects for text in models with several kinds of input.
  static let textParts = ["text_config", "llm_config", "language_config"]

  /// The number under a key, in the named object. Without a name: in the document, or else in the part for text of a
  /// model with several kinds of input.
  package subscript(key: String, in object: String?) -> Int? {
    if let object { return objects[object]?[key] }
    return values[key]
      ?? Self.textParts.lazy.compactMap { objects[$0]?[key] }.first
  }
}
