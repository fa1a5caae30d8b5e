internal import ONNXGraph

extension ValueType {
  /// The type that a value of this declared type must have and its own, in words; nil if they agree. An undeclared type
  /// or shape agrees with everything.
  func disagreement(_ value: Value) throws(OperatorError) -> (expected: String, found: String)? {
    switch (self, value) {
    case (.tensor(let type, let shape), .tensor(let tensor)): return Self.disagreement(type, shape, tensor)
    case (.optional, .empty): return nil
    case (.optional(let inner), _): return try inner.disagreement(value)
    case (.sequence(.tensor(let type, let shape)), .sequence(let sequence)):
      if let type, type != sequence.type {
        return ("a sequence of \(type.name) tensors", value.words)
      }
      if shape == nil { return nil }
      return sequence.tensors.lazy.compactMap { Self.disagreement(type, shape, $0) }.first
    case (.sequence(.map(let key, .tensor(let type, _))), .maps(let keys, let rows)):
      if rows.count == 0 || key == nil || key == keys.type, type == nil || type == rows.type { return nil }
      return (
        "maps of \(key?.name ?? "keys") to \(type?.name ?? "values")",
        "maps of \(keys.type.name) to \(rows.type.name)"
      )
    case (.map(let key, .tensor(let type, _)), .map(let keys, let values)):
      if key == nil || key == keys.type, type == nil || type == values.type { return nil }
      return (
        "a map of \(key?.name ?? "keys") to \(type?.name ?? "values")",
        "one of \(keys.type.name) to \(values.type.name)"
      )
    case (.other, _):
      throw .unsupported("a tensor, a sequence, a map or an optional", found: "another type of value")
    default: return (words, value.words)
    }
  }

  private static func disagreement(
    _ type: ElementType?, _ shape: [Extent]?, _ tensor: Tensor
  ) -> (expected: String, found: String)? {
    if let type, type != tensor.type { return ("\(type.name) elements", tensor.type.name) }
    guard let shape else { return nil }
    let fits =
      shape.count == tensor.rank
      && zip(shape, tensor.shape).allSatisfy { declared, extent in
        if case .fixed(let value) = declared { value == extent } else { true }
      }
    if fits { return nil }
    let words = shape.map { extent in
      switch extent {
      case .fixed(let value): "\(value)"
      case .named(let name): plain(name)
      case .open: "?"
      }
    }
    return ("a shape [\(words.joined(separator: ", "))]", shapeText(tensor.shape))
  }

  private var words: String {
    switch self {
    case .tensor: "a tensor"
    case .sequence(.map): "a sequence of maps"
    case .sequence: "a sequence of tensors"
    case .map: "a map"
    case .optional: "an optional"
    case .other: "another type of value"
    }
  }
}
