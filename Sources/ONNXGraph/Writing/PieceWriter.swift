/// A message whose tensors' elements are supplied later: bytes and, between them, numbers of tensors.
package struct PieceWriter {
  /// A part of the message.
  package enum Piece {
    case bytes([UInt8])
    /// All elements of the tensor that is supplied under this number; they take `count` bytes.
    case elements(Int, count: Int)
  }

  package private(set) var pieces: [Piece] = []
  package private(set) var count = 0

  package init() {}

  /// Appends small fields.
  mutating func fields(_ build: (inout WireWriter) -> Void) {
    var writer = WireWriter()
    build(&writer)
    append(writer.bytes)
  }

  mutating func append(_ bytes: [UInt8]) {
    if bytes.isEmpty { return }
    count += bytes.count
    if case .bytes(let last)? = pieces.last {
      pieces[pieces.count - 1] = .bytes(last + bytes)
    } else {
      pieces.append(.bytes(bytes))
    }
  }

  mutating func append(_ other: PieceWriter) {
    for piece in other.pieces {
      switch piece {
      case .bytes(let bytes): append(bytes)
      case .elements(let number, let count): elements(number, count: count)
      }
    }
  }

  mutating func elements(_ number: Int, count: Int) {
    self.count += count
    pieces.append(.elements(number, count: count))
  }

  /// Appends a message inside this one.
  mutating func message(_ number: Int, _ inner: PieceWriter) {
    fields { $0.header(number, count: inner.count) }
    append(inner)
  }
}
