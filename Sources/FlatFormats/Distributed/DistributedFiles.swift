internal import ByteFiles
internal import Tensors

/// The files that hold the pieces of a distributed checkpoint, in the folder of its `.metadata`.
struct DistributedFiles {
  private let folder: ShardFolder
  /// The path of the metadata, in messages.
  private let path: String
  private var numbers: [TensorName: Int] = [:]
  private(set) var names: [String] = []
  private(set) var opened: [ShardFiles.Shard] = []
  /// The bytes of pieces and values.
  private var taken: [ShardCoverage.Taken] = []

  /// The most files. Each rank writes one, or one for each thread.
  private static let limit = 65_536

  init(beside metadata: String) {
    path = metadata
    folder = ShardFolder(ofFile: metadata)
  }

  /// The number of the file with this name, which is opened when it is first asked for.
  mutating func number(_ name: String) throws(FlatFormatError) -> Int {
    if let known = numbers[TensorName(name)] { return known }
    let place = "file \(TensorName(name).quoted)"
    guard ShardName.isBare(name) else {
      throw .refused(
        .dcpFile, path: path, place: place, expected: "the bare name of a file in the folder of the metadata",
        found: "another name")
    }
    guard names.count < Self.limit else {
      throw .refused(
        .dcpLimit, path: path, place: place, expected: "at most \(Self.limit.grouped) files", found: "more")
    }
    guard SystemPath.isLink(folder.file(name)) != nil else {
      throw .refused(
        .dcpFile, path: path, place: place, expected: "a file that the metadata names, beside it",
        found: "none: the checkpoint was not written to its end, or not copied whole")
    }
    let target = try folder.pathOfShard(name)
    let file = try asFlatFormat { () throws(FileError) in try ReadableFile(path: target) }
    numbers[TensorName(name)] = names.count
    names.append(name)
    opened.append(ShardFiles.Shard(file, place: opened.count))
    return names.count - 1
  }

  /// Records the bytes of a piece; throws if the file has fewer.
  mutating func take(_ range: Range<Int>, of number: Int, _ place: String) throws(FlatFormatError) {
    guard range.upperBound <= opened[number].size else {
      throw .refused(
        .dcpRange, path: path, place: place,
        expected:
          "its bytes within the \(opened[number].size.grouped) of \(TensorName(names[number]).quoted)",
        found: "bytes \(range.lowerBound) to \(range.upperBound)")
    }
    taken.append(ShardCoverage.Taken(file: number, range: range))
  }

  /// Throws if two pieces share bytes; otherwise, the ranges of each file that belong to no piece.
  func unused() throws(FlatFormatError) -> [(file: Int, range: Range<Int>)] {
    do throws(ShardCoverage.Overlap) {
      return try ShardCoverage.unused(by: taken, sizes: opened.map(\.size))
    } catch {
      throw .refused(
        .dcpRange, path: path, place: "file \(TensorName(names[taken[error.place].file]).quoted)",
        expected: "every byte in one piece at most",
        found: "two that share bytes \(error.shared.lowerBound) to \(error.shared.upperBound)")
    }
  }
}
