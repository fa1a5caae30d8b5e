public import ByteFiles
internal import Pickle
internal import Tensors

/// Every pickle in a file, and what it asks Python for. Nothing is looked up and nothing is run.
///
/// Reading a file needs one pickle, and stops at what is wrong with it. Loading it in Python runs everything before
/// that place, and other programs load other members, so that here each is followed as far as it goes. What is neither
/// a pickle nor a part of the format is named as not examined.
public struct PickleScan: Sendable {
  /// What was found: pickles in the order of the file, then storages, then what lies between members.
  public private(set) var remarks: [FlatRemark] = []
  /// How many pickles were followed.
  public private(set) var pickleCount = 0
  private var unexaminedCount = 0
  /// Bytes that packed members may still be unpacked to: their pickles take a thousand times the file's bytes at worst.
  var unpackedLeft: Int
  private static let unpackedFloor = 128 << 20
  private static let unpackedRatio = 32

  /// Pickles in a row. What is beyond is named as not examined.
  private static let rowLimit = 64
  /// Bytes of a file that is tried as a pickle of protocol 0, which has no mark of its own.
  private static let textLimit = 1 << 20
  /// Remarks on parts that are not examined; the rest are counted in one more.
  private static let unexaminedLimit = 100

  /// Follows every pickle of `file`; only an error of the file itself is thrown.
  public init(_ file: ReadableFile) throws(FlatFormatError) {
    let (most, overflow) = file.size.multipliedReportingOverflow(by: Self.unpackedRatio)
    unpackedLeft = max(Self.unpackedFloor, overflow ? .max : most)
    try scan(file, place: nil, depth: 0)
    countRest()
  }

  /// Follows what lies in bytes of `file` that its reader does not read: after the end of a PyTorch file's storages.
  public mutating func scan(unread range: Range<Int>, of file: ReadableFile) throws(FlatFormatError) {
    guard let part = ReadableFile(range, of: file) else { return }
    let place = PicklePlace(bytes: range)
    let stretch = PickleStretch(part, start: 0, size: part.size, name: "", place: place)
    if try !scan(stretch) {
      noteUnexamined(
        place.words, expected: "the end of the file", found: try stretch.words(size: range.count))
    }
    countRest()
  }

  private mutating func scan(_ file: ReadableFile, place: String?, depth: Int) throws(FlatFormatError) {
    let whole = PickleStretch(file, start: 0, size: file.size, name: file.path, place: nil)
    if try whole.head().starts(with: Array("PK".utf8)) {
      try scanArchive(file, within: place, depth: depth)
    } else {
      _ = try scan(whole)
    }
  }

  /// Follows the pickles of a stretch of bytes, and those in the members of an archive; false when it is nothing that
  /// is known here. The members of an archive in an archive are searched, and it is still not a part of the format.
  mutating func scan(
    _ stretch: PickleStretch, depth: Int = 0, note: (Set<String>?) -> Void = { _ in }
  ) throws(FlatFormatError) -> Bool {
    let head = try stretch.head()
    if depth == 0, let archive = stretch.archive(head) {
      try scan(archive, place: stretch.place?.words, depth: 1)
      return false
    }
    if let start = NpyObjects.pickleStart(head) {
      note(try followRow(stretch, from: start, isCertain: true))
      return true
    }
    if head.starts(with: NpyHeader.magic) { return true }
    // An archive that is named like a pickle is none.
    if PickleStretch.isMarked(head) || stretch.hasNameOfPickle, !stretch.isArchive(head) {
      note(try followRow(stretch, from: 0, isCertain: true))
      return true
    }
    guard stretch.size <= Self.textLimit else { return false }
    let known = pickleCount
    return try followRow(stretch, from: 0, isCertain: false) != nil && pickleCount > known
  }

  /// The elements of a tensor may look like anything. A whole pickle that names what can run code is no accident, and
  /// a loader that is pointed at it runs it.
  mutating func scanElements(_ stretch: PickleStretch, head: [UInt8]) throws(FlatFormatError) {
    // Most storages are no pickle from their first bytes on; only the others are read.
    let (_, early) = PickleMachine.readWhatCanBe(PickleBytes(head))
    if let early, !early.isOfLength || head.count == stretch.size { return }
    let (tree, error) = try stretch.follow(from: 0)
    guard error == nil else { return }
    let place = stretch.place?.words ?? "file"
    remarks += PickleRemarks.of(tree, place).filter { $0.kind == .codeGlobal }.map { remark in
      FlatRemark(
        .codeInStorage, place, expected: "numbers", found: "a pickle that names \(remark.found)",
        global: remark.global)
    }
  }

  /// Scanners that stop at the first of several pickles have been fooled with the second.
  ///
  /// Returns the storages that the row names; nil where it was not followed to its end.
  private mutating func followRow(
    _ stretch: PickleStretch, from start: Int, isCertain: Bool
  ) throws(FlatFormatError) -> Set<String>? {
    var (offset, isCertain, isLegacy) = (start, isCertain, false)
    var (known, keys) = (Set<String>(), Set<String>())
    for number in 0..<Self.rowLimit where offset < stretch.size {
      let head = try stretch.head(at: offset)
      let isMarked = number == 0 || PickleStretch.isMarked(head)
      let (tree, error) = try stretch.follow(from: offset)
      let found = PickleRemarks.of(tree, stretch.placeOfPickle)
      let hasCode = found.contains { $0.kind == .codeGlobal }
      // Other bytes than a pickle's make names by chance; names that can run code they do not make.
      if isCertain && (isMarked || error == nil) || hasCode {
        pickleCount += 1
        remarks += found.filter { $0.global.map { known.insert($0).inserted } ?? true }
      }
      if let error {
        guard isCertain, case .refused(_, let place, let expected, let found) = error else { return nil }
        if isMarked {
          noteUnexamined(
            "\(stretch.placeOfPickle), from byte \(place)", expected: expected,
            found: TensorName(found).escaped)
        } else {
          noteUnexamined(
            "\(stretch.placeOfPickle), from byte \(offset)", expected: "its end, or another pickle",
            found: "\(stretch.size - offset) bytes of something else")
        }
        return nil
      }
      if hasCode { isCertain = true }
      keys.formUnion(tree.storageKeys)
      if number == 0 { isLegacy = TorchLegacy.isMagic(tree) }
      offset = tree.end
      // The storages follow, whose bytes are no pickles.
      if isLegacy, number == TorchLegacy.pickleCount - 1 { return keys }
    }
    if offset < stretch.size, isCertain {
      noteUnexamined(
        stretch.placeOfPickle, expected: "at most \(Self.rowLimit) pickles in a row", found: "more bytes")
      return nil
    }
    return keys
  }

  mutating func noteUnexamined(_ place: String, expected: String, found: String) {
    unexaminedCount += 1
    if unexaminedCount > Self.unexaminedLimit { return }
    remarks.append(FlatRemark(.unexamined, place, expected: expected, found: found))
  }

  /// One remark for all that came after the last that was kept.
  private mutating func countRest() {
    guard unexaminedCount > Self.unexaminedLimit else { return }
    remarks.append(
      FlatRemark(
        .unexamined, "file", expected: "tensors, or parts of the format",
        found: "\(unexaminedCount - Self.unexaminedLimit) more parts that are neither"))
    unexaminedCount = 0
  }
}
