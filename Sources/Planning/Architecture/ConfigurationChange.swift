package import StrictJSON

/// A value in config.json that a sub-network changes.
package struct ConfigurationChange: Equatable, Sendable {
  /// The object that has the key; nil for the document itself, or its part for text.
  package let object: String?
  package let key: String
  package let value: JSONValue
  /// A key after which this one is inserted if config.json lacks it.
  package let anchor: String

  init(_ object: String?, _ key: String, _ value: JSONValue, after anchor: String = "model_type") {
    self.object = object
    self.key = key
    self.value = value
    self.anchor = anchor
  }
}
