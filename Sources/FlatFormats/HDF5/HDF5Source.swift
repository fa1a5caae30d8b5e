internal import ByteFiles
internal import HDF5Kit
internal import TensorStreams
internal import Tensors

/// The numeric datasets of one or several HDF5 files: of Keras, or of any other program. It uses no libhdf5.
final class HDF5Source: FlatWeightsSource {
  let kind: FlatFormatKind
  let path: String
  let files: [String]
  let tensors: [SourceTensor]
  /// The attributes of an HDF5 file; the JSON members of a Keras archive.
  let metadata: [(key: String, value: String)]
  let leftOut: [LeftOut]
  let remarks: [FlatRemark]
  /// Every defect. A reader refuses a file that has one.
  let defects: [FlatFormatError]
  /// The names of Keras's layers, by the paths of their groups of variables.
  let layerNames: [TensorName: String]
  let entries: [HDF5Survey.Entry]
  /// The open file, and the position in it of the HDF5 data; nil for several files.
  private let single: (file: ReadableFile, start: Int)?
  private let member: KerasMember?

  var verbatim: [UInt8]? { nil }
  /// Two links to one dataset share its bytes.
  var sharesTiedBytes: Bool { true }

  /// The parts from which a source is made.
  struct Parts {
    var chosen: [(entry: HDF5Survey.Entry, name: TensorName)] = []
    var metadata: [(key: String, value: String)] = []
    var leftOut: [LeftOut] = []
    var remarks: [FlatRemark] = []
    var defects: [FlatFormatError] = []
    /// The names of Keras's layers, by the paths of their groups of variables.
    var layerNames: [TensorName: String] = [:]
    /// The member of a zip archive that is the HDF5 file.
    var member: KerasMember?
  }

  /// - Parameter single: the file that can be written again, and the position in it of the HDF5 data.
  init(
    _ kind: FlatFormatKind, path: String, files: [String], single: (file: ReadableFile, start: Int)?,
    _ parts: Parts
  ) {
    self.kind = kind
    self.path = path
    self.files = files
    self.single = single
    (metadata, leftOut, remarks, defects) = (parts.metadata, parts.leftOut, parts.remarks, parts.defects)
    (member, layerNames) = (parts.member, parts.layerNames)
    entries = parts.chosen.map(\.entry)
    // Objects of different files have the same addresses.
    var firsts: [Int: TensorName] = [:]
    let mayTie = single != nil
    tensors = parts.chosen.map { entry, name in
      let spec = entry.spec.named(name)
      let first = mayTie ? firsts[entry.dataset.address] : nil
      if first == nil { firsts[entry.dataset.address] = name }
      return SourceTensor(spec: spec, tiedTo: first)
    }
  }

  func reader(of index: Int) throws(FlatFormatError) -> any TensorByteReader {
    guard tensors.indices.contains(index) else { throw noSuchTensor(index) }
    // The CRC-32 of a member is that of all its bytes, so they are read once before any of them is used.
    try member?.check()
    return uncheckedReader(of: index)
  }

  private func uncheckedReader(of index: Int) -> RearrangingReader {
    RearrangingReader(
      path: path, spec: tensors[index].spec, swapWidth: entries[index].swapWidth,
      payload: HDF5Payload(entries[index].dataset), gather: nil)
  }

  private static func examine(
    _ file: ReadableFile, _ choices: ReadingChoices
  ) throws(FlatFormatError) -> FlatFormats.Examined {
    let source = try HDF5Source(file, assumed: choices.assumeDType)
    return (source, source.defects)
  }

  static let format = FlatFormat(
    kind: .hdf5, name: "HDF5", suffix: ".hdf5", isKnownByName: false, uses: [],
    matches: { head in head.hdf5 == .other },
    open: { file, choices throws(FlatFormatError) in try FlatFormat.sound(try examine(file, choices), file) },
    examine: { file, choices throws(FlatFormatError) in try examine(file, choices) },
    sink: { contents throws(FlatFormatError) in try HDF5Sink.make(contents, as: .hdf5) })

  /// Reads any HDF5 file: the name of a tensor is its path.
  convenience init(_ file: ReadableFile, assumed: DType?) throws(FlatFormatError) {
    let opened = try asFlatFormat { () throws(HDF5Error) in try HDF5File(file) }
    let survey = try HDF5Survey(opened, fileSize: file.size, assumed: assumed, isKeras: false)
    var parts = Parts()
    parts.chosen = survey.entries.map { ($0, $0.spec.name) }
    (parts.metadata, parts.leftOut) = (survey.attributes, survey.leftOut)
    (parts.remarks, parts.defects) = (survey.remarks, survey.defects)
    self.init(.hdf5, path: file.path, files: [file.path], single: (file, 0), parts)
  }
}

extension HDF5Source {
  /// The most bytes of a file, without its tensors, that a checkpoint stores: `ONNXSource` has the same limit.
  static let hollowLimit = 64 << 20

  /// The file without its tensors' elements; nil if what remains exceeds the limit, or if it could not be read again.
  func hollowFiles() throws(FlatFormatError) -> [HollowFile]? {
    guard let hollow = try hollow() else { return nil }
    let problems = HollowFile.problems(
      ofHDF5: [hollow], kind: kind, path: path, filledBy: tensors.map(\.spec), digests: nil)
    return problems.isEmpty ? [hollow] : nil
  }

  private func hollow() throws(FlatFormatError) -> HollowFile? {
    guard let (file, _) = single else { return nil }
    let holes = holes
    // Datasets that share bytes cannot all be filled.
    for (hole, next) in zip(holes, holes.dropFirst()) where hole.position + hole.count > next.position {
      return nil
    }
    var bytes: [UInt8] = []
    var position = 0
    for (start, end) in holes.map({ ($0.position, $0.position + $0.count) }) + [(file.size, file.size)] {
      guard start - position <= Self.hollowLimit - bytes.count else { return nil }
      bytes += try asFlatFormat { () throws(FileError) in
        try file.bytes(at: position, count: start - position)
      }
      position = end
    }
    return HollowFile(name: nil, bytes: bytes, holes: holes)
  }

  /// The places of contiguous little-endian tensors in the file, ascending. Other tensors stay in it.
  var holes: [TensorHole] {
    guard let (_, start) = single else { return [] }
    var holes: [TensorHole] = []
    for (index, entry) in entries.enumerated() {
      guard case .contiguous(let offset, let count) = entry.dataset.storage, entry.swapWidth == 1, count > 0,
        tensors[index].tiedTo == nil
      else { continue }
      holes.append(TensorHole(position: start + offset, count: count, tensor: index))
    }
    return holes.sorted { ($0.position, $0.tensor) < ($1.position, $1.tensor) }
  }

  /// The digest of a tensor's bytes in the file; nil if they cannot be read.
  func storedDigest(of index: Int) -> SHA256Digest? {
    guard tensors.indices.contains(index) else { return nil }
    let hasher = SHA256Hasher()
    do { try uncheckedReader(of: index).forEachWindow { hasher.update($0) } } catch { return nil }
    return hasher.finish()
  }
}

/// The elements of a dataset.
private final class HDF5Payload: NpyPayload {
  private let dataset: HDF5Dataset

  init(_ dataset: HDF5Dataset) { self.dataset = dataset }

  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FlatFormatError) {
    try asFlatFormat { () throws(HDF5Error) in try dataset.read(into: buffer, at: offset) }
  }
}
