internal import ByteFiles
internal import TensorStreams
internal import Tensors

/// Writes a safetensors file: first the header, then the tensors in the order of the body.
final class SafetensorsSink: TensorSink {
  let order: [Int]
  private let contents: SinkContents
  private let writer: SequentialWriter
  private var progress: SinkProgress

  init(_ contents: SinkContents) throws(FlatFormatError) {
    let header: [UInt8]
    if let verbatim = contents.verbatim {
      header = verbatim
      order = try Self.order(ofVerbatim: verbatim, contents)
    } else {
      (header, order) = try Self.canonicalHeader(contents)
    }
    self.contents = contents
    progress = SinkProgress(contents, order: order)
    writer = try asFlatFormat { () throws(FileError) in
      let writer = try SequentialWriter(path: contents.path)
      try writer.append(header)
      return writer
    }
  }

  /// Begins one file of a set, with a header that was made from `contents`.
  init(_ contents: SinkContents, header: [UInt8], order: [Int], file: AtomicFile, memory: GatherMemory)
    throws(FlatFormatError)
  {
    self.order = order
    self.contents = contents
    progress = SinkProgress(contents, order: order)
    let writer = SequentialWriter(file, memory: memory)
    self.writer = writer
    try asFlatFormat { () throws(FileError) in try writer.append(header) }
  }

  func append(_ bytes: UnsafeRawBufferPointer) throws(FlatFormatError) {
    try progress.advance(by: bytes.count)
    try asFlatFormat { () throws(FileError) in try writer.append(bytes) }
  }

  func finish() throws(FlatFormatError) {
    try progress.requireEnd()
    try contents.commit(writer, as: .safetensors)
  }

  /// The body's order in a stored header, after checking that the header describes exactly the tensors to be written.
  static func order(ofVerbatim header: [UInt8], _ contents: SinkContents) throws(FlatFormatError)
    -> [Int]
  {
    func disagreement(_ place: String, _ expected: String, _ found: String) -> FlatFormatError {
      contents.refusal(.safetensorsVerbatim, place, expected: expected, found: found)
    }
    var total = 0
    for spec in contents.specs {
      let (sum, overflow) = total.addingReportingOverflow(spec.byteCount)
      if overflow { throw disagreement("stored header", "tensors that fit a file", "more than 2^63 bytes") }
      total = sum
    }
    let length = header.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard header.count >= 8, length == UInt64(header.count - 8),
      header.count - 8 <= SafetensorsHeader.sizeLimit
    else {
      throw disagreement("stored header", "its own length in its first 8 bytes", "a different length")
    }
    let parsed = try SafetensorsSource.parse(header, path: contents.path, bodySize: total)
    var indices: [TensorName: Int] = [:]
    for (index, spec) in contents.specs.enumerated() { indices[spec.name] = index }
    guard parsed.entries.count == contents.specs.count else {
      throw disagreement("stored header", "\(contents.specs.count) tensors", "\(parsed.entries.count)")
    }
    var order: [Int] = []
    order.reserveCapacity(parsed.entries.count)
    for entry in parsed.entries {
      let place = "stored header, tensor \(entry.spec.name.quoted)"
      let text = "\(entry.spec.dtype.rawValue) \(entry.spec.shapeText)"
      guard let index = indices[entry.spec.name] else {
        throw disagreement(place, "only tensors that are written", "\(text), which is not")
      }
      let spec = contents.specs[index]
      guard spec.dtype == entry.spec.dtype, spec.shape == entry.spec.shape else {
        throw disagreement(place, "\(spec.dtype.rawValue) \(spec.shapeText)", text)
      }
      order.append(index)
    }
    return order
  }

  static func canonicalHeader(_ contents: SinkContents) throws(FlatFormatError) -> ([UInt8], [Int]) {
    for spec in contents.specs {
      if spec.dtype.safetensorsRank == nil {
        throw contents.refusal(
          .sinkDType, "tensor \(spec.name.quoted)", expected: "a dtype that safetensors has",
          found: spec.dtype.rawValue
            + (spec.dtype.hasValues && spec.dtype.isBlockQuantised ? " (--dequantise writes F32)" : ""))
      }
      if spec.name == SafetensorsHeader.metadataName {
        throw contents.refusal(
          .safetensorsReservedName, "tensor \(spec.name.quoted)",
          expected: "another name: safetensors keeps this one for its metadata", found: "it")
      }
      if spec.shape.count > SafetensorsHeader.rankLimit {
        throw contents.refusal(
          .safetensorsShape, "tensor \(spec.name.quoted)",
          expected: "at most \(SafetensorsHeader.rankLimit) dimensions", found: "\(spec.shape.count)")
      }
    }
    var metadata = contents.metadata.filter {
      TensorName($0.key) != TensorName(TensorTies.key) && !RankSharding.isKey($0.key)
    }
    var keys = Set<TensorName>()
    for (key, _) in metadata where !keys.insert(TensorName(key)).inserted {
      throw contents.refusal(
        .safetensorsDuplicateMetadata, "metadata", expected: "every key once",
        found: "\(TensorName(key).quoted) twice")
    }
    // Loaders of the Hugging Face libraries refuse a file without it (transformers up to 4.46, LLaMA-Factory, ComfyUI).
    if !keys.contains("format") { metadata.insert(("format", "pt"), at: 0) }
    if !contents.ties.isEmpty {
      metadata.append((TensorTies.key, TensorTies.encoded(contents.ties)))
    }
    let order = SafetensorsHeaderWriter.order(of: contents.specs)
    guard let header = SafetensorsHeaderWriter.header(of: contents.specs, order: order, metadata: metadata),
      header.count - 8 <= SafetensorsHeader.sizeLimit
    else {
      throw contents.refusal(
        .safetensorsHeaderLimit, "header", expected: "at most \(SafetensorsHeader.sizeLimit.grouped) bytes",
        found: "more")
    }
    return (header, order)
  }
}
