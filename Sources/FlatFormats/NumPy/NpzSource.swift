internal import ByteFiles
internal import TensorStreams
internal import Tensors
internal import Zip

/// A zip archive with one array in each member.
final class NpzSource: FlatWeightsSource {
  let kind = FlatFormatKind.npz
  let tensors: [SourceTensor]
  let metadata: [(key: String, value: String)] = []
  let leftOut: [LeftOut]
  private let archive: ZipArchive
  private let members: [(entry: ZipEntry, header: NpyHeader)]

  var path: String { archive.file.path }
  var verbatim: [UInt8]? { nil }

  static let memberSuffix = ".npy"

  /// The defects of single members. These members are not in `tensors`, and a reader refuses such an archive.
  let defects: [FlatFormatError]

  /// A hostile archive could have a million members with the same defect.
  private static let defectLimit = 100

  init(_ file: ReadableFile, assumed: DType?) throws(FlatFormatError) {
    var defects: [FlatFormatError] = []
    let archive = try asFlatFormat { () throws(ZipError) in try ZipArchive(file) }
    var members: [(entry: ZipEntry, header: NpyHeader)] = []
    members.reserveCapacity(archive.entries.count)
    var leftOut: [LeftOut] = []
    var foreign: FlatFormatError?
    var strangers = 0
    for entry in archive.entries.sorted(by: { $0.headerStart < $1.headerStart }) {
      do throws(FlatFormatError) {
        members.append((entry, try Self.header(of: entry, in: archive, assumed: assumed)))
      } catch {
        // Arrays of other kinds, and other files, do not prevent reading the numeric arrays.
        guard let item = LeftOut(error, entry) else {
          guard error.defect != nil else { throw error }
          if defects.count < Self.defectLimit { defects.append(error) }
          continue
        }
        leftOut.append(item)
        guard error.defect == .format(.npzMember) else { continue }
        strangers += 1
        foreign = foreign ?? error
      }
    }
    // An archive with other files only is refused.
    if let foreign, strangers == archive.entries.count { throw foreign }
    self.leftOut = leftOut
    self.defects = defects
    let ties = Self.ties(in: archive.comment, specs: members.map(\.header.spec))
    self.archive = archive
    self.members = members
    tensors = members.map { SourceTensor(spec: $0.header.spec, tiedTo: ties[$0.header.spec.name]) }
  }

  func reader(of index: Int) throws(FlatFormatError) -> any TensorByteReader {
    guard members.indices.contains(index) else { throw noSuchTensor(index) }
    let (entry, header) = members[index]
    let payload = MemberPayload(archive: archive, entry: entry, start: header.dataStart)
    if header.spec.byteCount == 0 { try payload.check() }
    // Each window of a large array in Fortran order needs bytes from the whole member, so they must be at hand: in the
    // file itself, if they are stored, else in a temporary file.
    if header.isFortran, header.spec.byteCount > RearrangingReader.windowLimit {
      if entry.method == .stored {
        try payload.check()
        let file = FilePayload(file: archive.file, start: entry.dataStart + header.dataStart)
        return RearrangingReader(header: header, path: path, payload: file)
      }
      if let file = try unpacked(entry) {
        return RearrangingReader(
          header: header, path: path, payload: FilePayload(file: file, start: header.dataStart))
      }
    }
    return RearrangingReader(header: header, path: path, payload: payload)
  }

  /// The member's bytes in a temporary file, checked; nil if there is no place for them.
  private func unpacked(_ entry: ZipEntry) throws(FlatFormatError) -> ReadableFile? {
    guard let file = NamelessFile(onDisk: ()) else { return nil }
    let stream = try asFlatFormat { () throws(ZipError) in try archive.stream(of: entry) }
    let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
    defer { piece.deallocate() }
    while stream.position < entry.size {
      let place = stream.position
      let part = UnsafeMutableRawBufferPointer(rebasing: piece[..<min(piece.count, entry.size - place)])
      try asFlatFormat { () throws(ZipError) in try stream.read(into: part) }
      do throws(FileError) { try file.write(UnsafeRawBufferPointer(part), at: place) } catch { return nil }
    }
    return try? file.readable(as: path)
  }

  private static func header(
    of entry: ZipEntry, in archive: ZipArchive, assumed: DType?
  ) throws(FlatFormatError) -> NpyHeader {
    let place = "member " + TensorName(entry.name).quoted
    let stream = try asFlatFormat { () throws(ZipError) in try archive.stream(of: entry) }
    guard entry.nameBytes.suffix(4).elementsEqual(memberSuffix.utf8) else {
      throw .refused(
        .npzMember, path: archive.file.path, place: place, expected: "only arrays, members that end in .npy",
        found: "a file that is not an array")
    }
    let reader = NpyHeaderReader(
      path: archive.file.path, place: place,
      name: TensorName(String(decoding: entry.nameBytes.dropLast(4), as: UTF8.self)), size: entry.size,
      assumed: assumed
    ) { count throws(FlatFormatError) in
      try asFlatFormat { () throws(ZipError) in try stream.bytes(count) }
    }
    return try reader.read()
  }

  /// The ties in the archive's comment, which NumPy ignores.
  private static func ties(in comment: [UInt8], specs: [TensorSpec]) -> [TensorName: TensorName] {
    let pairs = comment.withUnsafeBufferPointer { bytes in
      var scanner = HeaderScanner(bytes: bytes, path: "", origin: 0)
      return try? scanner.stringMap("the comment")
    }
    return TensorTies.resolved(in: pairs ?? [], specs: specs)
  }

  private static func examine(
    _ file: ReadableFile, _ choices: ReadingChoices
  ) throws(FlatFormatError) -> FlatFormats.Examined {
    let source = try NpzSource(file, assumed: choices.assumeDType)
    return (source, source.defects)
  }

  static let format = FlatFormat(
    kind: .npz, name: "npz", suffix: ".npz", mayHoldPickles: true,
    matches: { head in
      if head.starts(with: "PK\u{5}\u{6}") { return head.hasSuffix(".npz") }
      guard head.starts(with: "PK\u{3}\u{4}") else { return false }
      if head.hasSuffix(".npz") { return true }
      let fields = ByteFields(head.bytes)
      let name = fields.slice(ZipRecord.localSize, Int(fields.u16(26) ?? 0)) ?? []
      return name.suffix(4).elementsEqual(memberSuffix.utf8)
    },
    open: { file, choices throws(FlatFormatError) in try FlatFormat.sound(try examine(file, choices), file) },
    examine: { file, choices throws(FlatFormatError) in try examine(file, choices) },
    sink: { contents throws(FlatFormatError) in try NpzSink(contents) })
}

extension LeftOut {
  /// A member that is left out, from the error of reading it; nil for a damaged member.
  fileprivate init?(_ error: FlatFormatError, _ entry: ZipEntry) {
    guard case .broken(.format(let rule), _, _, _, let found) = error else { return nil }
    let array = String(decoding: entry.nameBytes.dropLast(NpzSource.memberSuffix.utf8.count), as: UTF8.self)
    switch rule {
    case .npyDType, .npyObject, .npyStructured, .npyLongDouble, .npyAssumedWidth:
      self.init(array, "an array of \(found)")
    case .npyOpaque: self.init(array, "an array of \(found) (--assume-dtype)")
    case .npzMember: self.init(entry.name, found)
    default: return nil
    }
  }
}
