internal import Accounting
internal import Tensors

/// The order in which `inspect` lists tensors.
package enum ListingOrder: String, CaseIterable, Sendable {
  /// The order of the file.
  case file
  /// By name; numbers in names are compared by value.
  case name
  /// By bytes, the largest first.
  case size
  /// By the share of zeros, the greatest first.
  case zeros
  /// By standard deviation, the greatest first.
  case std
  /// By the maximum of |x|, the greatest first.
  case max

  /// Whether the order depends on values, which must be read.
  package var needsStatistics: Bool {
    switch self {
    case .file, .name, .size: false
    case .zeros, .std, .max: true
    }
  }

  /// The tensors in this order; ties keep the order of the file.
  func sorted(_ tensors: [Inspection.Tensor]) -> [Inspection.Tensor] {
    switch self {
    case .file: tensors
    case .name:
      tensors.map { (NaturalName($0.spec.name), $0) }.sorted { $0.0 < $1.0 }.map(\.1)
    case .size: Self.descending(tensors) { Double($0.spec.byteCount) }
    case .zeros:
      Self.descending(tensors) { tensor in
        tensor.statistics.map { Double($0.zeros) / Double(Swift.max(1, $0.elements)) } ?? -1
      }
    case .std: Self.descending(tensors) { $0.statistics?.deviation ?? -1 }
    case .max:
      Self.descending(tensors) { tensor in
        [tensor.statistics?.minimum, tensor.statistics?.maximum].compactMap { $0?.double.magnitude }.max()
          ?? -1
      }
    }
  }

  private static func descending(
    _ tensors: [Inspection.Tensor], by key: (Inspection.Tensor) -> Double
  ) -> [Inspection.Tensor] {
    tensors.enumerated().map { (key: key($0.element), place: $0.offset, tensor: $0.element) }
      .sorted { ($1.key, $0.place) < ($0.key, $1.place) }.map(\.tensor)
  }
}

extension TensorSpec {
  /// Whether the tensor is a counter or another scalar; these are listed last.
  var isCounter: Bool {
    shape.isEmpty || name.text.hasSuffix("num_batches_tracked")
  }
}

/// A name whose digits are compared as numbers: layer2 before layer10.
struct NaturalName: Comparable {
  private let parts: [Part]
  private let name: TensorName

  private enum Part: Hashable {
    case text([UInt8])
    /// Digits without leading zeros.
    case number([UInt8])
  }

  init(_ name: TensorName) {
    self.name = name
    var parts: [Part] = []
    var bytes = Array(name.text.utf8)[...]
    while let first = bytes.first {
      let isDigit = Self.isDigit(first)
      let run = bytes.prefix { Self.isDigit($0) == isDigit }
      bytes = bytes.dropFirst(run.count)
      parts.append(isDigit ? .number(Array(run.drop { $0 == UInt8(ascii: "0") })) : .text(Array(run)))
    }
    self.parts = parts
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  static func == (a: NaturalName, b: NaturalName) -> Bool { a.name == b.name }

  static func < (a: NaturalName, b: NaturalName) -> Bool {
    for (one, other) in zip(a.parts, b.parts) where one != other {
      switch (one, other) {
      case (.number(let one), .number(let other)):
        return one.count == other.count ? one.lexicographicallyPrecedes(other) : one.count < other.count
      case (.text(let one), .text(let other)): return one.lexicographicallyPrecedes(other)
      case (.number, .text): return true
      case (.text, .number): return false
      }
    }
    return a.parts.count == b.parts.count ? a.name < b.name : a.parts.count < b.parts.count
  }
}
