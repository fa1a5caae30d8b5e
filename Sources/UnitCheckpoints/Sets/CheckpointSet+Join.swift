internal import ByteFiles
internal import TensorStreams
internal import Tensors

extension CheckpointSet {
  /// Opens all parts in the folder of `names`, as one checkpoint.
  ///
  /// Throws if a part is missing; the message gives the numbers.
  package static func found(_ names: CheckpointSetNames) throws(CheckpointError) -> UnitCheckpoint {
    let existing: (count: Int, numbers: [Int])?
    do throws(FileError) { existing = try names.existing() } catch { throw .file(error) }
    guard let (count, numbers) = existing else {
      throw broken(
        names.path, "the folder", "parts such as \(TensorName(names.name(1, of: 8)).quoted)", "none")
    }
    if numbers.count < count {
      let missing = (1...count).filter { !numbers.contains($0) }
      let shown = missing.prefix(20).map(String.init).joined(separator: ", ")
      throw broken(
        names.path, "the folder", "all \(count) parts",
        "\(numbers.count); run --part again for \(shown)"
          + (missing.count > 20 ? " and \(missing.count - 20) more" : ""))
    }
    let parts = try numbers.map { (number) throws(CheckpointError) in
      let file: ReadableFile
      do throws(FileError) {
        file = try ReadableFile(named: names.name(number, of: count), within: names.folder)
      } catch { throw .file(error) }
      return try UnitCheckpoint(file)
    }
    return try combined(parts, path: names.list)
  }

  /// The reason why the file at `path` is not the complete part that `contents` describes; nil if it is.
  ///
  /// All pages and everything else in the file are compared with their checksums. The tensors' bytes are not compared
  /// with those of the source.
  package static func defect(ofPartAt path: String, _ contents: CheckpointContents) -> String? {
    do {
      let part = try UnitCheckpoint(ReadableFile(path: path, isInput: false))
      guard part.part == contents.part, part.planText == contents.plan, part.sourceText == contents.source,
        part.tensors.map(\.spec) == contents.specs, try part.headers() == contents.headers
      else { return "it is a part of another conversion" }
      guard part.hasWrittenSize, try part.hasIntactMetadata() else { return "it is damaged" }
      for section in part.map.sections.indices {
        try part.checkSection(section)
        if !part.damagedPages(ofSection: section).isEmpty { return "it is damaged" }
      }
      return nil
    } catch { return "it cannot be read" }
  }
}
