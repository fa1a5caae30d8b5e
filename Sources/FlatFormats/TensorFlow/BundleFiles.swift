internal import ByteFiles
internal import Tensors

/// The data files of a checkpoint, `X.data-00000-of-00001`, beside its index `X.index`.
struct BundleFiles {
  private let index: String
  private let folder: ShardFolder
  private(set) var names: [String] = []
  private(set) var opened: [ShardFiles.Shard] = []

  /// Opens every data file, and refuses others of the same name and another number.
  init(beside index: String, count: Int) throws(FlatFormatError) {
    self.index = index
    folder = ShardFolder(ofFile: index)
    let stem = BundleName.stem(ofIndex: SystemPath.bareName(of: index))
    for number in 0..<count {
      let name = BundleName.data(stem, number, of: count)
      guard SystemPath.isLink(folder.file(name)) != nil else {
        throw refusal(name, "each of the \(count.grouped) data files beside the index", "none of this name")
      }
      let path: String
      do throws(FlatFormatError) { path = try folder.pathOfShard(name) } catch {
        guard case .broken(_, _, _, _, let found) = error else { throw error }
        throw refusal(name, "a data file in the folder of the index", found)
      }
      let file = try asFlatFormat { () throws(FileError) in try ReadableFile(path: path) }
      names.append(name)
      opened.append(ShardFiles.Shard(file, place: opened.count))
    }
    let own = Set(names.map { TensorName($0) })
    for name in try folder.names() where !own.contains(TensorName(name)) {
      guard BundleName.stem(ofData: name).map({ SystemPath.same($0, stem) }) == true else { continue }
      throw refusal(name, "only the \(count.grouped) data files that the index has", "another one")
    }
  }

  private func refusal(_ name: String, _ expected: String, _ found: String) -> FlatFormatError {
    .refused(
      .tensorflowShard, path: index, place: "file \(TensorName(name).quoted)", expected: expected,
      found: found)
  }

  /// Throws if an entry has bytes outside its file, or shares some with another one; returns the ranges that belong to none.
  func unused(
    by entries: [(name: String, entry: BundleEntry)]
  ) throws(FlatFormatError) -> [(file: Int, range: Range<Int>)] {
    func broken(_ name: String, _ expected: String, _ found: String) -> FlatFormatError {
      .refused(
        .tensorflowRange, path: index, place: "entry \(TensorName(name).quoted)", expected: expected,
        found: found)
    }
    for (name, entry) in entries {
      let size = opened[entry.shard].size
      guard entry.size <= size, entry.offset <= size - entry.size else {
        throw broken(
          name, "its bytes within the \(size.grouped) of \(TensorName(names[entry.shard]).quoted)",
          "\(entry.size.grouped) bytes at \(entry.offset)")
      }
    }
    let taken = entries.map {
      ShardCoverage.Taken(file: $0.entry.shard, range: $0.entry.offset..<$0.entry.offset + $0.entry.size)
    }
    do throws(ShardCoverage.Overlap) {
      return try ShardCoverage.unused(by: taken, sizes: opened.map(\.size))
    } catch {
      throw broken(
        entries[error.place].name, "bytes of its own",
        "bytes \(error.shared.lowerBound) to \(error.shared.upperBound), which another entry has, too")
    }
  }
}

/// The names of a checkpoint's files.
enum BundleName {
  static let indexSuffix = ".index"

  /// The text before `.index`.
  static func stem(ofIndex name: String) -> String {
    guard name.hasSuffix(indexSuffix) else { return name }
    return String(name.unicodeScalars.dropLast(indexSuffix.unicodeScalars.count))
  }

  static func data(_ stem: String, _ number: Int, of count: Int) -> String {
    "\(stem).data-\(SystemPath.fiveDigits(number))-of-\(SystemPath.fiveDigits(count))"
  }

  /// The text before `.data-00000-of-00001`; nil for other names.
  static func stem(ofData name: String) -> String? {
    let scalars = Array(name.unicodeScalars)
    let form = Array(".data-00000-of-00000".unicodeScalars)
    guard scalars.count >= form.count else { return nil }
    for (scalar, wanted) in zip(scalars.suffix(form.count), form) {
      guard wanted == "0" ? ("0"..."9").contains(scalar) : scalar == wanted else { return nil }
    }
    var stem = String.UnicodeScalarView()
    stem.append(contentsOf: scalars.dropLast(form.count))
    return String(stem)
  }
}
