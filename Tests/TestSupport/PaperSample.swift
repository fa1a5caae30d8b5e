internal import Foundation

/// The networks of Kim et al. in samples/paper.
package enum PaperSample {
  package static let folder = SourceFolder.root + "/samples/paper"

  /// The names of the files in `folder` that end with `ending`, sorted.
  package static func files(_ ending: String, in folder: String = PaperSample.folder) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(ending) }.sorted()
  }
}
