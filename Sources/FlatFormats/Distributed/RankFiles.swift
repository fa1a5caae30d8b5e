internal import ByteFiles
internal import TensorStreams
internal import Tensors

/// A distributed checkpoint in safetensors: the files of all ranks, each with pieces of the same tensors.
///
/// No file says how large a whole tensor is: it ends where its last piece ends, as for PyTorch. So a hole between pieces is
/// found, but not a missing rank that had the last rows of every tensor.
struct RankFiles {
  private(set) var tensors: [DistributedTensor] = []
  private(set) var metadata: [(key: String, value: String)] = []
  private(set) var opened: [ShardFiles.Shard] = []
  private var numbers: [TensorName: Int] = [:]
  private let folder: ShardFolder

  /// The first files of a rank's name: `shard-00001-model-00001-of-00001.safetensors`.
  static func isRank(_ name: String) -> Bool {
    name.wholeMatch(of: #/shard-[0-9]{5,9}-model-[0-9]{5,9}-of-[0-9]{5,9}\.safetensors/#) != nil
  }

  /// Whether the header of a file says that it has the pieces of a rank; false for a file that cannot be read.
  static func isRank(_ file: ReadableFile) -> Bool {
    guard let header = try? SafetensorsSource.headerBytes(of: file),
      let parsed = try? SafetensorsSource.parse(header, path: file.path, bodySize: file.size - header.count)
    else { return false }
    return RankSharding.isIn(parsed.metadata)
  }

  /// The safetensors among the files of a folder without an index, if they are those of ranks; else none.
  ///
  /// - Parameter open: opens a file by its path; nil if it cannot be read.
  static func names(
    among names: [String], in folder: ShardFolder, open: (String) -> ReadableFile?
  ) -> [String] {
    let files = names.filter { $0.hasSuffix(ShardName.suffix) }
    if files.contains(where: isRank) { return files }
    guard let first = files.first, let path = try? folder.pathOfShard(first), let file = open(path),
      isRank(file)
    else { return [] }
    return files
  }

  init(_ names: [String], in folder: ShardFolder) throws(FlatFormatError) {
    self.folder = folder
    var left = ShardedSource.headerLimit
    for name in names {
      let path = try folder.pathOfShard(name)
      let file = try asFlatFormat { () throws(FileError) in try ReadableFile(path: path) }
      let header = try SafetensorsSource.headerBytes(of: file)
      left -= header.count
      guard left >= 0 else {
        throw .refused(
          .dcpLimit, path: folder.path, place: "files",
          expected: "headers of at most \(ShardedSource.headerLimit.grouped) bytes together",
          found: "more, up to \(TensorName(name).quoted)")
      }
      let parsed = try SafetensorsSource.parse(header, path: path, bodySize: file.size - header.count)
      opened.append(ShardFiles.Shard(file, place: opened.count))
      try add(parsed, start: header.count, name: name)
    }
    for place in tensors.indices { try widen(place) }
  }

  private mutating func add(
    _ header: SafetensorsHeader, start: Int, name: String
  ) throws(FlatFormatError) {
    let path = folder.file(name)
    var offsets: [TensorName: [Int]] = [:]
    for entry in try RankSharding(header.metadata, path: path).offsets { offsets[entry.name] = entry.offsets }
    for entry in header.entries {
      let spec = entry.spec
      func broken(_ expected: String, _ found: String) -> FlatFormatError {
        .refused(
          .dcpRanks, path: path, place: "tensor \(spec.name.quoted)", expected: expected, found: found)
      }
      guard let own = offsets.removeValue(forKey: spec.name) else {
        throw broken("its offsets in \(RankSharding.key)", "none")
      }
      guard own.count == spec.shape.count else {
        throw broken("an offset for each of \(spec.shape.count) dimensions", "\(own)")
      }
      let box = PieceBox(offsets: own, sizes: spec.shape)
      let place = try place(of: spec, broken)
      guard tensors[place].shape.count == own.count, tensors[place].dtype == spec.dtype else {
        throw broken(
          "\(tensors[place].dtype.rawValue) with \(tensors[place].shape.count) dimensions, as in other files",
          "\(spec.dtype.rawValue) \(spec.shapeText)")
      }
      for (dimension, offset) in own.enumerated()
      where offset.addingReportingOverflow(spec.shape[dimension]).overflow {
        throw broken("a piece that ends below 2^63", "offsets \(own) and shape \(spec.shapeText)")
      }
      tensors[place].pieces.append(
        DistributedTensor.Piece(box: box, place: .plain(file: opened.count - 1, start: start + entry.begin)))
    }
    if let extra = offsets.keys.min() {
      throw .refused(
        .dcpRanks, path: path, place: "\(RankSharding.key), \(extra.quoted)",
        expected: "a tensor of the file",
        found: "another name")
    }
    let known = Set(metadata.map { TensorName($0.key) })
    metadata += header.metadata.filter { !known.contains(TensorName($0.key)) && !RankSharding.isKey($0.key) }
  }

  /// The place in `tensors` of a tensor; the first piece adds it.
  private mutating func place(
    of spec: TensorSpec, _ broken: (String, String) -> FlatFormatError
  ) throws(FlatFormatError) -> Int {
    if let known = numbers[spec.name] { return known }
    guard let itemSize = spec.dtype.bytes else {
      throw broken("elements of whole bytes in a piece", spec.dtype.rawValue)
    }
    numbers[spec.name] = tensors.count
    tensors.append(
      DistributedTensor(
        name: spec.name, dtype: spec.dtype, shape: spec.shape, itemSize: itemSize, pieces: []))
    return tensors.count - 1
  }

  /// Gives a tensor the size up to the ends of its pieces.
  private mutating func widen(_ place: Int) throws(FlatFormatError) {
    let tensor = tensors[place]
    let shape = tensor.shape.indices.map { dimension in
      tensor.pieces.map { $0.box.end(dimension) }.max() ?? 0
    }
    tensors[place] = DistributedTensor(
      name: tensor.name, dtype: tensor.dtype, shape: shape, itemSize: tensor.itemSize, pieces: tensor.pieces)
  }
}
