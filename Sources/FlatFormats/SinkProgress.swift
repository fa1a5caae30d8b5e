internal import Tensors

/// A sink's position in the tensors' bytes: the next tensor, and the next byte in it.
struct SinkProgress {
  private let path: String
  private let specs: [TensorSpec]
  private let order: [Int]
  /// Place in `order` of the tensor that the next byte belongs to.
  private(set) var place = 0
  /// Bytes of that tensor that have arrived.
  private(set) var filled = 0

  init(_ contents: SinkContents, order: [Int]) {
    path = contents.path
    specs = contents.specs
    self.order = order
    skipFull()
  }

  /// The tensor that the next byte belongs to; nil when all are complete.
  var current: TensorSpec? { place < order.count ? specs[order[place]] : nil }

  /// Bytes that the current tensor still lacks.
  var missing: Int { current.map { $0.byteCount - filled } ?? 0 }

  /// Counts `count` more bytes; throws if the tensors have fewer.
  mutating func advance(by count: Int) throws(FlatFormatError) {
    var left = count
    while left > 0 {
      let step = min(left, missing)
      if step == 0 {
        throw .refused(
          .sinkTooMuch, path: path, place: "end of the tensors", expected: "no more bytes",
          found: "\(left.grouped) more")
      }
      filled += step
      left -= step
      skipFull()
    }
  }

  /// Throws, with the tensor's name, unless every byte of every tensor has arrived.
  func requireEnd() throws(FlatFormatError) {
    guard let current else { return }
    throw .refused(
      .sinkTooLittle, path: path, place: "tensor \(current.name.quoted)",
      expected: "\(current.byteCount.grouped) bytes",
      found: "\(filled.grouped) of them")
  }

  private mutating func skipFull() {
    while place < order.count, filled == specs[order[place]].byteCount {
      place += 1
      filled = 0
    }
  }
}
