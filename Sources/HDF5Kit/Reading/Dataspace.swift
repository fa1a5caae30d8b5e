/// The shape of a dataset or attribute.
package struct HDF5Dataspace: Hashable, Sendable {
  package enum Kind: Hashable, Sendable {
    /// One element, no dimensions.
    case scalar
    /// Zero or more dimensions, each with a size.
    case simple
    /// No elements and no dimensions.
    case null
  }

  package let kind: Kind
  /// Sizes of the dimensions, slowest first; empty for scalar and null.
  package let shape: [Int]
  /// Sizes to which the dimensions may grow; nil for no limit. Chunk indexes number chunks by these sizes.
  let greatestShape: [Int?]
  /// The number of elements: 1 for scalar, 0 for null.
  package let elementCount: Int

  static let greatestRank = 32

  init(_ message: HeaderMessage) throws(HDF5Error) {
    guard !message.isShared else { throw message.body.unsupported("a shared dataspace message") }
    try self.init(message.body)
  }

  init(_ body: ByteCursor) throws(HDF5Error) {
    var cursor = body
    let version = try cursor.version(1...2)
    let rank = Int(try cursor.u8())
    let flags = try cursor.u8()
    guard rank <= Self.greatestRank else {
      throw cursor.malformed(expected: "at most \(Self.greatestRank) dimensions", found: "\(rank)")
    }
    let type = try cursor.u8()
    if version == 1 {
      kind = rank == 0 ? .scalar : .simple
      try cursor.skip(4)
    } else {
      switch type {
      case 0: kind = .scalar
      case 1: kind = .simple
      case 2: kind = .null
      default: throw cursor.malformed(expected: "dataspace type 0, 1 or 2", found: "\(type)")
      }
      guard kind == .simple || rank == 0 else {
        throw cursor.malformed(expected: "no dimensions", found: "\(rank)")
      }
    }
    var shape: [Int] = []
    for _ in 0..<rank { shape.append(try cursor.length()) }
    var greatestShape: [Int?] = shape
    if flags & 1 != 0 {
      for (index, size) in shape.enumerated() {
        let start = cursor
        let greatest = try cursor.unsigned(cursor.context.lengthWidth)
        guard greatest >= UInt64(size) else {
          throw start.malformed(expected: "a greatest size of at least \(size)", found: "\(greatest)")
        }
        let unbounded = greatest == UInt64.max >> UInt64(64 - 8 * cursor.context.lengthWidth)
        greatestShape[index] = unbounded ? nil : Int(exactly: greatest)
      }
    }
    var product = 1
    // A shape of 2^40 × 2^40 × 0 has no elements, so its size does not overflow.
    for size in shape where !shape.contains(0) {
      let (next, overflow) = product.multipliedReportingOverflow(by: size)
      guard !overflow else {
        throw cursor.malformed(expected: "fewer than 2^63 elements", found: "shape \(shape)")
      }
      product = next
    }
    self.shape = shape
    self.greatestShape = greatestShape
    elementCount = kind == .null || shape.contains(0) ? 0 : product
  }
}
