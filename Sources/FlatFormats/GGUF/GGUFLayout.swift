internal import ByteFiles
internal import TensorStreams
internal import Tensors

/// The parts of a GGUF file besides its tensors' bytes.
struct GGUFLayout {
  /// The bytes before the first tensor, with padding.
  let header: [UInt8]
  /// The specs to be written, in the order of the file.
  let order: [Int]
  let alignment: Int
  let isBig: Bool
  /// The zeros after the last tensor; nil for padding to the alignment.
  let tail: Int?

  /// The layout of a stored header, after a check that it describes exactly the tensors to be written.
  ///
  /// - Parameter stored: the header, and the zeros after the last tensor.
  init(_ stored: [UInt8], _ contents: SinkContents) throws(FlatFormatError) {
    func disagreement(_ place: String, _ expected: String, _ found: String) -> FlatFormatError {
      contents.refusal(.ggufVerbatim, place, expected: expected, found: found)
    }
    var cursor = GGUFCursor(path: contents.path, size: stored.count) { Array(stored[$0..<$0 + $1]) }
    let parsed = try GGUFHeader(&cursor)
    let start = parsed.hasBytes ? parsed.dataStart : stored.count
    let most =
      parsed.hasBytes
      ? GGUFHeader.padded(parsed.bodyEnd, parsed.metadata.alignment) - parsed.bodyEnd
      : parsed.dataStart - parsed.end
    guard (0...most).contains(stored.count - (parsed.hasBytes ? start : parsed.end)) else {
      throw disagreement("stored header", "its own length, and padding", "another length")
    }
    guard stored.dropFirst(parsed.end).allSatisfy({ $0 == 0 }) else {
      throw disagreement("stored header", "padding of zeros", "other bytes")
    }
    guard parsed.entries.count == contents.specs.count else {
      throw disagreement("stored header", "\(contents.specs.count) tensors", "\(parsed.entries.count)")
    }
    var places: [TensorName: Int] = [:]
    for (index, spec) in contents.specs.enumerated() { places[spec.name] = index }
    var order: [Int] = []
    for entry in parsed.entries {
      let place = "stored header, tensor \(entry.spec.name.quoted)"
      let text = "\(entry.spec.dtype.rawValue) \(entry.spec.shapeText)"
      guard let index = places[entry.spec.name] else {
        throw disagreement(place, "only tensors that are written", "\(text), which is not")
      }
      let spec = contents.specs[index]
      guard spec == entry.spec else {
        throw disagreement(place, "\(spec.dtype.rawValue) \(spec.shapeText)", text)
      }
      order.append(index)
    }
    self.order = order
    header = Array(stored.prefix(start))
    tail = stored.count - start
    alignment = parsed.metadata.alignment
    isBig = parsed.isBig
  }

  /// The layout of a new file: version 3, without metadata, the tensors in the given order.
  init(of contents: SinkContents) throws(FlatFormatError) {
    alignment = 32
    isBig = false
    tail = nil
    order = Array(contents.specs.indices)
    for spec in contents.specs {
      let place = "tensor \(spec.name.quoted)"
      if GGUFType.number(of: spec.dtype) == nil {
        throw contents.refusal(
          .sinkDType, place, expected: "a dtype that GGUF has", found: spec.dtype.rawValue)
      }
      let length = spec.name.text.utf8.count
      guard length <= GGUFHeader.nameLimit else {
        throw contents.refusal(
          .ggufWrite, place,
          expected: "a name of at most \(GGUFHeader.nameLimit) bytes, which llama.cpp reads",
          found: "\(length)")
      }
      guard spec.shape.count <= GGUFHeader.rankLimit else {
        throw contents.refusal(
          .ggufWrite, place, expected: "at most \(GGUFHeader.rankLimit) dimensions",
          found: "\(spec.shape.count)")
      }
    }
    var header = GGUFHeader.magic + ByteFields.bytes(of: GGUFHeader.version)
    header += ByteFields.bytes(of: UInt64(contents.specs.count)) + ByteFields.bytes(of: UInt64(0))
    header += try Self.entries(contents.specs, alignment, path: contents.path, isBig: false).bytes
    header += [UInt8](repeating: 0, count: GGUFHeader.padded(header.count, alignment) - header.count)
    self.header = header
  }

  /// The entries of tensors in a header, each at the next multiple of the alignment; and the end of the last tensor.
  static func entries(
    _ specs: [TensorSpec], _ alignment: Int, path: String, isBig: Bool
  ) throws(FlatFormatError) -> (bytes: [UInt8], end: Int) {
    func number(_ value: some FixedWidthInteger) -> [UInt8] {
      ByteFields.bytes(of: isBig ? value.byteSwapped : value)
    }
    var entries: [UInt8] = []
    var (offset, last) = (0, 0)
    for spec in specs {
      let name = Array(spec.name.text.utf8)
      entries += number(UInt64(name.count)) + name + number(UInt32(spec.shape.count))
      for extent in spec.shape.reversed() { entries += number(UInt64(extent)) }
      // The caller has checked the dtype.
      entries += number(GGUFType.number(of: spec.dtype) ?? 0) + number(UInt64(offset))
      let (end, overflow) = offset.addingReportingOverflow(spec.byteCount)
      guard !overflow, end < 1 << 60 else {
        throw .refused(
          .ggufShape, path: path, place: "tensor \(spec.name.quoted)",
          expected: "tensors of fewer than 2^60 bytes together", found: "more")
      }
      offset = GGUFHeader.padded(end, alignment)
      last = end
    }
    return (entries, last)
  }
}
