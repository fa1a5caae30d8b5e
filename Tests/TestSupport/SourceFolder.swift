internal import Foundation

/// Where the tests' own files are.
package enum SourceFolder {
  /// The package's root.
  package static let root: String = {
    // Resolved, because a build may see the sources through a link.
    let file = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
    return file.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
  }()

  /// The committed inputs and expectations.
  package static let fixtures = root + "/Tests/Fixtures"

  /// One of the inputs that failed once, beside the package; nil, and said on standard error, where they are missing.
  package static func caseFile(_ name: String) -> String? {
    let path = URL(fileURLWithPath: root).deletingLastPathComponent().path + "/shared/cases/" + name
    if FileManager.default.fileExists(atPath: path) { return path }
    precondition(!Peers.isCI, "no \(path), which CI has")
    FileHandle.standardError.write(Data("SKIPPED, because there is no \(path)\n".utf8))
    return nil
  }

  /// Files from public corpora, beside the package where there are any; what is missing is said on standard error.
  package static func hostileFiles(_ folder: String) -> [String] { sharedFiles("hostile/" + folder) }

  /// Small inputs that failed once, each with what is right in the README there.
  package static let caseFiles = sharedFiles("cases")

  private static func sharedFiles(_ folder: String) -> [String] {
    let path = URL(fileURLWithPath: root).deletingLastPathComponent().path + "/shared/" + folder
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
      // In CI the folder is beside the clone, and a run without it would pass without having looked.
      precondition(!Peers.isCI, "no \(path), which CI has")
      FileHandle.standardError.write(Data("SKIPPED, because there is no \(path)\n".utf8))
      return []
    }
    return names.sorted().map { path + "/" + $0 }
  }
}
