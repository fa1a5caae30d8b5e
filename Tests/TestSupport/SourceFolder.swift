internal import Foundation

/// The places of the tests' own files.
package enum SourceFolder {
  /// The package's root.
  package static let root: String = {
    // Resolved, because a build may see the sources through a link.
    let file = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
    return file.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
  }()

  /// The committed inputs and expectations.
  package static let fixtures = root + "/Tests/Fixtures"

  /// One of the inputs that failed once, beside the package; nil if it is missing, which standard error reports.
  package static func caseFile(_ name: String) -> String? {
    let path = URL(fileURLWithPath: root).deletingLastPathComponent().path + "/shared/cases/" + name
    if FileManager.default.fileExists(atPath: path) { return path }
    precondition(!Peers.isCI, "no \(path), which CI has")
    FileHandle.standardError.write(Data("SKIPPED, because there is no \(path)\n".utf8))
    return nil
  }

  /// Files from public corpora, beside the package if there are any; standard error reports a missing folder.
  package static func hostileFiles(_ folder: String) -> [String] { sharedFiles("hostile/" + folder) }

  /// Small inputs that failed once; the README beside them states the right result of each.
  package static let caseFiles = sharedFiles("cases")

  private static func sharedFiles(_ folder: String) -> [String] {
    let path = URL(fileURLWithPath: root).deletingLastPathComponent().path + "/shared/" + folder
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
      // CI has the folder beside the clone; without it, the tests would pass without a check.
      precondition(!Peers.isCI, "no \(path), which CI has")
      FileHandle.standardError.write(Data("SKIPPED, because there is no \(path)\n".utf8))
      return []
    }
    return names.sorted().map { path + "/" + $0 }
  }
}
