internal import Tensors

/// A safetensors header, read and checked.
struct SafetensorsHeader: Sendable {
  struct Entry: Sendable {
    let spec: TensorSpec
    /// The position of the tensor's first byte in the body.
    let begin: Int
  }
  /// Every tensor, in the order of the body. Tensors without bytes at the same position are in header order.
  let entries: [Entry]
  let metadata: [(key: String, value: String)]

  /// The reserved name, which no tensor can have.
  static let metadataName: TensorName = "__metadata__"

  /// The longest header that is read or written, in bytes; the reference has the same limit.
  static let sizeLimit = 100_000_000

  /// The most dimensions of a tensor; HDF5 and NumPy allow far fewer.
  static let rankLimit = 256

  /// Parses `json`, the header without its length, of a file that has `bodySize` bytes after it.
  static func parse(_ json: UnsafeBufferPointer<UInt8>, path: String, bodySize: Int) throws(FlatFormatError)
    -> SafetensorsHeader
  {
    var parser = HeaderParser(scanner: HeaderScanner(bytes: json, path: path, origin: 8))
    try parser.document()
    try parser.requireDifferentNames()
    try parser.tile(bodySize: bodySize)
    return SafetensorsHeader(entries: parser.entries, metadata: parser.metadata)
  }
}

/// The grammar of the header; `HeaderScanner` reads the tokens.
struct HeaderParser {
  var scanner: HeaderScanner
  private(set) var metadata: [(key: String, value: String)] = []
  /// The tensors: in header order while the header is read, later in the order of the body.
  private(set) var entries: [SafetensorsHeader.Entry] = []
  private var hasMetadata = false
  private var lastDType: (text: String, dtype: DType)?

  init(scanner: HeaderScanner) { self.scanner = scanner }

  mutating func document() throws(FlatFormatError) {
    guard scanner.take(UInt8(ascii: "{")) else {
      throw scanner.refusal(.safetensorsHeaderStart, "'{'", found: scanner.nextInWords)
    }
    if !scanner.take(UInt8(ascii: "}"), skipping: false) {
      repeat {
        let place = scanner.position
        let name = TensorName(try scanner.string("a tensor's name"))
        try scanner.expect(UInt8(ascii: ":"), "':' after a name")
        if name == SafetensorsHeader.metadataName {
          try metadataObject(at: place)
        } else {
          entries.append(try tensor(name))
        }
        scanner.skipSpace()
      } while scanner.take(UInt8(ascii: ","))
      guard scanner.take(UInt8(ascii: "}"), skipping: false) else {
        throw scanner.refusal(.safetensorsSyntax, "',' or '}' after an entry", found: scanner.nextInWords)
      }
    }
    try scanner.expectPadding()
  }

  /// Checks that no name occurs twice.
  ///
  /// Names are sorted by hash and, if hashes are equal, by name. Names that were chosen to collide take only one more
  /// comparison each.
  func requireDifferentNames() throws(FlatFormatError) {
    var hashes: [(hash: UInt64, index: Int)] = []
    hashes.reserveCapacity(entries.count)
    for (index, entry) in entries.enumerated() {
      var text = entry.spec.name.text
      hashes.append((text.withUTF8 { RunChecksum.of(UnsafeRawBufferPointer($0)) }, index))
    }
    hashes.sort { one, other in
      if one.hash != other.hash { return one.hash < other.hash }
      return entries[one.index].spec.name < entries[other.index].spec.name
    }
    for (one, other) in zip(hashes, hashes.dropFirst()) where one.hash == other.hash {
      let name = entries[one.index].spec.name
      if name == entries[other.index].spec.name {
        throw .refused(
          .safetensorsDuplicateTensor, path: scanner.path, place: "tensor \(name.quoted)",
          expected: "every name once", found: "it twice")
      }
    }
  }

  private mutating func metadataObject(at place: Int) throws(FlatFormatError) {
    if hasMetadata {
      throw scanner.refusal(
        .safetensorsDuplicateMetadata, "one __metadata__", found: "a second", at: place)
    }
    hasMetadata = true
    metadata = try scanner.stringMap("__metadata__")
  }

  private mutating func tensor(_ name: TensorName) throws(FlatFormatError) -> SafetensorsHeader.Entry {
    let place = scanner.position
    try scanner.expect(UInt8(ascii: "{"), "'{', the fields of tensor \(name.quoted)")
    var dtype: DType?
    var shape: [Int]?
    var offsets: (begin: Int, end: Int)?
    repeat {
      let field = try scanner.string("a field of a tensor")
      try scanner.expect(UInt8(ascii: ":"), "':' after a field's name")
      let known: Bool
      switch field {
      case "dtype":
        known = dtype != nil
        dtype = try dtypeValue()
      case "shape":
        known = shape != nil
        shape = try shapeValue(name)
      case "data_offsets":
        known = offsets != nil
        offsets = try offsetsValue()
      default:
        throw scanner.refusal(
          .safetensorsUnknownField, "only dtype, shape and data_offsets in tensor \(name.quoted)",
          found: TensorName(field).quoted)
      }
      if known {
        throw scanner.refusal(
          .safetensorsDuplicateField, "every field of tensor \(name.quoted) once", found: "\(field) twice")
      }
      scanner.skipSpace()
    } while scanner.take(UInt8(ascii: ","))
    try scanner.expect(UInt8(ascii: "}"), "',' or '}' after a field")
    guard let dtype, let shape, let offsets else {
      let missing = dtype == nil ? "dtype" : shape == nil ? "shape" : "data_offsets"
      throw scanner.refusal(
        .safetensorsMissingField, "dtype, shape and data_offsets in tensor \(name.quoted)",
        found: "no \(missing)", at: place)
    }
    return try checked(name, dtype, shape, offsets)
  }

  /// The tensor, after a check that its offsets span the bytes that dtype and shape require.
  private func checked(
    _ name: TensorName, _ dtype: DType, _ shape: [Int], _ offsets: (begin: Int, end: Int)
  ) throws(FlatFormatError) -> SafetensorsHeader.Entry {
    let spec: TensorSpec
    do throws(TensorError) {
      spec = try TensorSpec(name: name, dtype: dtype, shape: shape)
    } catch {
      let text = "\(dtype.rawValue) [" + shape.map(String.init).joined(separator: ", ") + "]"
      throw .refused(
        .safetensorsShape, path: scanner.path, place: "tensor \(name.quoted)",
        expected: "a whole number of bytes below 2^60", found: text)
    }
    guard offsets.end >= offsets.begin, offsets.end - offsets.begin == spec.byteCount else {
      throw .refused(
        .safetensorsSize, path: scanner.path, place: "tensor \(name.quoted)",
        expected: "\(spec.byteCount.grouped) bytes for \(dtype.rawValue) \(spec.shapeText)",
        found: "data_offsets [\(offsets.begin), \(offsets.end)]")
    }
    return SafetensorsHeader.Entry(spec: spec, begin: offsets.begin)
  }

  private mutating func dtypeValue() throws(FlatFormatError) -> DType {
    let place = scanner.position
    let text = try scanner.string("a dtype")
    if let lastDType, lastDType.text == text { return lastDType.dtype }
    guard let dtype = DType(rawValue: text), dtype.safetensorsRank != nil else {
      throw scanner.refusal(
        .safetensorsDType, "a dtype of safetensors", found: TensorName(text).quoted, at: place)
    }
    lastDType = (text, dtype)
    return dtype
  }

  private mutating func shapeValue(_ name: TensorName) throws(FlatFormatError) -> [Int] {
    try scanner.expect(UInt8(ascii: "["), "'[', a shape")
    var shape: [Int] = []
    if scanner.take(UInt8(ascii: "]")) { return shape }
    repeat {
      if shape.count == SafetensorsHeader.rankLimit {
        throw scanner.refusal(
          .safetensorsShape, "at most \(SafetensorsHeader.rankLimit) dimensions of tensor \(name.quoted)",
          found: "more")
      }
      shape.append(try scanner.integer("an extent"))
      scanner.skipSpace()
    } while scanner.take(UInt8(ascii: ","))
    try scanner.expect(UInt8(ascii: "]"), "',' or ']' after an extent")
    return shape
  }

  private mutating func offsetsValue() throws(FlatFormatError) -> (begin: Int, end: Int) {
    try scanner.expect(UInt8(ascii: "["), "'[', two offsets")
    let begin = try scanner.integer("an offset")
    try scanner.expect(UInt8(ascii: ","), "',' and a second offset")
    let end = try scanner.integer("an offset")
    try scanner.expect(UInt8(ascii: "]"), "']' after two offsets")
    return (begin, end)
  }

  /// Proves in one ordered pass that the tensors fill the body: without holes, overlaps or a rest.
  mutating func tile(bodySize: Int) throws(FlatFormatError) {
    func precedes(_ one: SafetensorsHeader.Entry, _ other: SafetensorsHeader.Entry) -> Bool {
      (one.begin, one.spec.byteCount) < (other.begin, other.spec.byteCount)
    }
    // Almost every file lists its tensors in this order; only empty tensors can have the same position.
    if zip(entries, entries.dropFirst()).contains(where: { precedes($1, $0) }) { entries.sort(by: precedes) }
    var position = 0
    for entry in entries {
      if entry.begin != position {
        let rule: FlatFormatRule = entry.begin < position ? .safetensorsOverlap : .safetensorsHole
        throw .refused(
          rule, path: scanner.path, place: "tensor \(entry.spec.name.quoted)",
          expected: "its first byte at \(position) of the body, where the tensor before it ends",
          found: "it at \(entry.begin)")
      }
      // At most the end that the header gives, so this cannot overflow.
      position += entry.spec.byteCount
    }
    if position != bodySize {
      throw .refused(
        .safetensorsBodySize, path: scanner.path, place: "body",
        expected: "the \(position.grouped) bytes of its tensors",
        found: "\(bodySize.grouped) bytes")
    }
  }
}

extension HeaderScanner {
  /// Consumes `byte` if it is next. `skipping`: whether to skip white space after it, because the document continues.
  mutating func take(_ byte: UInt8, skipping: Bool) -> Bool {
    if skipping { return take(byte) }
    guard next == byte else { return false }
    step()
    return true
  }

  /// Checks that only spaces follow the document.
  mutating func expectPadding() throws(FlatFormatError) {
    while next == 0x20 { step() }
    if next != nil {
      throw refusal(.safetensorsPadding, "only spaces after the header's JSON", found: nextInWords)
    }
  }

  /// An object of strings without duplicate keys.
  mutating func stringMap(_ what: String) throws(FlatFormatError) -> [(key: String, value: String)] {
    try expect(UInt8(ascii: "{"), "'{', the strings of \(what)")
    var pairs: [(key: String, value: String)] = []
    if take(UInt8(ascii: "}")) { return pairs }
    var keys = Set<TensorName>()
    repeat {
      let place = position
      let key = try string("a key of \(what)")
      guard keys.insert(TensorName(key)).inserted else {
        throw refusal(
          .safetensorsDuplicateMetadata, "every key of \(what) once",
          found: "\(TensorName(key).quoted) again", at: place)
      }
      try expect(UInt8(ascii: ":"), "':' after a key of \(what)")
      pairs.append((key, try string("a value of \(what)")))
      skipSpace()
    } while take(UInt8(ascii: ","))
    try expect(UInt8(ascii: "}"), "',' or '}' after a value of \(what)")
    return pairs
  }
}
