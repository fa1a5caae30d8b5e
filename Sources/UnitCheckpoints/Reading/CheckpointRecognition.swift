internal import ByteFiles
internal import HDF5Kit

/// Distinguishes a damaged checkpoint, which is a finding, from a file of another kind, which is none.
enum CheckpointRecognition {
  /// Whether an HDF5 file that cannot be opened is damaged.
  ///
  /// A violation of the format is damage, for example a truncated file. Checkpoints need no unsupported features and
  /// exceed no limits; so these are damage only in a file that claims to be a checkpoint.
  static func isDamage(_ error: HDF5Error, _ file: ReadableFile) -> Bool {
    switch error {
    case .malformed: true
    case .file: false
    default: saysFormat(file)
    }
  }

  /// Whether a file with a wrong identity is a checkpoint with a damaged identity. It has a checkpoint's seal, or the
  /// value of `format` without an attribute.
  static func isDamage(_ error: CheckpointError, _ file: ReadableFile, _ hdf5: HDF5File) -> Bool {
    switch error {
    case .hdf5(_, let error): isDamage(error, file)
    case .notACheckpoint: hasSeal(hdf5) || saysFormat(file)
    case .unknownVersion: hasSeal(hdf5)
    default: false
    }
  }

  private static func hasSeal(_ hdf5: HDF5File) -> Bool {
    (try? hdf5.dataset(at: Layout.sealPath).datatype) == SealRow.elementType.datatype
  }

  /// The defect of a file that would be a checkpoint with the correct first eight bytes; nil for other files.
  static func damagedSignature(of file: ReadableFile) -> CheckpointError? {
    guard let found = try? file.bytes(at: 0, count: HDF5File.signature.count), found != HDF5File.signature,
      let hdf5 = try? HDF5File(source: SignedSource(file: file)),
      (try? CheckpointIdentity.check(hdf5, path: file.path)) != nil
    else { return nil }
    let digits = found.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
    return .hdf5(
      path: file.path,
      .malformed(
        file: file.path, place: HDF5Place(structure: "superblock", offset: 0),
        expected: "the HDF5 signature before a unit checkpoint", found: digits))
  }

  /// Whether the first 4,096 bytes contain the value of the root's `format`, which is written near the start.
  private static func saysFormat(_ file: ReadableFile) -> Bool {
    guard let head = try? file.bytes(at: 0, count: min(file.size, 4096)) else { return false }
    let formats = [Layout.formatValue, Layout.partFormatValue].map { Array($0.utf8) }
    return head.indices.contains { place in formats.contains { head[place...].starts(with: $0) } }
  }
}

/// A file whose first bytes are replaced by the HDF5 signature.
private struct SignedSource: ByteSource {
  let file: ReadableFile
  var name: String { file.path }
  var size: Int { file.size }

  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FileError) {
    try file.read(at: offset, into: buffer)
    for place in offset..<max(offset, min(HDF5File.signature.count, offset + buffer.count)) {
      buffer[place - offset] = HDF5File.signature[place]
    }
  }
}
