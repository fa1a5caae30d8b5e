internal import Tensors
internal import UnitModel

/// A file's tensors, found by the ends of their names without a look at every tensor.
struct TensorIndex {
  let specs: [TensorSpec]
  /// The tensors by the last two components of their names.
  private let places: [String: [Int]]

  init(_ specs: [TensorSpec]) {
    self.specs = specs
    places = Dictionary(grouping: specs.indices) { Self.key(specs[$0].name.text) }
  }

  /// The tensors whose names are a prefix and a suffix of an architecture's document; with a nil prefix, any prefix
  /// that ends where a component ends.
  func matches(_ suffix: String, under prefix: String?) -> [TensorSpec] {
    guard let pattern = NamePattern((prefix ?? "*") + suffix) else { return [] }
    return (places[Self.key(suffix)] ?? []).map { specs[$0] }.filter { spec in
      guard let captures = pattern.match(spec.name.text) else { return false }
      guard prefix == nil, let start = captures.stars.first else { return true }
      return start.isEmpty || start.hasSuffix(".") || start.hasSuffix("/")
    }
  }

  private static func key(_ name: String) -> String {
    name.split(separator: ".").suffix(2).map { $0.allSatisfy(\.isNumber) ? "{}" : String($0) }
      .joined(separator: ".")
  }
}
