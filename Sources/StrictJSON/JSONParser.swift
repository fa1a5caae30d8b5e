/// A parser for JSON from files: exactly RFC 8259.
///
/// It makes one pass and recurses at most `depthLimit` deep. It refuses duplicate keys, bytes that are not UTF-8, and
/// numbers whose value would change.
public struct JSONParser: Sendable {
  /// The most levels of nested arrays and objects.
  public let depthLimit: Int
  /// The most bytes of a text.
  public let sizeLimit: Int
  /// The most values: a text of `[0,0,…]` takes thirty times its size in memory.
  public let valueLimit: Int

  /// A parser with these limits; the depth is at most 512.
  public init(depthLimit: Int = 64, sizeLimit: Int = 256 << 20, valueLimit: Int = .max) {
    // Each level takes a frame of the stack.
    self.depthLimit = min(max(depthLimit, 0), 512)
    self.sizeLimit = sizeLimit
    self.valueLimit = valueLimit
  }

  /// Parses the bytes as one value.
  public func parse(_ bytes: [UInt8]) throws(JSONError) -> JSONValue {
    let result = bytes.withUnsafeBytes { buffer in
      Result<JSONValue, JSONError> { () throws(JSONError) -> JSONValue in try parse(buffer) }
    }
    return try result.get()
  }

  /// Parses the bytes as one value.
  public func parse(_ bytes: UnsafeRawBufferPointer) throws(JSONError) -> JSONValue {
    guard bytes.count <= sizeLimit else { throw .tooLarge(bytes: bytes.count, limit: sizeLimit) }
    var scanner = JSONScanner(bytes: bytes, depthLimit: depthLimit, valueLimit: valueLimit)
    scanner.skipSpace()
    let value = try scanner.value(depth: 0)
    scanner.skipSpace()
    if scanner.position < bytes.count { throw scanner.unexpected("the end of the text") }
    return value
  }
}

/// One pass over the bytes. `position` never exceeds the count, and each read of a byte follows a comparison with it.
struct JSONScanner {
  let bytes: UnsafeRawBufferPointer
  let depthLimit: Int
  let valueLimit: Int
  var position: Int
  private var valueCount = 0

  init(bytes: UnsafeRawBufferPointer, depthLimit: Int, valueLimit: Int = .max, position: Int = 0) {
    self.valueLimit = valueLimit
    self.bytes = bytes
    self.position = position
    self.depthLimit = depthLimit
  }

  /// The current byte; nil at the end.
  var byte: UInt8? { position < bytes.count ? bytes[position] : nil }

  mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x0A, 0x0D, 0x09: position += 1
      default: return
      }
    }
  }

  mutating func value(depth: Int) throws(JSONError) -> JSONValue {
    valueCount += 1
    if valueCount > valueLimit { throw .tooMany(place(), limit: valueLimit) }
    switch byte {
    case UInt8(ascii: "{"): return try object(depth: depth + 1)
    case UInt8(ascii: "["): return try array(depth: depth + 1)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "-"), (UInt8(ascii: "0")...UInt8(ascii: "9"))?: return try number()
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: throw unexpected("a value")
    }
  }

  private mutating func word(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
    let start = position
    for index in 0..<word.utf8CodeUnitCount {
      guard byte == word.utf8Start[index] else {
        position = start
        throw unexpected("a value")
      }
      position += 1
    }
    return value
  }

  private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
    if depth > depthLimit { throw .tooDeep(place(), limit: depthLimit) }
    position += 1
    skipSpace()
    if byte == UInt8(ascii: "]") {
      position += 1
      return .array([])
    }
    var values: [JSONValue] = []
    values.reserveCapacity(4)
    while true {
      values.append(try value(depth: depth))
      skipSpace()
      switch byte {
      case UInt8(ascii: ","): position += 1
      case UInt8(ascii: "]"):
        position += 1
        return .array(values)
      default: throw unexpected("',' or ']'")
      }
      skipSpace()
    }
  }

  private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
    if depth > depthLimit { throw .tooDeep(place(), limit: depthLimit) }
    let start = position
    position += 1
    skipSpace()
    if byte == UInt8(ascii: "}") {
      position += 1
      return .object(JSONObject())
    }
    var members: [JSONMember] = []
    members.reserveCapacity(4)
    while true {
      guard byte == UInt8(ascii: "\"") else { throw unexpected("a key in quotes") }
      let key = try string()
      skipSpace()
      guard byte == UInt8(ascii: ":") else { throw unexpected("':'") }
      position += 1
      skipSpace()
      members.append(JSONMember(key: key, value: try value(depth: depth)))
      skipSpace()
      switch byte {
      case UInt8(ascii: ","): position += 1
      case UInt8(ascii: "}"):
        position += 1
        if let index = JSONObject.repeatedKey(in: members) {
          throw .duplicateKey(try placeOfKey(index, inObjectAt: start), key: members[index].key)
        }
        return .object(JSONObject(distinct: members))
      default: throw unexpected("',' or '}'")
      }
      skipSpace()
    }
  }

  /// The place of a key in an object. The object is read again up to the key, because only errors need the place.
  private func placeOfKey(_ index: Int, inObjectAt start: Int) throws(JSONError) -> JSONPlace {
    var again = JSONScanner(bytes: bytes, depthLimit: depthLimit, position: start + 1)
    again.skipSpace()
    for _ in 0..<index {
      _ = try again.string()
      again.skipSpace()
      again.position += 1
      again.skipSpace()
      _ = try again.value(depth: 0)
      again.skipSpace()
      again.position += 1
      again.skipSpace()
    }
    return place(at: again.position)
  }

  /// The place of a byte. Lines are counted only when there is an error to report.
  func place(at offset: Int) -> JSONPlace {
    var line = 1
    var start = 0
    for index in 0..<min(offset, bytes.count) where bytes[index] == 0x0A {
      line += 1
      start = index + 1
    }
    return JSONPlace(offset: offset, line: line, column: offset - start + 1)
  }

  func place() -> JSONPlace { place(at: position) }

  /// The error for a byte that is not expected here.
  func unexpected(_ expected: String) -> JSONError {
    guard let byte else {
      return .syntax(
        place(), expected: expected, found: bytes.isEmpty ? "an empty file" : "the end of the text")
    }
    if byte >= 0x80 { return unexpectedBeyondASCII(expected) }
    let shown = (0x21..<0x7F).contains(byte) ? "'\(Character(Unicode.Scalar(byte)))'" : "byte 0x" + hex(byte)
    return .syntax(place(), expected: expected, found: shown)
  }

  /// Outside strings, every byte above 0x7F is wrong. A byte order mark and invalid UTF-8 have messages of their own.
  private func unexpectedBeyondASCII(_ expected: String) -> JSONError {
    let rest = bytes[position...].prefix(4)
    if rest.starts(with: [0xEF, 0xBB, 0xBF]) { return .encoding(place(), found: "a byte order mark") }
    var iterator = rest.makeIterator()
    var decoder = UTF8()
    if case .scalarValue(let scalar) = decoder.decode(&iterator) {
      return .syntax(place(), expected: expected, found: "'\(scalar)'")
    }
    return .encoding(place(), found: "byte 0x" + hex(bytes[position]))
  }
}

func hex(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true) }
