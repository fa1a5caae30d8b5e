internal import Tensors

/// The checked contents of an npy file's header.
struct NpyHeader: Sendable {
  let spec: TensorSpec
  /// The number of bytes to reverse together; 1 if nothing is reversed.
  let swapWidth: Int
  /// Whether the first index changes fastest in the file, and more than one extent is above 1.
  let isFortran: Bool
  /// Bytes before the data.
  let dataStart: Int

  /// NumPy's own limit in bytes, unless it may load pickles.
  static let sizeLimit = 10_000

  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
}

/// Reads the header of one array.
struct NpyHeaderReader {
  let path: String
  /// "header" for an npy file, "member 'x.npy'" for one in an npz.
  let place: String
  let name: TensorName
  /// Bytes of the whole npy file.
  let size: Int
  let assumed: DType?
  /// Reads the next bytes of the file, in order.
  let next: (Int) throws(FlatFormatError) -> [UInt8]

  func read() throws(FlatFormatError) -> NpyHeader {
    let length = try dictionaryLength()
    let scanner = NpyLiteralScanner(bytes: try next(length.count), path: path, place: place)
    let fields = try NpyFields(scanner: scanner)
    let type: NpyDType
    do throws(NpyDType.Refusal) {
      type = try NpyDType.parse(fields.descr, assumed: assumed)
    } catch {
      throw refusal(error.rule, error.expected, error.found)
    }
    let spec: TensorSpec
    do throws(TensorError) {
      spec = try TensorSpec(name: name, dtype: type.dtype, shape: fields.shape)
    } catch {
      throw refusal(.npyShape, "a shape whose size fits 63 bits", "\(fields.shape)")
    }
    let dataStart = length.prefix + length.count
    guard size - dataStart == spec.byteCount else {
      throw refusal(
        .npyDataSize, "\(spec.byteCount.grouped) bytes of data for \(spec.dtype.rawValue) \(spec.shapeText)",
        "\((size - dataStart).grouped)")
    }
    let isFortran = fields.fortranOrder && spec.byteCount > 0 && spec.shape.count { $0 > 1 } > 1
    return NpyHeader(spec: spec, swapWidth: type.swapWidth, isFortran: isFortran, dataStart: dataStart)
  }

  /// Bytes of the dictionary, and bytes before it.
  private func dictionaryLength() throws(FlatFormatError) -> (count: Int, prefix: Int) {
    guard size >= 10 else {
      throw refusal(.npyHeaderBounds, "at least 10 bytes of header", "\(size.grouped) bytes")
    }
    let start = try next(8)
    guard start.starts(with: NpyHeader.magic) else {
      throw refusal(.npyMagic, "the bytes \\x93NUMPY first", "different bytes")
    }
    let (major, minor) = (start[6], start[7])
    guard (1...3).contains(major), minor == 0 else {
      throw refusal(.npyVersion, "version 1.0, 2.0 or 3.0", "\(major).\(minor)")
    }
    let width = major == 1 ? 2 : 4
    guard size >= 8 + width else {
      throw refusal(.npyHeaderBounds, "at least \(8 + width) bytes of header", "\(size.grouped) bytes")
    }
    let count = Int(try next(width).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
    guard count <= NpyHeader.sizeLimit else {
      throw refusal(
        .npyHeaderLimit,
        "a header of at most \(NpyHeader.sizeLimit.grouped) bytes, as NumPy reads by default",
        "\(count.grouped)")
    }
    guard count <= size - 8 - width else {
      throw refusal(.npyHeaderBounds, "a header within the \(size.grouped) bytes", "one of \(count.grouped)")
    }
    return (count, 8 + width)
  }

  private func refusal(_ rule: FlatFormatRule, _ expected: String, _ found: String) -> FlatFormatError {
    .refused(rule, path: path, place: place, expected: expected, found: found)
  }
}

/// The dictionary: exactly descr, fortran_order and shape, in any order.
struct NpyFields {
  let descr: String
  let fortranOrder: Bool
  let shape: [Int]

  init(scanner start: NpyLiteralScanner) throws(FlatFormatError) {
    var scanner = start
    var descr: String?
    var fortranOrder: Bool?
    var shape: [Int]?
    scanner.skipSpace()
    try scanner.expect(UInt8(ascii: "{"), "'{'")
    var more = true
    while more && scanner.next != UInt8(ascii: "}") {
      let key = try scanner.text("a key")
      let known = key == "descr" ? descr != nil : key == "shape" ? shape != nil : fortranOrder != nil
      guard ["descr", "fortran_order", "shape"].contains(key) else {
        throw scanner.refusal(
          .npyUnknownKey, "only descr, fortran_order and shape", TensorName(key).quoted)
      }
      if known { throw scanner.refusal(.npyDuplicateKey, "every key once", "\(key) twice") }
      try scanner.expect(UInt8(ascii: ":"), "':' after a key")
      switch (key, try scanner.value()) {
      case ("descr", .text(let text)): descr = text
      case ("descr", .fields):
        throw scanner.refusal(.npyStructured, "a plain dtype", "records of several fields")
      case ("fortran_order", .bool(let value)): fortranOrder = value
      case ("shape", .tuple(let extents)): shape = extents
      case ("shape", let other): throw scanner.refusal(.npyShape, "a tuple of extents", other.inWords)
      case ("fortran_order", let other): throw scanner.refusal(.npyOrder, "True or False", other.inWords)
      case (_, let other): throw scanner.refusal(.npySyntax, "a dtype in quotes", other.inWords)
      }
      more = scanner.take(UInt8(ascii: ","))
    }
    try scanner.expect(UInt8(ascii: "}"), "',' or '}'")
    if scanner.next != nil {
      throw scanner.refusal(.npySyntax, "the header's end after the dictionary", scanner.nextInWords)
    }
    guard let descr, let fortranOrder, let shape else {
      let missing = descr == nil ? "descr" : shape == nil ? "shape" : "fortran_order"
      throw scanner.refusal(.npyMissingKey, "descr, fortran_order and shape", "no \(missing)")
    }
    (self.descr, self.fortranOrder, self.shape) = (descr, fortranOrder, shape)
  }
}

extension NpyLiteral {
  fileprivate var inWords: String {
    switch self {
    case .text(let text): "the text " + TensorName(text).quoted
    case .bool(let value): value ? "True" : "False"
    case .tuple: "a tuple"
    case .fields: "a list"
    case .other(let words): words
    }
  }
}
