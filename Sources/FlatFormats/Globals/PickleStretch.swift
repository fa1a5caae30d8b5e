internal import ByteFiles
internal import Pickle
internal import Tensors

/// Bytes that may be a pickle: a whole file, a range of it, or a member that was unpacked.
struct PickleStretch {
  let size: Int
  /// The name of the file or member, by which some formats are known.
  let name: String
  private let place: String?
  private let input: any PickleInput
  private let path: String

  init(_ file: ReadableFile, start: Int, size: Int, name: String, place: String?) {
    self.init(
      TorchPickle(file, start: start, size: size, place: place ?? "pickle"), file.path, name: name,
      place: place)
  }

  init(_ bytes: [UInt8], path: String, name: String, place: String) {
    self.init(PickleBytes(bytes), path, name: name, place: place)
  }

  private init(_ input: any PickleInput, _ path: String, name: String, place: String?) {
    self.input = input
    self.path = path
    self.name = name
    self.place = place
    size = input.size
  }

  /// How messages name the pickle.
  var placeOfPickle: String {
    place.map { $0.replacing("member", with: "pickle", maxReplacements: 1) } ?? "pickle"
  }

  /// Whether pickles are usually named so.
  var hasNameOfPickle: Bool {
    let name = name.lowercased()
    return [".pkl", ".pickle", ".pck", ".p", ".pt", ".pth", ".ckpt", ".bin", ".joblib", ".dill"]
      .contains { name.hasSuffix($0) }
  }

  /// Up to 512 bytes.
  func head() throws(FlatFormatError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: min(512, size))
    let failed = bytes.withUnsafeMutableBytes { buffer in
      do throws(PickleError) { try input.read(at: 0, into: buffer) } catch { return true }
      return false
    }
    if failed { throw failure }
    return bytes
  }

  /// The pickle that begins at `offset`, as far as it can be followed.
  func follow(from offset: Int) throws(FlatFormatError) -> (tree: PickleTree, error: PickleError?) {
    let (tree, error) = PickleMachine.readWhatCanBe(input, from: offset)
    if error == .input { throw failure }
    return (tree, error)
  }

  private var failure: FlatFormatError {
    if let failure = (input as? TorchPickle)?.failure { return .file(failure) }
    return .elsewhere(sentence: "\(path): \(placeOfPickle): cannot be read")
  }

  /// Whether the bytes begin an archive or a compressed file.
  func isArchive(_ head: [UInt8]) -> Bool { Self.archives.contains { head.starts(with: $0.start) } }

  /// What a member that is no pickle is.
  func words(size: Int) throws(FlatFormatError) -> String {
    let head = try head()
    if let archive = Self.archives.first(where: { head.starts(with: $0.start) }) {
      return "\(archive.words) of \(size) bytes, which is not looked into"
    }
    return "another file of \(size) bytes"
  }

  private static let archives: [(start: [UInt8], words: String)] = [
    (Array("PK\u{3}\u{4}".utf8), "a zip archive"), (Array("PK\u{5}\u{6}".utf8), "a zip archive"),
    ([0x1F, 0x8B], "a gzip file"), ([0x28, 0xB5, 0x2F, 0xFD], "a zstd file"),
    ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], "an xz file"), (Array("BZh".utf8), "a bzip2 file"),
    ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], "a 7z archive"),
    ([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A], "an HDF5 file"),
  ]
}
