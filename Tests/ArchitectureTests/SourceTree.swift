import Foundation

/// The project's own files as text.
struct SourceTree {
  struct File {
    /// Relative to the root of the repository.
    let path: String
    let lines: [Substring]
  }

  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// Every Swift file below a folder.
  static func swiftFiles(in folder: String) throws -> [File] {
    let base = root.appending(path: folder)
    guard let paths = FileManager.default.enumerator(atPath: base.path) else { return [] }
    var files: [File] = []
    for case let path as String in paths where path.hasSuffix(".swift") && !path.contains(".docc/") {
      let text = try String(contentsOf: base.appending(path: path), encoding: .utf8)
      files.append(
        File(path: "\(folder)/\(path)", lines: text.split(separator: "\n", omittingEmptySubsequences: false)))
    }
    return files.sorted { $0.path < $1.path }
  }
}
