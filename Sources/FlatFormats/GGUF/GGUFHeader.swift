internal import Tensors

/// The header of a GGUF file, version 2 or 3, read and checked.
///
/// "GGUF", version, number of tensors, number of metadata; metadata; tensors. Then padding, and the tensors' bytes. The
/// description is docs/gguf.md of ggml; the rules are those of its reader, gguf.cpp.
struct GGUFHeader {
  struct Entry {
    let spec: TensorSpec
    /// The position of the tensor's first byte in the body.
    let begin: Int
  }

  /// The first four bytes, in both byte orders.
  static let magic = Array("GGUF".utf8)
  /// The most dimensions of a tensor (`GGML_MAX_DIMS`).
  static let rankLimit = 4
  /// The longest name that llama.cpp reads, in bytes (`GGML_MAX_NAME` with a NUL).
  static let nameLimit = 63
  /// The largest alignment that is read here.
  static let alignmentLimit = 1 << 20
  /// The version that is written.
  static let version: UInt32 = 3

  let isBig: Bool
  let metadata: GGUFMetadata
  /// The tensors, in the order of the body.
  let entries: [Entry]
  /// The bytes before the padding.
  let end: Int
  /// The position of the body in the file.
  let dataStart: Int
  /// The end in the body of the last tensor that has bytes.
  let bodyEnd: Int

  /// Whether a tensor has bytes. Without any, the padding before the body may be missing.
  var hasBytes: Bool { bodyEnd > 0 }

  /// Reads and checks the header. Afterwards, `cursor.bytes` begins with it.
  ///
  /// - Parameter note: receives each key of the metadata, and the place of the pair.
  init(
    _ cursor: inout GGUFCursor, note: (String, Range<Int>) -> Void = { _, _ in }
  ) throws(FlatFormatError) {
    let (tensorCount, pairCount) = try Self.counts(&cursor)
    isBig = cursor.isBig
    var metadata = GGUFMetadata()
    for _ in 0..<pairCount {
      let start = cursor.position
      try metadata.readPair(&cursor)
      if let key = metadata.pairs.last?.key { note(key, start..<cursor.position) }
    }
    var specs: [(spec: TensorSpec, offset: UInt64)] = []
    var names = Set<TensorName>()
    for _ in 0..<tensorCount {
      let place = cursor.position
      let tensor = try Self.tensor(&cursor)
      guard names.insert(tensor.spec.name).inserted else {
        throw cursor.refusal(
          .ggufDuplicateTensor, "every name once", found: "\(tensor.spec.name.quoted) again", at: place)
      }
      specs.append(tensor)
    }
    end = cursor.position
    // The header has at most 10^8 bytes.
    dataStart = Self.padded(end, metadata.alignment)
    (entries, bodyEnd) = try Self.tiled(specs, metadata.alignment, cursor)
    self.metadata = metadata
  }

  /// Reads the magic, the version and both counts.
  private static func counts(
    _ cursor: inout GGUFCursor
  ) throws(FlatFormatError) -> (tensors: UInt64, pairs: UInt64) {
    try cursor.need(4, "the 4 bytes GGUF")
    guard cursor.bytes.starts(with: magic) else {
      throw cursor.refusal(.ggufMagic, "the 4 bytes GGUF", found: "other bytes")
    }
    try cursor.skip(4, "")
    var version = try cursor.u32("a version")
    // Versions are small, so the lower half of one is zero only if its bytes are in the other order.
    if version & 0xFFFF == 0, version != 0 {
      version = version.byteSwapped
      cursor.isBig = true
    }
    guard version == 2 || version == 3 else {
      throw cursor.refusal(
        .ggufVersion, "version 2 or 3",
        found: version == 1 ? "version 1, which llama.cpp no longer reads; convert it there" : "\(version)",
        at: 4)
    }
    let tensors = try cursor.number(8, "the number of tensors")
    let pairs = try cursor.number(8, "the number of metadata")
    // A pair has at least a length, a byte, a type and a byte; a tensor a length, a rank, a type and an offset.
    for (count, least, what) in [(pairs, 14, "metadata"), (tensors, 24, "tensors")] {
      let (bytes, overflow) = count.multipliedReportingOverflow(by: UInt64(least))
      try cursor.need(overflow ? .max : bytes, "\(count) \(what)")
    }
    guard pairs <= UInt64(GGUFMetadata.countLimit) else {
      throw cursor.refusal(
        .ggufLimit, "at most \(GGUFMetadata.countLimit.grouped) metadata", found: "\(pairs)")
    }
    return (tensors, pairs)
  }

  private static func tensor(
    _ cursor: inout GGUFCursor
  ) throws(FlatFormatError) -> (spec: TensorSpec, offset: UInt64) {
    let place = cursor.position
    guard let text = String(validating: try cursor.text("a tensor's name"), as: UTF8.self) else {
      throw cursor.refusal(.ggufName, "a name in UTF-8", found: "other bytes", at: place)
    }
    let name = TensorName(text)
    let rank = try cursor.u32("the number of dimensions of \(name.quoted)")
    guard rank <= rankLimit else {
      throw cursor.refusal(
        .ggufShape, "at most \(rankLimit) dimensions of \(name.quoted)", found: "\(rank)", at: place)
    }
    var shape: [Int] = []
    for _ in 0..<rank {
      let extent = try cursor.number(8, "the dimensions of \(name.quoted)")
      guard let extent = Int(exactly: extent) else {
        throw cursor.refusal(
          .ggufShape, "dimensions of \(name.quoted) below 2^63", found: "\(extent)", at: place)
      }
      // The first dimension is the innermost.
      shape.insert(extent, at: 0)
    }
    let number = try cursor.u32("the type of \(name.quoted)")
    guard let dtype = GGUFType.dtype(number) else {
      throw cursor.refusal(
        .ggufType, "a type of ggml for \(name.quoted)",
        found: GGUFType.removed.contains(number)
          ? "\(number), which ggml no longer has" : "\(number)", at: place)
    }
    guard !cursor.isBig || GGUFByteOrder.isDefined(for: dtype) else {
      throw cursor.refusal(
        .ggufByteOrder, "numbers or blocks whose big-endian form is defined",
        found: "\(name.quoted) of \(dtype.rawValue)", at: place)
    }
    let offset = try cursor.number(8, "the offset of \(name.quoted)")
    do throws(TensorError) {
      return (try TensorSpec(name: name, dtype: dtype, shape: shape), offset)
    } catch {
      throw .refused(
        .ggufShape, path: cursor.path, place: "tensor \(name.quoted)",
        expected: dtype.isBlockQuantised
          ? "rows of whole blocks of \(dtype.block.elements), and fewer than 2^60 bytes"
          : "fewer than 2^60 bytes",
        found: "\(dtype.rawValue) \(shape)")
    }
  }

  /// Proves that the tensors follow each other, each at the next multiple of the alignment.
  private static func tiled(
    _ specs: [(spec: TensorSpec, offset: UInt64)], _ alignment: Int, _ cursor: GGUFCursor
  ) throws(FlatFormatError) -> (entries: [Entry], end: Int) {
    var entries: [Entry] = []
    entries.reserveCapacity(specs.count)
    var (begin, end) = (0, 0)
    for (spec, offset) in specs {
      guard offset == UInt64(begin) else {
        throw .refused(
          .ggufOffset, path: cursor.path, place: "tensor \(spec.name.quoted)",
          expected: "the offset \(begin.grouped), the next multiple of \(alignment)", found: "\(offset)")
      }
      entries.append(Entry(spec: spec, begin: begin))
      let (sum, overflow) = begin.addingReportingOverflow(spec.byteCount)
      guard !overflow, sum < 1 << 60 else {
        throw .refused(
          .ggufShape, path: cursor.path, place: "tensor \(spec.name.quoted)",
          expected: "tensors of fewer than 2^60 bytes together", found: "more")
      }
      if spec.byteCount > 0 { end = sum }
      begin = padded(sum, alignment)
    }
    return (entries, end)
  }

  /// The next multiple of the alignment; both numbers are far below 2^62.
  static func padded(_ position: Int, _ alignment: Int) -> Int {
    (position + alignment - 1) / alignment * alignment
  }
}
