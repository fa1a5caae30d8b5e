internal import ByteFiles
internal import TensorStreams
internal import Tensors

/// A checkpoint of TensorFlow (TensorBundle): `X.index` and its data files, also the variables of a SavedModel. It is only
/// read.
///
/// Opening reads the index and the graph of objects, and compares the entries with the data files. The bytes of a tensor are
/// compared with their CRC-32C when they are read.
final class TensorFlowSource: FlatWeightsSource {
  let kind = FlatFormatKind.tensorflow
  let path: String
  let files: [String]
  let tensors: [SourceTensor]
  let leftOut: [LeftOut]
  let metadata: [(key: String, value: String)]
  let remarks: [FlatRemark]
  private let bundle: [BundleTensor]
  private let dataFiles: ShardFiles

  var verbatim: [UInt8]? { nil }

  init(_ file: ReadableFile) throws(FlatFormatError) {
    path = file.path
    var index = try BundleIndex(file)
    let data = try BundleFiles(beside: file.path, count: index.shardCount)
    let unused = try data.unused(
      by: index.entries.filter { $0.entry.slices.isEmpty }.map { ($0.name.text, $0.entry) }
        + index.slices.map { (String(decoding: $0.key, as: UTF8.self), $0.value) })
    dataFiles = ShardFiles(data.opened)
    files = [file.path] + data.opened.map(\.path)
    let graph = try Self.graph(index, dataFiles, path)
    var rest = BundleLeftOut()
    let names = BundleNames(
      graph, index.entries.filter { TensorFlowDType.dtype($0.entry.dtype) != nil }.map(\.name))
    var bundle: [BundleTensor] = []
    for (name, entry) in index.entries {
      if name == ObjectGraph.key {
        rest.items.append(LeftOut(name.text, "the graph of objects, which gives the names", .apart))
        continue
      }
      guard let dtype = TensorFlowDType.dtype(entry.dtype) else {
        rest.items.append(LeftOut(name.text, "a tensor of \(TensorFlowDType.words(entry.dtype))"))
        // After the first slice without an entry, there is nothing to take; each key costs the length of the name.
        for slice in entry.slices where index.take(slice: slice.key(of: Array(name.text.utf8))) == nil {
          break
        }
        continue
      }
      let tensor = try BundleTensor(name, entry, dtype: dtype, path: path, index: &index)
      switch names.role(of: name) {
      case .model: bundle.append(tensor)
      case let role: rest.add(role, name)
      }
    }
    if let stray = index.slices.keys.min(by: { $0.lexicographicallyPrecedes($1) }) {
      throw .refused(
        .tensorflowSlices, path: path, place: "entry \(TableFile.words(stray))",
        expected: "a slice of a variable", found: "one that no variable has")
    }
    // Reading is fastest in the order of the data files.
    bundle.sort { one, other in
      let (first, second) = (one.parts[0], other.parts[0])
      return (first.shard, first.offset, one.key) < (second.shard, second.offset, other.key)
    }
    let (kind, chosen, ties) = names.names(of: bundle)
    self.bundle = bundle
    tensors = bundle.indices.map { number in
      SourceTensor(
        spec: bundle[number].spec.named(chosen[number]), tiedTo: ties[number].map { chosen[$0] })
    }
    leftOut = rest.all
    metadata = [("tensorflow.names", kind)]
    remarks = unused.prefix(100).map { number, range in
      FlatRemark(
        .unreferencedBytes, "file \(TensorName(data.names[number]).quoted)",
        expected: "entries with all of its bytes",
        found: "bytes \(range.lowerBound) to \(range.upperBound), which belong to none")
    }
  }

  /// The graph of objects; nil for a checkpoint by names, as TensorFlow 1 writes it.
  private static func graph(
    _ index: BundleIndex, _ files: ShardFiles, _ path: String
  ) throws(FlatFormatError) -> ObjectGraph? {
    guard let (name, entry) = index.entries.first(where: { $0.name == ObjectGraph.key }),
      entry.dtype == TensorFlowDType.text
    else { return nil }
    let file = try files.file(entry.shard)
    return try ObjectGraph(file, try BundleText.range(of: entry, in: file, name, path: path), path: path)
  }

  func reader(of index: Int) throws(FlatFormatError) -> any TensorByteReader {
    guard tensors.indices.contains(index) else { throw noSuchTensor(index) }
    let tensor = bundle[index]
    let name = tensors[index].spec.name
    guard let tiling = tensor.tiling else {
      // Parts without bytes have checksums, too.
      var last: any TensorByteReader = MemoryReader([])
      for part in tensor.parts { last = try reader(of: part, name, "tensor \(name.quoted)") }
      return last
    }
    let share = AssembledReader.share(of: tensor.parts.count)
    return AssembledReader(
      name, in: path, shape: tensor.spec.shape, itemSize: tensor.spec.dtype.bytes ?? 1, tiling,
      limit: .tensorflowLimit
    ) { (number) throws(FlatFormatError) in
      PieceReader(
        try self.reader(of: tensor.parts[number], name, "tensor \(name.quoted), slice \(number + 1)"),
        capacity: share)
    }
  }

  private func reader(
    of entry: BundleEntry, _ name: TensorName, _ place: String
  ) throws(FlatFormatError) -> any TensorByteReader {
    let file = try dataFiles.file(entry.shard)
    let part = "file \(TensorName(SystemPath.bareName(of: file.path)).quoted), \(place)"
    return try ChecksummedReader(
      PlainReader(file: file, name: name, start: entry.offset, count: entry.size), expected: entry.crc,
      path: path, place: part)
  }

  static let format = FlatFormat(
    kind: .tensorflow, name: "TensorFlow", suffix: BundleName.indexSuffix, isKnownByName: false, uses: [],
    matches: { TensorFlowRecognition.matches($0) },
    open: { file, _ throws(FlatFormatError) in try TensorFlowSource(file) },
    sink: { contents throws(FlatFormatError) in
      throw contents.refusal(
        .tensorflowWrite, "file", expected: "a format that is written, such as .safetensors or .npz",
        found: "a checkpoint of TensorFlow, which is only read")
    })
}

/// The parts of a checkpoint that are not tensors of the model.
private struct BundleLeftOut {
  var items: [LeftOut] = []
  private var optimizers = 0
  private var metrics = 0
  private var firstOptimizer: TensorName?
  private var firstMetric: TensorName?

  mutating func add(_ role: BundleNames.Role, _ name: TensorName) {
    switch role {
    case .optimizer:
      optimizers += 1
      firstOptimizer = firstOptimizer ?? name
    case .metric:
      metrics += 1
      firstMetric = firstMetric ?? name
    case .counter: items.append(LeftOut(name.text, "the number of a step", .apart))
    case .model: break
    }
  }

  var all: [LeftOut] {
    var all = items
    if let firstOptimizer {
      all.append(
        LeftOut(
          firstOptimizer.text,
          optimizers == 1
            ? "a tensor of an optimizer's state" : "one of \(optimizers) tensors of an optimizer's state",
          .apart))
    }
    if let firstMetric {
      all.append(
        LeftOut(
          firstMetric.text,
          metrics == 1 ? "a tensor of metrics" : "one of \(metrics) tensors of metrics", .apart))
    }
    return all
  }
}
