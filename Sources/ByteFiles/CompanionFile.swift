/// A small file that belongs to a folder of weights: its configuration, its tokenizer, its licence.
public struct CompanionFile: Equatable, Sendable {
  /// The file's name in the folder; a path with `/` for a file in a folder below it.
  public let name: String
  /// The file's contents.
  public let bytes: [UInt8]

  /// A file with a name and its contents, which are not checked.
  public init(name: String, bytes: [UInt8]) {
    self.name = name
    self.bytes = bytes
  }

  /// Whether a name is a path inside the folder, without hidden files or folders, `..`, drives or control characters.
  public static func isInside(_ name: String) -> Bool {
    let parts = SystemPath.components(name)
    return name.utf8.count <= 1024 && (1...4).contains(parts.count)
      && parts.allSatisfy { part in
        !part.isEmpty && part.utf8.count <= 255 && part.utf8.first != UInt8(ascii: ".")
          && part.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: ":") && $0 != 0x5C }
      }
  }
}
