/// A parser for TOML from files: TOML 1.0.0, without dates, times, infinities and NaN, which no document of ours uses.
///
/// A parser of our own, because the packages for Swift import all of Foundation: with its tables of Unicode data, the
/// static binary would have 40 MB more. It makes one pass and recurses at most `depthLimit` deep. Python's tomllib is
/// its oracle in the tests.
public struct TOMLParser: Sendable {
  /// The most levels of nested arrays and tables.
  public let depthLimit: Int
  /// The most bytes of a text.
  public let sizeLimit: Int

  /// A parser with these limits; the depth is at most 512.
  public init(depthLimit: Int = 64, sizeLimit: Int = 1 << 20) {
    // Each level takes a frame of the stack.
    self.depthLimit = min(max(depthLimit, 1), 512)
    self.sizeLimit = sizeLimit
  }

  /// Parses the bytes as one document.
  public func parse(_ bytes: [UInt8]) throws(TOMLError) -> TOMLDocument {
    guard bytes.count <= sizeLimit else { throw .tooLarge(bytes: bytes.count, limit: sizeLimit) }
    if String(validating: bytes, as: UTF8.self) == nil { throw Self.badUTF8(in: bytes) }
    var scanner = TOMLScanner(bytes: bytes, depthLimit: depthLimit)
    try scanner.document()
    return TOMLDocument(root: scanner.root, bytes: bytes)
  }

  private static func badUTF8(in bytes: [UInt8]) -> TOMLError {
    var iterator = bytes.makeIterator()
    var decoder = UTF8()
    var offset = 0
    while case .scalarValue(let scalar) = decoder.decode(&iterator) { offset += UTF8.width(scalar) }
    let found = offset < bytes.count ? "byte 0x" + hex(bytes[offset]) : "the end of the text"
    return .encoding(JSONPlace(of: offset, in: bytes), found: found)
  }
}

/// One pass over bytes that are known to be UTF-8. `position` never exceeds the count.
struct TOMLScanner {
  let bytes: [UInt8]
  let depthLimit: Int
  var position = 0
  let root = TOMLTable(depth: 1)
  /// The table of the last header.
  private var section: TOMLTable
  /// The tables that dotted keys of this section have defined; the next header closes them.
  private var pending: [TOMLTable] = []

  init(bytes: [UInt8], depthLimit: Int) {
    self.bytes = bytes
    self.depthLimit = depthLimit
    section = root
  }

  /// The current byte; nil at the end.
  var byte: UInt8? { position < bytes.count ? bytes[position] : nil }

  func place(_ offset: Int? = nil) -> JSONPlace { JSONPlace(of: offset ?? position, in: bytes) }

  /// The error for a byte that is not expected here.
  func unexpected(_ expected: String) -> TOMLError {
    guard let byte else { return .syntax(place(), expected: expected, found: "the end of the text") }
    if byte == 0x0A || isLineEnd { return .syntax(place(), expected: expected, found: "the end of the line") }
    if byte == 0x20 { return .syntax(place(), expected: expected, found: "a space") }
    if (0x21..<0x7F).contains(byte) {
      return .syntax(place(), expected: expected, found: "'\(Character(Unicode.Scalar(byte)))'")
    }
    if byte < 0x80 { return .syntax(place(), expected: expected, found: "byte 0x" + hex(byte)) }
    let scalar = String(decoding: bytes[position...].prefix(4), as: UTF8.self).unicodeScalars.first
    return .syntax(
      place(), expected: expected,
      found: scalar.map { $0 == "\u{FEFF}" ? "a byte order mark" : "'\($0)'" } ?? "another byte")
  }

  /// Whether a line ends here: LF, or CR LF.
  var isLineEnd: Bool {
    byte == 0x0A || byte == 0x0D && position + 1 < bytes.count && bytes[position + 1] == 0x0A
  }

  mutating func skipLineEnd() { position += byte == 0x0D ? 2 : 1 }

  mutating func skipSpace() {
    while byte == 0x20 || byte == 0x09 { position += 1 }
  }

  /// Skips a comment up to the end of its line.
  mutating func skipComment() throws(TOMLError) {
    guard byte == UInt8(ascii: "#") else { return }
    while let byte, !isLineEnd {
      if byte < 0x20 && byte != 0x09 || byte == 0x7F { throw unexpected("no control character in a comment") }
      position += 1
    }
  }

  /// Skips spaces, comments and ends of lines.
  mutating func skipLines() throws(TOMLError) {
    while true {
      skipSpace()
      try skipComment()
      guard isLineEnd else { return }
      skipLineEnd()
    }
  }

  mutating func document() throws(TOMLError) {
    while true {
      try skipLines()
      guard let byte else { return }
      if byte == UInt8(ascii: "[") { try header() } else { try member(of: section) }
      skipSpace()
      try skipComment()
      if self.byte != nil, !isLineEnd { throw unexpected("the end of the line") }
    }
  }

  // MARK: Headers

  private mutating func header() throws(TOMLError) {
    for table in pending { table.isDefined = true }
    pending = []
    position += 1
    let isArray = byte == UInt8(ascii: "[")
    if isArray { position += 1 }
    skipSpace()
    let keys = try dottedKey()
    guard byte == UInt8(ascii: "]") else { throw unexpected("'.' or ']'") }
    position += 1
    if isArray {
      guard byte == UInt8(ascii: "]") else { throw unexpected("']]'") }
      position += 1
    }
    var table = root
    for key in keys.dropLast() { table = try entered(key, in: table) }
    guard let last = keys.last else { return }
    section = isArray ? try appended(last, to: table) : try defined(last, in: table)
  }

  /// The table that a header passes on its way, which is made if it is new.
  private func entered(_ key: Key, in table: TOMLTable) throws(TOMLError) -> TOMLTable {
    guard let known = table.member(key.text) else { return try added(key, to: table) }
    switch known.node {
    case .table(let inner) where !inner.isInline: return inner
    case .tables(let array): if let last = array.tables.last { return last.table }
    default: break
    }
    throw again(key, known)
  }

  private func defined(_ key: Key, in table: TOMLTable) throws(TOMLError) -> TOMLTable {
    guard let known = table.member(key.text) else {
      let inner = try added(key, to: table)
      inner.isDefined = true
      return inner
    }
    guard case .table(let inner) = known.node, !inner.isInline, !inner.isDefined else {
      throw again(key, known)
    }
    inner.isDefined = true
    return inner
  }

  private func appended(_ key: Key, to table: TOMLTable) throws(TOMLError) -> TOMLTable {
    let array: TOMLTableArray
    if let known = table.member(key.text) {
      guard case .tables(let present) = known.node else { throw again(key, known) }
      array = present
    } else {
      array = TOMLTableArray()
      table.add(key.text, .tables(array), at: key.offset)
    }
    // The array is a level, and its table another one.
    guard table.depth + 2 <= depthLimit else { throw .tooDeep(place(key.offset), limit: depthLimit) }
    let inner = TOMLTable(depth: table.depth + 2)
    inner.isDefined = true
    array.tables.append((inner, key.offset))
    return inner
  }

  private func again(_ key: Key, _ known: TOMLEntry) -> TOMLError {
    .duplicateKey(place(key.offset), key: key.text, first: place(known.offset))
  }

  private func added(_ key: Key, to table: TOMLTable) throws(TOMLError) -> TOMLTable {
    guard table.depth < depthLimit else { throw .tooDeep(place(key.offset), limit: depthLimit) }
    let inner = TOMLTable(depth: table.depth + 1)
    table.add(key.text, .table(inner), at: key.offset)
    return inner
  }

  // MARK: Keys and members

  /// A key and the byte at which it begins.
  struct Key {
    let text: String
    let offset: Int
  }

  /// Reads a key with its dots, and the spaces after it.
  private mutating func dottedKey() throws(TOMLError) -> [Key] {
    var keys: [Key] = []
    while true {
      // Each key but the last is a table.
      guard keys.count <= depthLimit else { throw .tooDeep(place(), limit: depthLimit) }
      let start = position
      keys.append(Key(text: try key(), offset: start))
      skipSpace()
      guard byte == UInt8(ascii: ".") else { return keys }
      position += 1
      skipSpace()
    }
  }

  private mutating func key() throws(TOMLError) -> String {
    if byte == UInt8(ascii: "\"") { return try basicString() }
    if byte == UInt8(ascii: "'") { return try literalString() }
    let start = position
    while let byte, Self.isBare(byte) { position += 1 }
    if position == start { throw unexpected("a key") }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private static func isBare(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  /// Reads `key = value` into a table.
  mutating func member(of table: TOMLTable) throws(TOMLError) {
    let keys = try dottedKey()
    guard byte == UInt8(ascii: "=") else { throw unexpected("'.' or '=' after a key") }
    position += 1
    skipSpace()
    var table = table
    for key in keys.dropLast() { table = try dotted(key, in: table) }
    guard let last = keys.last else { return }
    if let known = table.member(last.text) { throw again(last, known) }
    table.add(last.text, try value(depth: table.depth), at: last.offset)
  }

  /// The table that a dotted key passes on its way, which is made if it is new.
  private mutating func dotted(_ key: Key, in table: TOMLTable) throws(TOMLError) -> TOMLTable {
    let inner: TOMLTable
    if let known = table.member(key.text) {
      guard case .table(let present) = known.node, !present.isInline, !present.isDefined else {
        throw again(key, known)
      }
      inner = present
    } else {
      inner = try added(key, to: table)
    }
    pending.append(inner)
    return inner
  }

  // MARK: Values

  /// Reads a value that lies in `depth` arrays and tables.
  private mutating func value(depth: Int) throws(TOMLError) -> TOMLNode {
    switch byte {
    case UInt8(ascii: "["): return .array(try array(depth: depth + 1))
    case UInt8(ascii: "{"): return .table(try inlineTable(depth: depth + 1))
    case UInt8(ascii: "\""): return .scalar(.string(try basicText()))
    case UInt8(ascii: "'"): return .scalar(.string(try literalText()))
    default: return .scalar(try word())
    }
  }

  private mutating func array(depth: Int) throws(TOMLError) -> [TOMLEntry] {
    if depth > depthLimit { throw .tooDeep(place(), limit: depthLimit) }
    position += 1
    var nodes: [TOMLEntry] = []
    while true {
      try skipLines()
      if byte == UInt8(ascii: "]") { break }
      let start = position
      nodes.append(TOMLEntry(node: try value(depth: depth), offset: start))
      try skipLines()
      if byte == UInt8(ascii: "]") { break }
      guard byte == UInt8(ascii: ",") else { throw unexpected("',' or ']'") }
      position += 1
    }
    position += 1
    return nodes
  }

  private mutating func inlineTable(depth: Int) throws(TOMLError) -> TOMLTable {
    if depth > depthLimit { throw .tooDeep(place(), limit: depthLimit) }
    position += 1
    let table = TOMLTable(depth: depth, isInline: true)
    skipSpace()
    if byte == UInt8(ascii: "}") {
      position += 1
      return table
    }
    while true {
      try member(of: table)
      skipSpace()
      if byte == UInt8(ascii: "}") { break }
      guard byte == UInt8(ascii: ",") else { throw unexpected("',' or '}' on the same line") }
      position += 1
      skipSpace()
    }
    position += 1
    return table
  }
}
