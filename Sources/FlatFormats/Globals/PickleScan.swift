public import ByteFiles
internal import Pickle
internal import Tensors

/// Every pickle in a file, and what it asks Python for. Nothing is looked up and nothing is run.
///
/// Reading a file needs one pickle, and stops at what is wrong with it. Loading it in Python runs everything before
/// that place, and other programs load other members, so that here each is followed as far as it goes.
public struct PickleScan: Sendable {
  /// What was found, in the order of the file.
  public private(set) var remarks: [FlatRemark] = []
  /// How many pickles were followed.
  public private(set) var pickleCount = 0

  /// Pickles in a row, and bytes of a packed one. What is beyond is named as not examined.
  private static let rowLimit = 64
  private static let packedLimit = 64 << 20
  /// Bytes of a file that is tried as a pickle of protocol 0, which has no mark of its own.
  private static let textLimit = 1 << 20

  /// Follows every pickle of `file`; only an error of the file itself is thrown.
  public init(_ file: ReadableFile) throws(FlatFormatError) {
    let whole = PickleStretch(file, start: 0, size: file.size, name: file.path, place: nil)
    if try whole.head().starts(with: Array("PK".utf8)) {
      try scanArchive(file)
    } else {
      _ = try scan(whole)
    }
  }

  private mutating func scanArchive(_ file: ReadableFile) throws(FlatFormatError) {
    let archive: ZipArchive
    do throws(FlatFormatError) { archive = try ZipArchive(file) } catch {
      // Opening the file gives the reason, unless the operating system has one.
      if case .file = error { throw error }
      return
    }
    let layout = TorchMembers(archive)
    for entry in archive.entries where entry.size > 0 && !layout.isStorage(entry) {
      let place = "member \(TensorName(entry.name).quoted)"
      guard let stretch = try stretch(of: entry, in: archive, place) else { continue }
      let isUnderstood = try scan(stretch)
      if !isUnderstood, !layout.isKnown(entry) {
        noteUnexamined(
          place, expected: "a tensor, or a part of the format", found: try stretch.words(size: entry.size))
      }
    }
  }

  /// The bytes of a member: where they lie, or unpacked. Nil when they cannot be had, or are an array's own.
  private mutating func stretch(
    of entry: ZipEntry, in archive: ZipArchive, _ place: String
  ) throws(FlatFormatError) -> PickleStretch? {
    // A flag that says "encrypted" keeps no other program from reading the bytes.
    if entry.method == .stored {
      return PickleStretch(
        archive.file, start: entry.dataStart, size: entry.compressedSize, name: entry.name, place: place)
    }
    do throws(FlatFormatError) {
      guard entry.method == .deflated else { throw noMember }
      let stream = try ZipMemberStream(file: archive.file, entry: entry)
      var bytes = try stream.bytes(min(512, entry.size))
      if NpyObjects.isPlainArray(bytes) { return nil }
      guard entry.size <= Self.packedLimit else {
        noteUnexamined(
          place, expected: "at most \(Self.packedLimit) bytes of a packed member", found: "\(entry.size)")
        return nil
      }
      bytes += try stream.bytes(entry.size - bytes.count)
      return PickleStretch(bytes, path: archive.file.path, name: entry.name, place: place)
    } catch {
      if case .file = error { throw error }
      noteUnexamined(place, expected: "a member that can be unpacked", found: "another")
      return nil
    }
  }

  private var noMember: FlatFormatError { .elsewhere(sentence: "") }

  /// Follows the pickles of a stretch of bytes; false when it is nothing that is known here.
  private mutating func scan(_ stretch: PickleStretch) throws(FlatFormatError) -> Bool {
    let head = try stretch.head()
    if let start = NpyObjects.pickleStart(head) {
      try followRow(stretch, from: start, isCertain: true)
      return true
    }
    if head.starts(with: NpyHeader.magic) { return true }
    let isCertain = head.first == 0x80 && head.count > 1 && head[1] <= 5 || stretch.hasNameOfPickle
    // An archive that is named like a pickle is none.
    if isCertain, !stretch.isArchive(head) {
      try followRow(stretch, from: 0, isCertain: true)
      return true
    }
    if stretch.size <= Self.textLimit { try followRow(stretch, from: 0, isCertain: false) }
    return false
  }

  /// Scanners that stop at the first of several pickles have been fooled with the second.
  private mutating func followRow(
    _ stretch: PickleStretch, from start: Int, isCertain: Bool
  ) throws(FlatFormatError) {
    var offset = start
    var isLegacy = false
    for number in 0..<Self.rowLimit where offset < stretch.size {
      let (tree, error) = try stretch.follow(from: offset)
      let found = PickleRemarks.of(tree, stretch.placeOfPickle)
      // Other bytes than a pickle's make names by chance; names that can run code they do not make.
      if isCertain && number == 0 || isCertain && error == nil
        || found.contains(where: { $0.kind == .codeGlobal })
      {
        pickleCount += 1
        let known = Set(remarks.compactMap { $0.place == stretch.placeOfPickle ? $0.global : nil })
        remarks += found.filter { $0.global.map { !known.contains($0) } ?? true }
      }
      if let error {
        if isCertain, number == 0, case .refused(_, let offset, let expected, let found) = error {
          noteUnexamined(
            "\(stretch.placeOfPickle), from byte \(offset)", expected: expected,
            found: TensorName(found).escaped)
        }
        return
      }
      if number == 0 { isLegacy = TorchLegacy.isMagic(tree) }
      offset = tree.end
      // The storages follow, whose bytes are no pickles.
      if isLegacy, number == TorchLegacy.pickleCount - 1 { return }
    }
    if offset < stretch.size {
      noteUnexamined(
        stretch.placeOfPickle, expected: "at most \(Self.rowLimit) pickles in a row", found: "more bytes")
    }
  }

  private mutating func noteUnexamined(_ place: String, expected: String, found: String) {
    remarks.append(FlatRemark(.unexamined, place, expected: expected, found: found))
  }
}
