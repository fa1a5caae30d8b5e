internal import ByteFiles
internal import Tensors
internal import Zip

extension PickleScan {
  /// The most bytes of one packed member; a larger one is reported as not examined.
  private static let packedLimit = 64 << 20

  /// Follows the pickles among the members, even in a defective archive; opening the archive reports its defects.
  ///
  /// - Parameters:
  ///   - place: the member that is the archive; nil for the file itself.
  ///   - depth: the number of archives around this one.
  mutating func scanArchive(
    _ file: ReadableFile, within place: String?, depth: Int
  ) throws(FlatFormatError) {
    let survey = try asFlatFormat { () throws(ZipError) in try ZipSurvey(file) }
    var layout = TorchMembers(survey.entries)
    func name(_ entry: ZipEntry) -> PicklePlace { PicklePlace(member: entry, in: place) }
    for entry in survey.entries where entry.size > 0 && !layout.isStorage(entry) {
      guard let stretch = try stretch(of: entry, in: file, name(entry)) else { continue }
      let isUnderstood = try scan(stretch, depth: depth) { layout.note($0, by: entry) }
      if !isUnderstood, depth == 0, !layout.isKnown(entry) {
        noteUnexamined(
          name(entry).words, expected: "a tensor, or a part of the format",
          found: try stretch.words(size: entry.size))
      }
    }
    for entry in survey.entries where entry.size > 0 && layout.isStorage(entry) {
      try scanStorage(entry, in: file, name(entry), isNamed: layout.isNamed(entry), depth: depth)
    }
    for range in survey.loose { try scanLoose(range, of: file, within: place, depth: depth) }
    // An archive inside an archive is not examined as a whole.
    if depth > 0 { return }
    for entry in survey.overlapping {
      noteUnexamined(name(entry).words, expected: "bytes that no other member has", found: "shared bytes")
    }
  }

  private mutating func scanStorage(
    _ entry: ZipEntry, in file: ReadableFile, _ place: PicklePlace, isNamed: Bool, depth: Int
  ) throws(FlatFormatError) {
    if isNamed {
      guard let head = try head(of: entry, in: file) else { return }
      // A member is unpacked only if its first bytes are those of a pickle.
      if entry.method == .deflated, !PickleStretch.isMarked(head) { return }
      if let stretch = try stretch(of: entry, in: file, place) {
        try scanElements(stretch, head: head)
      }
    } else if let stretch = try stretch(of: entry, in: file, place),
      try !scan(stretch, depth: depth), depth == 0
    {
      noteUnexamined(
        place.words, expected: "a storage that a tensor has",
        found: "\(entry.size.grouped) bytes that none has")
    }
  }

  /// Follows bytes between members, which some zip readers may read.
  private mutating func scanLoose(
    _ range: Range<Int>, of file: ReadableFile, within outer: String?, depth: Int
  ) throws(FlatFormatError) {
    let place = PicklePlace(bytes: range, in: outer)
    let stretch = PickleStretch(
      file, start: range.lowerBound, size: range.count, name: "", place: place)
    // A descriptor without its signature has a CRC-32 and two sizes; padding is zeros.
    guard try !scan(stretch, depth: 1), depth == 0, range.count > 20, try !stretch.isZero() else { return }
    noteUnexamined(
      place.words, expected: "a member, or a part of the format",
      found: "\(range.count.grouped) bytes between members")
  }

  /// Up to 512 bytes of a member; nil if they cannot be read.
  private func head(of entry: ZipEntry, in file: ReadableFile) throws(FlatFormatError) -> [UInt8]? {
    let count = min(512, entry.size)
    do throws(FlatFormatError) {
      if entry.method == .deflated {
        return try asFlatFormat { () throws(ZipError) in
          try ZipMemberStream(file: file, entry: entry).bytes(count)
        }
      }
      return try asFlatFormat { () throws(FileError) in
        try file.bytes(at: entry.dataStart, count: min(count, entry.compressedSize))
      }
    } catch {
      if case .file = error { throw error }
      return nil
    }
  }

  /// The bytes of a member, in the file or unpacked; nil if they cannot be read, or if they are a numeric array.
  private mutating func stretch(
    of entry: ZipEntry, in file: ReadableFile, _ place: PicklePlace
  ) throws(FlatFormatError) -> PickleStretch? {
    // A flag for encryption does not prevent another program from reading the bytes.
    if entry.method == .stored {
      return PickleStretch(
        file, start: entry.dataStart, size: entry.compressedSize, name: entry.name, place: place)
    }
    func unexamined() -> PickleStretch? {
      noteUnexamined(place.words, expected: "a member that can be unpacked", found: "one that cannot")
      return nil
    }
    guard entry.method == .deflated else { return unexamined() }
    do throws(ZipError) {
      let stream = try ZipMemberStream(file: file, entry: entry)
      var bytes = try stream.bytes(min(512, entry.size))
      if NpyObjects.isPlainArray(bytes) { return nil }
      let limit = min(Self.packedLimit, unpackedLeft)
      guard entry.size <= limit else {
        noteUnexamined(
          place.words, expected: "at most \(limit.grouped) bytes of a packed member",
          found: "\(entry.size.grouped)")
        return nil
      }
      bytes += try stream.bytes(entry.size - bytes.count)
      unpackedLeft -= bytes.count
      return PickleStretch(bytes, path: file.path, name: entry.name, place: place)
    } catch {
      if case .file = error { throw FlatFormatError(error) }
      return unexamined()
    }
  }
}
