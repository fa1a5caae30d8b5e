internal import ByteFiles
internal import ONNXGraph
internal import Tensors

/// The entry of a tensor: its place in the data files (`BundleEntryProto`).
struct BundleEntry {
  var dtype = 0
  var shape: [Int] = []
  var shard = 0
  var offset = 0
  var size = 0
  /// The masked CRC-32C of the bytes.
  var crc: UInt32 = 0
  /// The slices of a variable that is stored in several tensors.
  var slices: [BundleSlice] = []

  private static let rankLimit = 254
  private static let sliceLimit = 65_536

  /// - Parameter range: the message in the file.
  init(_ wire: WireFile, _ range: Range<Int>, key: [UInt8]) throws(FlatFormatError) {
    let place = "entry \(TableFile.words(key))"
    func broken(_ expected: String, _ found: String) -> FlatFormatError {
      .refused(
        .tensorflowEntry, path: wire.file.path, place: place, expected: expected, found: found)
    }
    var reader = WireReader(wire, range)
    while let field = try asEntry(place, { () throws(GraphError) in try reader.next() }) {
      switch (field.number, field.value) {
      case (1, .varint(let bits)): dtype = Int(truncatingIfNeeded: bits)
      case (2, .bytes(let range)): shape += try Self.shape(wire, range, place)
      case (3, .varint(let bits)): shard = Int(truncatingIfNeeded: bits)
      case (4, .varint(let bits)): offset = Int(truncatingIfNeeded: bits)
      case (5, .varint(let bits)): size = Int(truncatingIfNeeded: bits)
      case (6, .fixed32(let bits)): crc = bits
      case (7, .bytes(let range)):
        guard slices.count < Self.sliceLimit else {
          throw broken("at most \(Self.sliceLimit.grouped) slices", "more")
        }
        slices.append(try BundleSlice(wire, range, place))
      case (1...7, _): throw broken("field \(field.number) in its type", "another one")
      default: break
      }
    }
    guard shape.count <= Self.rankLimit, shape.allSatisfy({ $0 >= 0 }) else {
      throw broken("a shape of at most \(Self.rankLimit) extents, 0 or more", "\(shape.prefix(8))")
    }
    guard shard >= 0, offset >= 0, size >= 0 else {
      throw broken("a shard, an offset and a size of 0 or more", "\(shard), \(offset), \(size)")
    }
  }

  private static func shape(
    _ wire: WireFile, _ range: Range<Int>, _ place: String
  ) throws(FlatFormatError) -> [Int] {
    var shape: [Int] = []
    var reader = WireReader(wire, range)
    while let field = try asEntry(place, { () throws(GraphError) in try reader.next() }) {
      switch (field.number, field.value) {
      case (2, .bytes(let range)):
        var extent = 0
        var inner = WireReader(wire, range)
        while let field = try asEntry(place, { () throws(GraphError) in try inner.next() }) {
          if field.number == 1, case .varint(let bits) = field.value {
            extent = Int(truncatingIfNeeded: bits)
          }
        }
        shape.append(extent)
      case (3, .varint(let bits)) where bits != 0: shape.append(-1)
      default: break
      }
      // Checked here, so that a shape is not larger than is needed to refuse it.
      if shape.count > rankLimit { return shape }
    }
    return shape
  }
}

/// A slice of a variable: the range of each axis; nil for a whole axis.
struct BundleSlice {
  var ranges: [(start: Int, length: Int)?] = []

  init(_ wire: WireFile, _ range: Range<Int>, _ place: String) throws(FlatFormatError) {
    var reader = WireReader(wire, range)
    while let field = try asEntry(place, { () throws(GraphError) in try reader.next() }) {
      guard field.number == 1, case .bytes(let range) = field.value, ranges.count < 255 else { continue }
      var (start, length): (Int, Int?) = (0, nil)
      var inner = WireReader(wire, range)
      while let field = try asEntry(place, { () throws(GraphError) in try inner.next() }) {
        guard case .varint(let bits) = field.value else { continue }
        if field.number == 1 { start = Int(truncatingIfNeeded: bits) }
        if field.number == 2 { length = Int(truncatingIfNeeded: bits) }
      }
      ranges.append(length.map { (start, $0) })
    }
  }

  /// The key of a slice's own entry: an ordered encoding of 0, the name, the number of axes, and each start and length.
  func key(of name: [UInt8]) -> [UInt8] {
    var key: [UInt8] = [0]
    for byte in name {
      switch byte {
      case 0: key += [0, 0xFF]
      case 0xFF: key += [0xFF, 0]
      default: key.append(byte)
      }
    }
    key += [0, 1]
    key += ranges.isEmpty ? [0] : [1, UInt8(truncatingIfNeeded: ranges.count)]
    for range in ranges { key += Self.ordered(range?.start ?? 0) + Self.ordered(range?.length ?? -1) }
    return key
  }

  /// A signed number so that encodings have the order of the numbers: n bytes hold 7n bits with the sign, and begin with as
  /// many ones as there are further bytes.
  private static func ordered(_ value: Int) -> [UInt8] {
    let magnitude = UInt64(bitPattern: Int64(value < 0 ? ~value : value))
    var count = 1
    while count < 10, magnitude >> UInt64(7 * count - 1) != 0 { count += 1 }
    let sign: UInt8 = value < 0 ? 0xFF : 0
    var bytes = [sign, sign] + (0..<8).map { UInt8(truncatingIfNeeded: Int64(value) >> Int64(56 - 8 * $0)) }
    bytes.removeFirst(10 - count)
    let ones = ~UInt16(0) << UInt16(16 - count)
    bytes[0] ^= UInt8(truncatingIfNeeded: ones >> 8)
    if count > 1 { bytes[1] ^= UInt8(truncatingIfNeeded: ones) }
    return bytes
  }
}

/// Runs `body` and turns its error, which is about a message of the index, into one of this format.
func asEntry<Value>(
  _ place: String, _ body: () throws(GraphError) -> Value
) throws(FlatFormatError) -> Value {
  do throws(GraphError) { return try body() } catch {
    guard case .refused(_, let path, let inner, let expected, let found) = error else {
      throw FlatFormatError(error)
    }
    throw .refused(
      .tensorflowEntry, path: path, place: "\(place), \(inner)", expected: expected, found: found)
  }
}
