internal import ByteFiles
internal import TensorStreams
internal import Tensors

/// A safetensors file: u64 length, JSON header, body.
final class SafetensorsSource: FlatWeightsSource {
  let kind = FlatFormatKind.safetensors
  let tensors: [SourceTensor]
  let metadata: [(key: String, value: String)]
  let leftOut: [LeftOut]
  /// Length, JSON and padding.
  private let header: [UInt8]
  /// First byte of each tensor in the file.
  private let starts: [Int]
  private let file: ReadableFile

  var path: String { file.path }
  var verbatim: [UInt8]? { header }

  /// - Parameter beside: the other weights in the folder, if the user named the folder; they are reported as left out.
  init(_ file: ReadableFile, beside: [LeftOut] = []) throws(FlatFormatError) {
    leftOut = beside
    let header = try Self.headerBytes(of: file)
    let parsed = try Self.parse(header, path: file.path, bodySize: file.size - header.count)
    let ties = TensorTies.resolved(in: parsed.metadata, specs: parsed.entries.map(\.spec))
    self.file = file
    self.header = header
    metadata = parsed.metadata
    starts = parsed.entries.map { header.count + $0.begin }
    tensors = parsed.entries.map { SourceTensor(spec: $0.spec, tiedTo: ties[$0.spec.name]) }
  }

  /// Opens a file that must have whole tensors, not one rank's pieces of them.
  convenience init(whole file: ReadableFile, beside: [LeftOut] = []) throws(FlatFormatError) {
    try self.init(file, beside: beside + [LeftOut(othersOf: file.path)].compactMap(\.self))
    try RankSharding.requireWhole(
      metadata, path: file.path, isNamed: ShardFolder(ofFile: file.path).indexNames(file.path))
  }

  func reader(of index: Int) throws(FlatFormatError) -> any TensorByteReader {
    guard tensors.indices.contains(index) else { throw noSuchTensor(index) }
    let spec = tensors[index].spec
    return PlainReader(file: file, name: spec.name, start: starts[index], count: spec.byteCount)
  }

  /// Length, JSON and padding, after checking that they are within the file and within the size limit.
  static func headerBytes(of file: ReadableFile) throws(FlatFormatError) -> [UInt8] {
    guard file.size >= 8 else {
      throw .refused(
        .safetensorsLength, path: file.path, place: "byte 0", expected: "8 bytes, the header's length",
        found: "\(file.size.grouped) bytes in total")
    }
    let length = try asFlatFormat { () throws(FileError) in try file.bytes(at: 0, count: 8) }
      .reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(SafetensorsHeader.sizeLimit) else {
      throw .refused(
        .safetensorsHeaderLimit, path: file.path, place: "byte 0",
        expected: "a header of at most \(SafetensorsHeader.sizeLimit.grouped) bytes",
        found: ["text", "JSON text"].contains(FlatFormats.contentInWords(file))
          ? "text, which a failed download often leaves" : "\(length.grouped)")
    }
    // At most sizeLimit, so it fits an Int and the sum cannot overflow.
    let total = 8 + Int(length)
    guard total <= file.size else {
      throw .refused(
        .safetensorsHeaderBounds, path: file.path, place: "byte 0",
        expected: "a header that ends within the file's \(file.size.grouped) bytes",
        found: "one of \(length.grouped) bytes")
    }
    return try asFlatFormat { () throws(FileError) in try file.bytes(at: 0, count: total) }
  }

  /// Parses `header` (length, JSON and padding) of a file that has `bodySize` bytes after it.
  static func parse(_ header: [UInt8], path: String, bodySize: Int) throws(FlatFormatError)
    -> SafetensorsHeader
  {
    try header.withUnsafeBufferPointer { bytes in
      Result { () throws(FlatFormatError) in
        try SafetensorsHeader.parse(
          UnsafeBufferPointer(rebasing: bytes.dropFirst(8)), path: path, bodySize: bodySize)
      }
    }.get()
  }

  static let format = FlatFormat(
    kind: .safetensors, name: "safetensors", suffix: ".safetensors",
    matches: { head in
      guard head.bytes.count > 8, head.bytes[8] == UInt8(ascii: "{") else { return false }
      let length = head.bytes[0..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      return length <= UInt64(SafetensorsHeader.sizeLimit)
    },
    open: { file, _ throws(FlatFormatError) in try SafetensorsSource(whole: file) },
    openWritten: { file throws(FlatFormatError) in try SafetensorsSource(file) },
    sink: { contents throws(FlatFormatError) in try SafetensorsSink(contents) },
    checkHeader: { stored, contents throws(FlatFormatError) in
      _ = try SafetensorsSink.order(ofVerbatim: stored, contents)
    })
}
