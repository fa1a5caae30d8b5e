internal import ByteFiles

/// A piece of a rewritten file: new bytes, a range of the old file, or a tensor's new elements.
package enum RewrittenPiece: Equatable {
  case bytes([UInt8])
  case copied(Range<Int>)
  /// All elements of the replacement with this number; they take `count` bytes.
  case elements(Int, count: Int)

  package var count: Int {
    switch self {
    case .bytes(let bytes): bytes.count
    case .copied(let range): range.count
    case .elements(_, let count): count
    }
  }
}

/// A new shape and type for one of a model's tensors; its elements come later.
package struct TensorReplacement {
  /// The range of the old message in the file.
  package let message: Range<Int>
  package let type: ElementType
  package let shape: [Int]
  package let byteCount: Int

  package init(message: Range<Int>, type: ElementType, shape: [Int], byteCount: Int) {
    self.message = message
    self.type = type
    self.shape = shape
    self.byteCount = byteCount
  }
}

/// Rewrites a model with some tensors replaced, as a list of pieces in file order.
///
/// Only the lengths of messages that enclose a replaced tensor change. All other bytes are copied: unknown fields, the
/// order of nodes, documentation, and the encoding of numbers.
package struct ModelRewriting {
  private let wire: WireFile
  private let replacements: [TensorReplacement]

  package init(_ model: Model, replacing replacements: [TensorReplacement]) {
    wire = WireFile(model.file)
    self.replacements = replacements
  }

  package func pieces() throws(GraphError) -> [RewrittenPiece] {
    let ordered = replacements.enumerated().map { (number: $0.offset, tensor: $0.element) }
      .sorted { $0.tensor.message.lowerBound < $1.tensor.message.lowerBound }
    return Self.joined(try rewritten(0..<wire.file.size, ordered[...]))
  }

  private typealias Numbered = (number: Int, tensor: TensorReplacement)

  private func rewritten(
    _ range: Range<Int>, _ wanted: ArraySlice<Numbered>
  ) throws(GraphError) -> [RewrittenPiece] {
    var pieces: [RewrittenPiece] = []
    var rest = wanted
    var reader = WireReader(wire, range)
    while let field = try reader.next() {
      guard let first = rest.first, first.tensor.message.lowerBound < field.extent.upperBound,
        case .bytes(let value) = field.value
      else {
        pieces.append(.copied(field.extent))
        continue
      }
      let inside = rest.prefix { $0.tensor.message.lowerBound < field.extent.upperBound }
      rest = rest.dropFirst(inside.count)
      let inner: [RewrittenPiece]
      if inside.count == 1, value == first.tensor.message {
        inner = try replaced(first)
      } else {
        inner = try rewritten(value, inside)
      }
      var header = WireWriter()
      header.header(field.number, count: inner.reduce(0) { $0 + $1.count })
      pieces.append(.bytes(header.bytes))
      pieces += inner
    }
    return pieces
  }

  /// The new dimensions and type, then the old fields other than dimensions, type and data, then the new elements.
  private func replaced(_ replacement: Numbered) throws(GraphError) -> [RewrittenPiece] {
    let tensor = replacement.tensor
    var head = WireWriter()
    if !tensor.shape.isEmpty { for extent in tensor.shape { head.int(1, extent) } }
    head.int(2, tensor.type.rawValue)
    var pieces: [RewrittenPiece] = [.bytes(head.bytes)]
    var reader = WireReader(wire, tensor.message)
    let dropped: Set<Int> = [1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 13, 14]
    while let field = try reader.next() {
      if !dropped.contains(field.number) { pieces.append(.copied(field.extent)) }
    }
    var data = WireWriter()
    data.header(9, count: tensor.byteCount)
    pieces += [.bytes(data.bytes), .elements(replacement.number, count: tensor.byteCount)]
    return pieces
  }

  /// Merges neighbouring ranges of the old file.
  private static func joined(_ pieces: [RewrittenPiece]) -> [RewrittenPiece] {
    var result: [RewrittenPiece] = []
    for piece in pieces {
      if case .copied(let next) = piece, case .copied(let last) = result.last,
        last.upperBound == next.lowerBound
      {
        result[result.count - 1] = .copied(last.lowerBound..<next.upperBound)
      } else {
        result.append(piece)
      }
    }
    return result
  }
}
