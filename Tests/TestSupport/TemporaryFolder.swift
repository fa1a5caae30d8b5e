internal import Foundation

/// A fresh folder that is removed with its last reference.
public final class TemporaryFolder: Sendable {
  public let path: String

  public init() throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("tessera-" + UUID().uuidString).path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of `name` in the folder; nothing is created.
  public func file(_ name: String) -> String { path + "/" + name }

  /// Writes `bytes` as `name` and returns its path.
  public func write(_ bytes: [UInt8], as name: String) throws -> String {
    let url = URL(fileURLWithPath: file(name))
    if name.contains("/") {
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    }
    try Data(bytes).write(to: url)
    return file(name)
  }

  /// The names in the folder, sorted.
  public func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path).sorted()
  }

  /// Every byte of the file at `path`.
  public static func bytes(of path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
  }
}
