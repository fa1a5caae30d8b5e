package import Glibc

/// Converts between paths as text and the operating system's paths: bytes other than NUL.
///
/// A path is text everywhere else. In this text, a byte that is not UTF-8 is one private scalar, U+10F700 plus the
/// byte, so `model\xFF.npz` and `model\u{FFFD}.npz` stay two files. If a name contains such a scalar itself, its bytes
/// are converted one by one. These bytes are above 0x7F, so none of them becomes `/`, `.` or NUL.
public enum SystemPath {
  private static let standIns: ClosedRange<UInt32> = 0x10F780...0x10F7FF

  /// The byte that a scalar represents; nil for a scalar that represents itself.
  public static func byte(of scalar: Unicode.Scalar) -> UInt8? {
    standIns.contains(scalar.value) ? UInt8(truncatingIfNeeded: scalar.value) : nil
  }

  /// The text that represents a path's bytes.
  public static func text(_ bytes: some Collection<UInt8>) -> String {
    var text = String.UnicodeScalarView()
    var rest = bytes[...]
    while let first = rest.first {
      let length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
      let piece = rest.prefix(length)
      if let decoded = String(validating: piece, as: UTF8.self), let scalar = decoded.unicodeScalars.first,
        decoded.unicodeScalars.count == 1, byte(of: scalar) == nil
      {
        text.append(scalar)
        rest = rest.dropFirst(length)
      } else {
        text.append(Unicode.Scalar(standIns.lowerBound - 0x80 + UInt32(first)) ?? "\u{FFFD}")
        rest = rest.dropFirst()
      }
    }
    return String(text)
  }

  /// The text for a C string from the operating system.
  public static func text(_ pointer: UnsafePointer<CChar>) -> String {
    text(UnsafeRawBufferPointer(start: pointer, count: strlen(pointer)))
  }

  /// Calls `body` with the path's bytes and a NUL; a NUL inside the path is `EINVAL`, because the path would end there.
  static func with<Result>(_ path: String, failing: Result, _ body: (UnsafePointer<CChar>) -> Result)
    -> Result
  {
    guard !path.utf8.contains(0) else {
      errno = EINVAL
      return failing
    }
    guard path.unicodeScalars.contains(where: { byte(of: $0) != nil }) else { return path.withCString(body) }
    var bytes: [CChar] = []
    for scalar in path.unicodeScalars {
      if let byte = byte(of: scalar) {
        bytes.append(CChar(bitPattern: byte))
      } else {
        bytes += UTF8.encode(scalar).map { $0.map(CChar.init(bitPattern:)) } ?? []
      }
    }
    return (bytes + [0]).withUnsafeBufferPointer { $0.baseAddress.map(body) ?? failing }
  }

  static func open(_ path: String, _ flags: Int32, _ mode: mode_t = 0) -> Int32 {
    with(path, failing: -1) { Glibc.open($0, flags, mode) }
  }

  static func open(_ name: String, in folder: Int32, _ flags: Int32) -> Int32 {
    with(name, failing: -1) { openat(folder, $0, flags) }
  }

  package static func status(_ path: String) -> stat? {
    var status = stat()
    return with(path, failing: -1) { stat($0, &status) } == 0 ? status : nil
  }

  /// The size of a file in bytes, without opening it; nil if there is none.
  package static func size(_ path: String) -> Int? { status(path).map { Int($0.st_size) } }

  /// The status of the path itself; a link is not followed.
  package static func linkStatus(_ path: String) -> stat? {
    var status = stat()
    return with(path, failing: -1) { lstat($0, &status) } == 0 ? status : nil
  }

  /// Whether `path` is a folder, or leads to one through links.
  package static func isFolder(_ path: String) -> Bool {
    status(path).map { $0.st_mode & S_IFMT == S_IFDIR } ?? false
  }

  /// Whether `path` itself is a link; nil if nothing is there, with the reason in `errno`.
  package static func isLink(_ path: String) -> Bool? {
    linkStatus(path).map { $0.st_mode & S_IFMT == S_IFLNK }
  }

  static func isWritable(_ path: String) -> Bool { with(path, failing: -1) { access($0, W_OK) } == 0 }
  /// Gives a file a second name; some file systems have none.
  static func link(_ path: String, _ other: String) {
    _ = with(path, failing: -1) { path in with(other, failing: -1) { Glibc.link(path, $0) } }
  }

  @discardableResult static func unlink(_ path: String) -> Int32 {
    with(path, failing: -1) { Glibc.unlink($0) }
  }
  @discardableResult static func removeFolder(_ path: String) -> Int32 {
    with(path, failing: -1) { rmdir($0) }
  }
  static func change(_ path: String, to mode: mode_t) { _ = with(path, failing: -1) { chmod($0, mode) } }
  static func makeFolder(_ path: String) -> Int32 { with(path, failing: -1) { mkdir($0, 0o777) } }

  @discardableResult static func rename(_ from: String, _ to: String) -> Int32 {
    with(from, failing: -1) { from in with(to, failing: -1) { Glibc.rename(from, $0) } }
  }

  /// The absolute path without links; nil if nothing is there.
  package static func resolved(_ path: String) -> String? {
    guard let pointer = with(path, failing: nil, { realpath($0, nil) })
    else { return nil }
    defer { free(pointer) }
    return text(pointer)
  }

  /// The target of a link, as the link states it; nil for anything that is not a link.
  static func target(ofLink path: String) -> String? {
    var words = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = with(path, failing: -1) { readlink($0, &words, words.count) }
    return count > 0 ? text(words.prefix(count).map(UInt8.init(bitPattern:))) : nil
  }

  /// The names in a folder, without `.` and `..`; nil if it cannot be listed, with the reason in `errno`.
  package static func names(in folder: String) -> [String]? {
    guard let stream = with(folder, failing: nil, { opendir($0) }) else { return nil }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { text($0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }
}

/// The parts of a path. Everything goes by code units: for Swift, a slash and a combining character after it are one
/// `Character`, so a file `\u{301}x` would not be in its folder, and names that differ only in normalisation would be equal.
extension SystemPath {
  /// The names between the slashes; empty ones are kept, as the first of an absolute path.
  public static func components(_ path: String) -> [String] {
    path.unicodeScalars.split(separator: "/", omittingEmptySubsequences: false).map { String($0) }
  }

  /// The last component; empty for a path that ends in a slash.
  public static func bareName(of path: String) -> String { components(path).last ?? "" }

  /// The path of the folder that has the file: `.` if the path is only a name.
  public static func folder(of path: String) -> String {
    guard let slash = path.unicodeScalars.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path.unicodeScalars[..<slash])
  }

  /// A number of a file in a set, with at least five digits: `00003`, as Hugging Face and TensorFlow write it.
  package static func fiveDigits(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 5 - digits.utf8.count)) + digits
  }

  /// The path without its bare name: empty, or with a slash at its end.
  public static func prefix(of path: String) -> String {
    path.unicodeScalars.lastIndex(of: "/").map { String(path.unicodeScalars[...$0]) } ?? ""
  }

  /// Whether a path of components leads to something in the folder that it is relative to.
  public static func isInside(_ path: String) -> Bool {
    !path.utf8.contains(0) && components(path).allSatisfy { !["", ".", ".."].contains($0) }
  }

  /// Whether a path begins with a slash.
  public static func isAbsolute(_ path: String) -> Bool { path.utf8.first == UInt8(ascii: "/") }

  /// The path of a file in a folder; a name in the folder `.` is its own path.
  public static func joined(_ folder: String, _ name: String) -> String { root(of: folder) + name }

  /// The start of every path in a folder.
  public static func root(of folder: String) -> String {
    folder == "." ? "" : folder.utf8.last == UInt8(ascii: "/") ? folder : folder + "/"
  }

  /// The rest of a path that begins with `prefix`; nil for others.
  public static func rest(of path: String, after prefix: String) -> String? {
    let (bytes, start) = (path.utf8, prefix.utf8)
    guard bytes.starts(with: start) else { return nil }
    return String(path.unicodeScalars[bytes.index(bytes.startIndex, offsetBy: start.count)...])
  }

  /// Whether two paths are the same text, code unit by code unit.
  public static func same(_ a: String, _ b: String) -> Bool { a.utf8.elementsEqual(b.utf8) }
}
