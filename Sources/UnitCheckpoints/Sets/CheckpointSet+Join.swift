internal import ByteFiles
internal import TensorStreams
internal import Tensors

extension CheckpointSet {
  /// Opens all parts in the folder of `names`, as one checkpoint.
  ///
  /// Throws if a part is missing; the message gives the numbers.
  package static func open(partsOf names: CheckpointSetNames) throws(CheckpointError) -> UnitCheckpoint {
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
    var parts: [UnitCheckpoint] = []
    for number in numbers {
      let file: ReadableFile
      do throws(FileError) {
        file = try ReadableFile(named: names.name(number, of: count), within: names.folder)
      } catch { throw .file(error) }
      parts.append(try UnitCheckpoint(file, sharing: parts.first))
    }
    return try combined(parts, path: names.list)
  }

  /// The file that already has the name of a part to be written.
  package enum ExistingPart {
    /// The part that would be written, if the source still has the same bytes.
    case complete(UnitCheckpoint)
    /// Another file; the reason follows "it ".
    case other(String)
  }

  /// Compares the file at `path` with the part that `contents` describes.
  ///
  /// All pages and everything else in the file are compared with their checksums. The tensors' bytes are not compared
  /// with those of the source, but samples of the source's files are.
  package static func existingPart(at path: String, _ contents: CheckpointContents) -> ExistingPart {
    do {
      let part = try UnitCheckpoint(ReadableFile(path: path, isInput: false))
      guard let own = part.part, own.isSamePart(as: contents.part), part.planText == contents.plan,
        part.sourceText == contents.source,
        part.tensors.map(\.spec) == contents.specs, try part.headers() == contents.headers
      else { return .other("is a part of another conversion") }
      guard own.source == contents.part?.source else {
        return .other("was made from other source files, or with another --root")
      }
      guard part.isCompressed(as: contents) else {
        return .other(contents.isCompressed ? "is not compressed" : "is compressed")
      }
      guard part.hasWrittenSize, try part.hasIntactMetadata() else { return .other("is damaged") }
      for section in part.map.sections.indices {
        try part.checkSection(section)
        if !part.damagedPages(ofSection: section).isEmpty { return .other("is damaged") }
      }
      return .complete(part)
    } catch { return .other("cannot be read") }
  }
}

extension UnitCheckpoint {
  /// Whether the sections in chunks are those that a writer of `contents` would compress.
  fileprivate func isCompressed(as contents: CheckpointContents) -> Bool {
    map.sections.allSatisfy { section in
      let spec = section.key.tensor.map { contents.specs[$0] }
      let plan = contents.isCompressed ? ChunkPlan(section, spec, pageBytes: map.pageBytes) : nil
      return section.byteCount == 0 || (section.address == nil) == (plan != nil)
    }
  }
}
