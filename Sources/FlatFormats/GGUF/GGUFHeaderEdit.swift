internal import ByteFiles
internal import Tensors

/// A stored header whose metadata and shapes change; all other metadata keep their bytes.
struct GGUFHeaderEdit {
  let header: GGUFHeader
  private let path: String
  /// Each key with its bytes, in the order of the file.
  private var pairs: [(key: String, bytes: [UInt8])] = []

  /// - Parameters:
  ///   - stored: the header, and perhaps the zeros after the last tensor.
  ///   - path: the name of the new file in messages.
  init(_ stored: [UInt8], path: String) throws(FlatFormatError) {
    self.path = path
    var cursor = GGUFCursor(path: path, size: stored.count) { Array(stored[$0..<$0 + $1]) }
    var found: [(key: String, bytes: [UInt8])] = []
    header = try GGUFHeader(&cursor) { key, range in found.append((key, Array(stored[range]))) }
    pairs = found
  }

  /// The header for these tensors in the given order, with padding, and the zeros after the last tensor.
  func bytes(for specs: [TensorSpec]) throws(FlatFormatError) -> [UInt8] {
    var bytes = GGUFHeader.magic + number(GGUFHeader.version)
    bytes += number(UInt64(specs.count)) + number(UInt64(pairs.count))
    for pair in pairs { bytes += pair.bytes }
    let alignment = header.metadata.alignment
    let entries = try GGUFLayout.entries(specs, alignment, path: path, isBig: header.isBig)
    bytes += entries.bytes
    for end in [bytes.count, entries.end] {
      bytes += [UInt8](repeating: 0, count: GGUFHeader.padded(end, alignment) - end)
    }
    return bytes
  }

  private func number(_ value: some FixedWidthInteger) -> [UInt8] {
    ByteFields.bytes(of: header.isBig ? value.byteSwapped : value)
  }

  /// The whole numbers of a key, one or an array; nil if there are none.
  func integers(_ key: String) -> [Int]? {
    guard let pair = pairs.first(where: { $0.key == key }) else { return nil }
    var cursor = GGUFCursor(path: path, size: pair.bytes.count) { Array(pair.bytes[$0..<$0 + $1]) }
    cursor.isBig = header.isBig
    return try? cursor.integers()
  }

  /// Replaces or adds a number (UINT32), or an array of several.
  mutating func set(_ key: String, to numbers: [Int]) {
    var bytes = number(UInt64(key.utf8.count)) + Array(key.utf8)
    if numbers.count != 1 {
      bytes += number(GGUFValueType.array.rawValue)
    }
    bytes += number(GGUFValueType.uint32.rawValue)
    if numbers.count != 1 { bytes += number(UInt64(numbers.count)) }
    // Extents of tensors in a file, or numbers that were read as 32 bits.
    for value in numbers { bytes += number(UInt32(clamping: value)) }
    if let place = pairs.firstIndex(where: { $0.key == key }) {
      pairs[place].bytes = bytes
    } else {
      pairs.append((key, bytes))
    }
  }

  mutating func remove(_ key: String) { pairs.removeAll { $0.key == key } }
}

extension GGUFCursor {
  /// The whole numbers of a pair: its key is passed over. nil for other types, for negative numbers, and for numbers that
  /// need more than the 32 bits in which they would be written.
  fileprivate mutating func integers() throws(FlatFormatError) -> [Int]? {
    _ = try text("a key")
    guard var type = GGUFValueType(rawValue: try u32("a type")) else { return nil }
    var count: UInt64 = 1
    if type == .array {
      guard let element = GGUFValueType(rawValue: try u32("a type")) else { return nil }
      type = element
      count = try number(8, "a length")
    }
    guard type.isInteger, let width = type.width else { return nil }
    var numbers: [Int] = []
    for _ in 0..<count {
      let bits = try number(width, "a number")
      let isSigned = [.int8, .int16, .int32, .int64].contains(type)
      guard bits <= UInt64(UInt32.max), !isSigned || bits >> UInt64(8 * width - 1) == 0 else { return nil }
      numbers.append(Int(bits))
    }
    return numbers
  }
}
