internal import ByteFiles
internal import Pickle
internal import Tensors
internal import Zip

/// The name of a part of a file in messages: a member or a range, which may be inside another member.
struct PicklePlace {
  var outer: String?
  /// "member 'x'", or "bytes 7 to 9".
  let own: String

  init(member entry: ZipEntry, in outer: String?) {
    self.outer = outer
    own = "member \(TensorName(entry.name).quoted)"
  }

  init(bytes range: Range<Int>, in outer: String? = nil) {
    self.outer = outer
    own = "bytes \(range.lowerBound) to \(range.upperBound)"
  }

  var words: String { prefix + own }

  /// The name in messages of the pickle at this place.
  var ofPickle: String {
    prefix + (own.hasPrefix("bytes ") ? "pickle in \(own)" : "pickle\(own.drop { $0 != " " })")
  }

  private var prefix: String { outer.map { "\($0), " } ?? "" }
}

/// Bytes that may be a pickle: a whole file, a range of it, or an unpacked member.
struct PickleStretch {
  let size: Int
  /// The name of the file or member; some formats are recognised by it.
  let name: String
  /// The place of the bytes; nil for a whole file.
  let place: PicklePlace?
  private let input: any PickleInput
  private let path: String
  /// The file that has the bytes, and their position in it; nil for an unpacked member.
  private let home: (file: ReadableFile, start: Int)?

  init(_ file: ReadableFile, start: Int, size: Int, name: String, place: PicklePlace?) {
    self.init(
      TorchPickle(file, start: start, size: size, place: place?.words ?? "pickle"), file.path, name: name,
      place: place, home: (file, start))
  }

  init(_ bytes: [UInt8], path: String, name: String, place: PicklePlace) {
    self.init(PickleBytes(bytes), path, name: name, place: place, home: nil)
  }

  private init(
    _ input: any PickleInput, _ path: String, name: String, place: PicklePlace?,
    home: (file: ReadableFile, start: Int)?
  ) {
    self.home = home
    self.input = input
    self.path = path
    self.name = name
    self.place = place
    size = input.size
  }

  /// The name in messages of the pickle.
  var placeOfPickle: String { place?.ofPickle ?? "pickle" }

  /// Whether the bytes begin with the mark of a pickle; writers of protocols below 2 do not write it.
  static func isMarked(_ head: [UInt8]) -> Bool { head.count > 1 && head[0] == 0x80 && head[1] <= 5 }

  /// Whether the name ends in a usual suffix of pickles.
  var hasNameOfPickle: Bool {
    let name = name.lowercased()
    return [".pkl", ".pickle", ".pck", ".p", ".pt", ".pth", ".ckpt", ".bin", ".joblib", ".dill"]
      .contains { name.hasSuffix($0) }
  }

  /// Up to 512 bytes from `offset`.
  func head(at offset: Int = 0) throws(FlatFormatError) -> [UInt8] {
    try bytes(at: offset, count: min(512, size - offset))
  }

  /// Whether every byte is zero.
  func isZero() throws(FlatFormatError) -> Bool {
    var offset = 0
    while offset < size {
      let part = try bytes(at: offset, count: min(64 << 10, size - offset))
      if part.contains(where: { $0 != 0 }) { return false }
      offset += part.count
    }
    return true
  }

  private func bytes(at offset: Int, count: Int) throws(FlatFormatError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let failed = bytes.withUnsafeMutableBytes { buffer in
      do throws(PickleError) { try input.read(at: offset, into: buffer) } catch { return true }
      return false
    }
    if failed { throw failure }
    return bytes
  }

  /// The bytes as a file of their own, if they begin like a zip archive and are a part of a file, not unpacked.
  func archive(_ head: [UInt8]) -> ReadableFile? {
    guard let home, place != nil, Self.archives[0].start.elementsEqual(head.prefix(4)) else { return nil }
    return ReadableFile(home.start..<home.start + size, of: home.file)
  }

  /// The pickle that begins at `offset`, as far as it can be followed.
  func follow(from offset: Int) throws(FlatFormatError) -> (tree: PickleTree, error: PickleError?) {
    let (tree, error) = PickleMachine.readWhatCanBe(input, from: offset)
    if error == .input { throw failure }
    return (tree, error)
  }

  private var failure: FlatFormatError {
    if let failure = (input as? TorchPickle)?.failure { return .file(failure) }
    return .pickle(.input, path: path, place: placeOfPickle)
  }

  /// Whether the bytes begin an archive or a compressed file.
  func isArchive(_ head: [UInt8]) -> Bool { Self.archives.contains { head.starts(with: $0.start) } }

  /// A description of a member that is not a pickle.
  func words(size: Int) throws(FlatFormatError) -> String {
    let head = try head()
    if let archive = Self.archives.first(where: { head.starts(with: $0.start) }) {
      if home != nil, archive.start == Self.archives[0].start {
        return "\(archive.words) of \(size.grouped) bytes, which is searched only for pickles"
      }
      return "\(archive.words) of \(size.grouped) bytes, which is not examined"
    }
    return "a file of \(size.grouped) bytes"
  }

  private static let archives: [(start: [UInt8], words: String)] = [
    (Array("PK\u{3}\u{4}".utf8), "a zip archive"), (Array("PK\u{5}\u{6}".utf8), "a zip archive"),
    ([0x1F, 0x8B], "a gzip file"), ([0x28, 0xB5, 0x2F, 0xFD], "a zstd file"),
    ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], "an xz file"), (Array("BZh".utf8), "a bzip2 file"),
    ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], "a 7z archive"),
    ([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A], "an HDF5 file"),
  ]
}
