public import ByteFiles
internal import Pickle
internal import Tensors

/// Finds every pickle in a file and the Python names that it refers to. Nothing is looked up and nothing is run.
///
/// A reader needs one pickle, and stops at its first defect. Python runs everything before the defect, and other
/// programs load other members, so each pickle is followed as far as possible. A part that is neither a pickle nor a
/// part of the format is reported as not examined.
public struct PickleScan: Sendable {
  /// The notes: first those of pickles in the order of the file, then those of storages, then those of bytes between
  /// members.
  public private(set) var remarks: [FlatRemark] = []
  /// The number of pickles that were followed.
  public private(set) var pickleCount = 0
  private var unexaminedCount = 0
  /// The bytes to which further packed members may unpack: their pickles could take a thousand times the file's bytes.
  var unpackedLeft: Int
  /// The effect of a name that the file's format has; nil for other names.
  private let known: @Sendable (PickleGlobal) -> GlobalClass?
  private static let unpackedFloor = 128 << 20
  private static let unpackedRatio = 32

  /// The most pickles in a row; the rest is reported as not examined.
  private static let rowLimit = 64
  /// The largest file, in bytes, that is tried as a pickle of protocol 0, which does not begin with a mark.
  private static let textLimit = 1 << 20
  /// The most notes about parts that are not examined; one more note counts the rest.
  private static let unexaminedLimit = 100

  /// Follows every pickle of `file`; throws only errors of the file itself.
  public init(_ file: ReadableFile) throws(FlatFormatError) { try self.init(file) { _ in nil } }

  /// - Parameter known: the effect of a name that the file's format has; nil for other names.
  init(
    _ file: ReadableFile, known: @escaping @Sendable (PickleGlobal) -> GlobalClass?
  ) throws(FlatFormatError) {
    self.known = known
    let (most, overflow) = file.size.multipliedReportingOverflow(by: Self.unpackedRatio)
    unpackedLeft = max(Self.unpackedFloor, overflow ? .max : most)
    try scan(file, place: nil, depth: 0)
    countRest()
  }

  /// Follows pickles in bytes of `file` that its reader does not read, after the end of a PyTorch file's storages.
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

  /// Follows pickles in a part of another file, which is an archive of its own.
  mutating func scan(part range: Range<Int>, of file: ReadableFile) throws(FlatFormatError) {
    guard !range.isEmpty, let part = ReadableFile(range, of: file) else { return }
    let words =
      "\(TensorName(SystemPath.bareName(of: file.path)).quoted), bytes \(range.lowerBound) to \(range.upperBound)"
    let stretch = PickleStretch(
      part, start: 0, size: part.size, name: "", place: PicklePlace(bytes: range, in: nil))
    if try stretch.head().starts(with: Array("PK".utf8)) {
      try scanArchive(part, within: words, depth: 0)
    } else if try !scan(stretch, depth: 1), try !stretch.isZero() {
      noteUnexamined(words, expected: "an archive of torch.save", found: try stretch.words(size: range.count))
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

  /// Follows the pickles in some bytes, and those in the members of an archive. Returns false if the bytes are of an
  /// unknown kind. Members of an archive inside an archive are followed too, but the result is false.
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
    // An archive may have the name of a pickle; it is not one.
    if PickleStretch.isMarked(head) || stretch.hasNameOfPickle, !stretch.isArchive(head) {
      note(try followRow(stretch, from: 0, isCertain: true))
      return true
    }
    guard stretch.size <= Self.textLimit else { return false }
    let known = pickleCount
    return try followRow(stretch, from: 0, isCertain: false) != nil && pickleCount > known
  }

  /// Reports elements of a tensor that are a pickle able to run code. Elements may be any bytes, but a whole pickle
  /// with such a name is not an accident, and a loader that opens these bytes runs it.
  mutating func scanElements(_ stretch: PickleStretch, head: [UInt8]) throws(FlatFormatError) {
    // The first bytes of most storages are not those of a pickle; only the other storages are read.
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

  /// Follows pickles one after another. An attack can hide its pickle from a scanner that stops at the first.
  ///
  /// Returns the storages that they name; nil if they could not be followed to the end.
  private mutating func followRow(
    _ stretch: PickleStretch, from start: Int, isCertain: Bool
  ) throws(FlatFormatError) -> Set<String>? {
    var (offset, isCertain, isLegacy) = (start, isCertain, false)
    var (known, keys) = (Set<String>(), Set<String>())
    for number in 0..<Self.rowLimit where offset < stretch.size {
      let head = try stretch.head(at: offset)
      let isMarked = number == 0 || PickleStretch.isMarked(head)
      let (tree, error) = try stretch.follow(from: offset)
      let found = PickleRemarks.of(tree, stretch.placeOfPickle, known: self.known)
      let hasCode = found.contains { $0.kind == .codeGlobal }
      // Bytes that are not a pickle can contain names by chance, but not names that can run code.
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
            found: "\((stretch.size - offset).grouped) bytes that are neither")
        }
        return nil
      }
      if hasCode { isCertain = true }
      keys.formUnion(tree.storageKeys)
      if number == 0 { isLegacy = TorchLegacy.isMagic(tree) }
      offset = tree.end
      // Storages follow; they are not pickles.
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

  /// Adds one note that counts all parts beyond the limit.
  private mutating func countRest() {
    guard unexaminedCount > Self.unexaminedLimit else { return }
    remarks.append(
      FlatRemark(
        .unexamined, "file", expected: "tensors, or parts of the format",
        found: "\(unexaminedCount - Self.unexaminedLimit) more parts that are neither"))
    unexaminedCount = 0
  }
}
