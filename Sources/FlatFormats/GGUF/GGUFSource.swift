internal import ByteFiles
internal import TensorStreams
internal import Tensors

/// A GGUF file: metadata and tensors in a binary header, then the tensors' bytes at multiples of the alignment.
///
/// A tensor's shape is in C order here; the file lists the innermost dimension first. Bytes of big-endian files are
/// turned. Padding must be zero, also after the header, so header and tensors are enough to make the same file again.
final class GGUFSource: FlatWeightsSource {
  let kind = FlatFormatKind.gguf
  let tensors: [SourceTensor]
  let remarks: [FlatRemark]
  let leftOut: [LeftOut]
  let verbatim: [UInt8]?
  private let header: GGUFHeader
  private let file: ReadableFile

  /// The most bytes of padding between tensors; with the default alignment they are enough for eight million tensors.
  private static let paddingLimit = 256 << 20

  var path: String { file.path }
  var metadata: [(key: String, value: String)] { header.metadata.pairs }
  /// False: long arrays are only counted. The stored header has them.
  let isMetadataWhole = false

  init(_ file: ReadableFile) throws(FlatFormatError) {
    var cursor = GGUFCursor(path: file.path, size: file.size) { offset, count throws(FlatFormatError) in
      try asFlatFormat { () throws(FileError) in try file.bytes(at: offset, count: count) }
    }
    let header = try GGUFHeader(&cursor)
    try GGUFSplit.requireWhole(header.metadata, path: file.path)
    let tail = try Self.tail(of: file, header)
    try Self.requireZeros(in: file, header, tail: tail)
    // Without bytes of tensors, the file is its header, with or without padding.
    let size = header.hasBytes ? header.dataStart : file.size
    let stored = try asFlatFormat { () throws(FileError) in try file.bytes(at: 0, count: size) }
    guard stored.dropFirst(header.end).allSatisfy({ $0 == 0 }) else {
      throw .refused(
        .ggufPadding, path: file.path, place: "after the header", expected: "padding of zeros",
        found: "other bytes")
    }
    verbatim = stored + [UInt8](repeating: 0, count: tail)
    remarks = Self.remarks(on: header, size: file.size)
    leftOut = [LeftOut(othersOf: file.path)].compactMap(\.self)
    tensors = header.entries.map { SourceTensor(spec: $0.spec, tiedTo: nil) }
    self.header = header
    self.file = file
  }

  /// The bytes of padding after the last tensor; some writers leave it out.
  private static func tail(of file: ReadableFile, _ header: GGUFHeader) throws(FlatFormatError) -> Int {
    let end = header.hasBytes ? header.dataStart + header.bodyEnd : header.end
    let most = GGUFHeader.padded(end, header.metadata.alignment)
    guard (end...most).contains(file.size) else {
      throw .refused(
        .ggufBodySize, path: file.path, place: "body",
        expected: "a file of \(end.grouped) bytes, or of \(most.grouped) with padding",
        found: "\(file.size.grouped) bytes")
    }
    return header.hasBytes ? file.size - end : 0
  }

  private static func requireZeros(
    in file: ReadableFile, _ header: GGUFHeader, tail: Int
  ) throws(FlatFormatError) {
    let entries = header.entries.filter { $0.spec.byteCount > 0 }
    var total = 0
    for (place, entry) in entries.enumerated() {
      let start = header.dataStart + entry.begin + entry.spec.byteCount
      let next = place + 1 < entries.count ? header.dataStart + entries[place + 1].begin : start + tail
      total += next - start
      guard total <= paddingLimit else {
        throw .refused(
          .ggufLimit, path: file.path, place: "body",
          expected: "at most \(paddingLimit.grouped) bytes of padding", found: "more")
      }
      if next == start { continue }
      let bytes = try asFlatFormat { () throws(FileError) in
        try file.bytes(at: start, count: next - start)
      }
      guard bytes.allSatisfy({ $0 == 0 }) else {
        throw .refused(
          .ggufPadding, path: file.path, place: "after tensor \(entry.spec.name.quoted)",
          expected: "padding of zeros", found: "other bytes")
      }
    }
  }

  /// What llama.cpp does not read although the file is sound.
  private static func remarks(on header: GGUFHeader, size: Int) -> [FlatRemark] {
    var remarks = header.entries.map(\.spec.name).filter { $0.text.utf8.count > GGUFHeader.nameLimit }.map {
      FlatRemark(
        .ggufBeyondGGML, "tensor \($0.quoted)",
        expected: "a name of at most \(GGUFHeader.nameLimit) bytes, which llama.cpp reads",
        found: "\($0.text.utf8.count.grouped)")
    }
    if let key = header.metadata.nested {
      remarks.append(
        FlatRemark(
          .ggufBeyondGGML, "key \(TensorName(key).quoted)",
          expected: "no array of arrays, which llama.cpp does not read", found: "one"))
    }
    let end = GGUFHeader.padded(header.bodyEnd, header.metadata.alignment)
    if header.hasBytes, size < header.dataStart + end {
      remarks.append(
        FlatRemark(
          .ggufBeyondGGML, "body",
          expected:
            "padding to a multiple of \(header.metadata.alignment) bytes after the last tensor, which "
            + "gguf_init_from_file reads",
          found: "\(size - header.dataStart - header.bodyEnd) bytes of padding"))
    }
    return remarks
  }

  func reader(of index: Int) throws(FlatFormatError) -> any TensorByteReader {
    guard tensors.indices.contains(index) else { throw noSuchTensor(index) }
    let spec = tensors[index].spec
    let start = header.dataStart + header.entries[index].begin
    if !header.isBig || GGUFByteOrder.isSame(for: spec.dtype) {
      return PlainReader(file: file, name: spec.name, start: start, count: spec.byteCount)
    }
    return RearrangingReader(
      path: path, spec: spec, swapWidth: spec.dtype.bytes ?? 1,
      payload: FilePayload(file: file, start: start),
      gather: spec.dtype.isBlockQuantised ? BlockSwap(spec) : nil)
  }

  static let format = FlatFormat(
    kind: .gguf, name: "GGUF", suffix: ".gguf", uses: [.conversion, .subNetwork],
    matches: { $0.starts(with: GGUFHeader.magic) },
    open: { file, _ throws(FlatFormatError) in try GGUFSource(file) },
    sink: { contents throws(FlatFormatError) in try GGUFSink(contents) },
    checkHeader: { stored, contents throws(FlatFormatError) in _ = try GGUFLayout(stored, contents) },
    headerOfSubNetwork: { stored, tensors, path throws(FlatFormatError) in
      try GGUFExtraction(stored, path: path).header(of: tensors)
    })
}
