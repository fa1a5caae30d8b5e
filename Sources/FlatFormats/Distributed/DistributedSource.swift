internal import ByteFiles
internal import TensorStreams
internal import Tensors

/// A distributed checkpoint of PyTorch (DCP): a folder with `.metadata` and files of pieces, or the ranks' safetensors.
///
/// It is only read. The metadata is read whole, and proves that each tensor is made of pieces without holes and overlaps;
/// pieces are opened when they are needed, or all of them when the checkpoint is validated.
final class DistributedSource: FlatWeightsSource {
  let kind = FlatFormatKind.dcp
  let path: String
  let tensors: [SourceTensor]
  let leftOut: [LeftOut]
  let remarks: [FlatRemark]
  let metadata: [(key: String, value: String)]
  let files: [String]
  /// The parts of files in which pickles may be: pieces, values, and bytes that belong to neither.
  let parts: [(file: Int, range: Range<Int>)]
  /// The entries that belong to optimizers.
  let states: DistributedStates
  private let distributed: [DistributedTensor]
  private let pieceFiles: ShardFiles

  var verbatim: [UInt8]? { nil }

  /// The most logical bytes of all tensors together for small files, and for each byte of larger ones.
  private static let logicalFloor = 1 << 30
  private static let logicalRatio = 64
  /// Combinations of bands and pieces that are looked at, for all tensors, and for each piece.
  private static let workFloor = 4_000_000
  private static let workRatio = 64

  private init(
    path: String, files: [String], opened: [ShardFiles.Shard], states: DistributedStates,
    tensors distributed: [DistributedTensor], specs: [TensorSpec], leftOut: [LeftOut], remarks: [FlatRemark],
    metadata: [(key: String, value: String)], parts: [(file: Int, range: Range<Int>)]
  ) {
    self.path = path
    self.files = files
    pieceFiles = ShardFiles(opened)
    self.states = states
    self.distributed = distributed
    tensors = specs.map { SourceTensor(spec: $0, tiedTo: nil) }
    self.leftOut = leftOut
    self.remarks = remarks
    self.metadata = metadata
    self.parts = parts
  }

  /// Opens the checkpoint whose metadata is in `file`.
  ///
  /// - Parameters:
  ///   - isComplete: whether every piece is opened and every defect listed; otherwise the first one is thrown.
  ///   - beside: the names of other weights in the folder.
  static func open(
    metadata file: ReadableFile, isComplete: Bool,
    beside: (Set<TensorName>) throws(FlatFormatError) -> [LeftOut] = { _ in [] }
  ) throws(FlatFormatError) -> (source: DistributedSource?, errors: [FlatFormatError]) {
    let contents = try DistributedContents(
      try DistributedMetadata(file), path: file.path, isComplete: isComplete)
    let (specs, problems) = try check(
      contents.tensors, path: file.path, fileBytes: ShardFiles(contents.files.opened).byteCount,
      isComplete: isComplete)
    let errors = contents.errors + problems
    if !errors.isEmpty { return (nil, errors) }
    let source = DistributedSource(
      path: file.path, files: [file.path] + contents.files.opened.map(\.path), opened: contents.files.opened,
      states: contents.states, tensors: contents.tensors, specs: specs,
      leftOut: contents.leftOut + (try beside(Set(contents.files.names.map { TensorName($0) }))),
      remarks: contents.remarks, metadata: [], parts: contents.parts)
    return (source, isComplete ? source.defects() : [])
  }

  /// Opens the ranks' safetensors of a folder.
  static func open(
    ranks names: [String], in folder: ShardFolder, isComplete: Bool
  ) throws(FlatFormatError) -> (source: DistributedSource?, errors: [FlatFormatError]) {
    let ranks = try RankFiles(names, in: folder)
    let names = DistributedNames(ranks.tensors.map(\.name))
    var states = DistributedStates(optimizers: names.optimizers.values, wrapper: nil)
    var rest = DistributedLeftOut()
    var tensors: [DistributedTensor] = []
    for tensor in ranks.tensors {
      if let optimizer = names.optimizers[tensor.name] {
        let bytes = tensor.pieces.reduce(0) { sum, piece in
          sum.addingReportingOverflow(piece.box.sizes.reduce(tensor.itemSize, &*)).partialValue
        }
        rest.add(to: optimizer, tensorBytes: bytes)
        states.add(tensor, named: tensor.name)
      } else {
        tensors.append(tensor)
      }
    }
    let (specs, errors) = try check(
      tensors, path: folder.path, fileBytes: ShardFiles(ranks.opened).byteCount, isComplete: isComplete)
    if !errors.isEmpty { return (nil, errors) }
    return (
      DistributedSource(
        path: folder.path, files: ranks.opened.map(\.path), opened: ranks.opened, states: states,
        tensors: tensors,
        specs: specs, leftOut: rest.all, remarks: [ranksUnknown(ranks)], metadata: ranks.metadata, parts: []),
      []
    )
  }

  private static func ranksUnknown(_ ranks: RankFiles) -> FlatRemark {
    let count = ranks.opened.count
    return FlatRemark(
      .ranksUnknown, "safetensors of ranks", expected: "a count of the ranks that wrote them",
      found:
        "none: if one is missing beside these \(count == 1 ? "(1 file)" : "\(count)"), the last rows of tensors are, too"
    )
  }

  /// The tensors of an optimizer's state, from the same files.
  private init(_ whole: DistributedSource, _ tensors: [DistributedTensor], _ specs: [TensorSpec]) {
    (path, files, pieceFiles) = (whole.path, whole.files, whole.pieceFiles)
    (leftOut, remarks, metadata, parts) = ([], [], [], [])
    states = DistributedStates(optimizers: [], wrapper: nil)
    distributed = tensors
    self.tensors = specs.map { SourceTensor(spec: $0, tiedTo: nil) }
  }

  func optimizer() throws(FlatFormatError) -> OptimizerInput? {
    guard let state = try states.state(model: tensors.map(\.spec.name), path: path, file: file) else {
      return nil
    }
    let (specs, _) = try Self.check(
      state.tensors, path: path, fileBytes: pieceFiles.byteCount, isComplete: false)
    return OptimizerInput(
      DistributedSource(self, state.tensors, specs), state.state, takes: state.leftOut,
      hasOrder: state.hasOrder)
  }

  /// Checks that pieces make up each tensor, and that the tensors are no larger than files of this size can be.
  private static func check(
    _ tensors: [DistributedTensor], path: String, fileBytes: Int, isComplete: Bool
  ) throws(FlatFormatError) -> (specs: [TensorSpec], errors: [FlatFormatError]) {
    var specs: [TensorSpec] = []
    var problems = ShardProblems()
    var work = workFloor + tensors.reduce(0) { $0 + $1.pieces.count } * workRatio
    var total = 0
    for tensor in tensors {
      do throws(FlatFormatError) {
        let spec = try spec(of: tensor, path: path)
        if spec.elementCount > 0 { _ = try tiling(of: tensor, path: path, work: &work) }
        let (sum, overflow) = total.addingReportingOverflow(spec.byteCount)
        total = overflow ? .max : sum
        specs.append(spec)
      } catch {
        if !isComplete { throw error }
        problems.add(error)
      }
    }
    let (ratio, overflow) = fileBytes.multipliedReportingOverflow(by: logicalRatio)
    let most = max(logicalFloor, overflow ? .max : ratio)
    guard total <= most else {
      throw .refused(
        .dcpLimit, path: path, place: "all tensors",
        expected: "at most \(most.grouped) bytes from files of \(fileBytes.grouped)", found: total.grouped)
    }
    return (specs, problems.errors)
  }

  private static func spec(of tensor: DistributedTensor, path: String) throws(FlatFormatError) -> TensorSpec {
    do throws(TensorError) {
      guard let shape = tensor.unpacked(tensor.shape) else {
        throw .shapeOutOfRange(tensor.name, tensor.shape)
      }
      return try TensorSpec(name: tensor.name, dtype: tensor.dtype, shape: shape)
    } catch {
      throw .refused(
        .dcpTensor, path: path, place: "tensor \(tensor.name.quoted)",
        expected: "a size whose bytes can be counted", found: "\(tensor.shape) of \(tensor.dtype.rawValue)")
    }
  }

  private static func tiling(
    of tensor: DistributedTensor, path: String, work: inout Int
  ) throws(FlatFormatError) -> PieceTiling {
    let boxes = tensor.pieces.map(\.box)
    do throws(PieceTiling.Failure) { return try PieceTiling.of(tensor.shape, boxes, work: &work) } catch {
      let place = "tensor \(tensor.name.quoted) of size \(tensor.shape)"
      switch error {
      case .missing(let ranges):
        throw .refused(
          .dcpMissing, path: path, place: place,
          expected: "a piece with its elements \(PieceBox.words(ranges))",
          found: "none")
      case .overlap(let ranges, let first, let second):
        throw .refused(
          .dcpOverlap, path: path, place: place,
          expected: "its elements \(PieceBox.words(ranges)) in one piece",
          found: "them in \(boxes[first].words) and \(boxes[second].words)")
      case .work:
        throw .refused(
          .dcpLimit, path: path, place: place, expected: "pieces that cut it into fewer parts",
          found: "\(boxes.count.grouped) pieces that are not a grid")
      }
    }
  }

  func reader(of index: Int) throws(FlatFormatError) -> any TensorByteReader {
    guard tensors.indices.contains(index) else { throw noSuchTensor(index) }
    let tensor = distributed[index]
    if tensors[index].spec.byteCount == 0 { return MemoryReader([]) }
    // The same work as when the checkpoint was opened.
    var work = Int.max
    let tiling = try Self.tiling(of: tensor, path: path, work: &work)
    return AssembledReader(
      tensor.name, in: path, shape: tensor.shape, itemSize: tensor.itemSize, tiling, limit: .dcpLimit
    ) {
      (piece) throws(FlatFormatError) in try self.reader(of: tensor, piece)
    }
  }

  private func reader(of tensor: DistributedTensor, _ number: Int) throws(FlatFormatError) -> PieceReader {
    let piece = tensor.pieces[number]
    let share = AssembledReader.share(of: tensor.pieces.count)
    switch piece.place {
    case .plain(let file, let start):
      let count = piece.box.sizes.reduce(tensor.itemSize, *)
      return PieceReader(
        PlainReader(file: try pieceFiles.file(file), name: tensor.name, start: start, count: count),
        words: Self.words(piece, of: tensor), capacity: share)
    case .archive(let file, let range):
      let source = try source(of: tensor, piece, file, range, windowLimit: share)
      do throws(FlatFormatError) {
        return PieceReader(try source.reader(of: 0), words: Self.words(piece, of: tensor), capacity: share)
      } catch { throw error.within(Self.words(piece, of: tensor)) }
    }
  }

  private static func words(_ piece: DistributedTensor.Piece, of tensor: DistributedTensor) -> String {
    let name = "piece \(piece.box.words) of tensor \(tensor.name.quoted)"
    guard case .archive(_, let range) = piece.place else { return name }
    return "\(name), bytes \(range.lowerBound) to \(range.upperBound)"
  }

  /// Opens a piece, and checks that it has one tensor of the box's shape.
  private func source(
    of tensor: DistributedTensor, _ piece: DistributedTensor.Piece, _ number: Int, _ range: Range<Int>,
    windowLimit: Int
  ) throws(FlatFormatError) -> TorchSource {
    let words = Self.words(piece, of: tensor)
    let file = try pieceFiles.file(number)
    func refusal(_ expected: String, _ found: String) -> FlatFormatError {
      .refused(
        .dcpPiece, path: path, place: "\(words) of \(TensorName(SystemPath.bareName(of: file.path)).quoted)",
        expected: expected, found: found)
    }
    guard let part = ReadableFile(range, of: file) else { throw refusal("bytes within the file", "fewer") }
    guard part.size >= 4, let head = try? part.bytes(at: 0, count: 4),
      head.elementsEqual("PK\u{3}\u{4}".utf8)
    else {
      throw refusal("a zip archive of torch.save", "other bytes")
    }
    let source: TorchSource
    do throws(FlatFormatError) { source = try TorchSource(part, windowLimit: windowLimit) } catch {
      throw error.within(words)
    }
    guard source.tensors.count == 1, source.leftOut.isEmpty, let spec = source.tensors.first?.spec,
      spec.name == TensorName(TorchNames.loneName)
    else { throw refusal("one tensor", "something else") }
    guard spec.dtype == tensor.dtype, let shape = tensor.unpacked(piece.box.sizes), spec.shape == shape else {
      throw refusal(
        "\(tensor.dtype.rawValue) \(tensor.unpacked(piece.box.sizes) ?? piece.box.sizes)",
        "\(spec.dtype.rawValue) \(spec.shapeText)")
    }
    return source
  }

  /// Opens every piece, and returns the defects.
  private func defects() -> [FlatFormatError] {
    var problems = ShardProblems()
    for tensor in distributed {
      for piece in tensor.pieces {
        guard case .archive(let file, let range) = piece.place else { continue }
        do throws(FlatFormatError) {
          _ = try source(
            of: tensor, piece, file, range, windowLimit: AssembledReader.share(of: tensor.pieces.count))
        } catch { problems.add(error) }
      }
    }
    return problems.errors
  }

  /// The open file with this number.
  func file(_ number: Int) throws(FlatFormatError) -> ReadableFile { try pieceFiles.file(number) }

  /// The open file of pieces at a path; nil for the metadata, and for any other path.
  func part(at path: String) throws(FlatFormatError) -> ReadableFile? {
    guard let place = files.firstIndex(where: { SystemPath.same($0, path) }) else { return nil }
    let number = place - (files.count - pieceFiles.count)
    return number < 0 ? nil : try pieceFiles.file(number)
  }

  static let format = FlatFormat(
    kind: .dcp, suffix: ".distcp", uses: [], mayHoldPickles: true,
    matches: DistributedFolder.matches,
    open: { file, _ throws(FlatFormatError) in try DistributedFolder.open(file) },
    examine: { file, _ throws(FlatFormatError) in try DistributedFolder.examine(file, isComplete: true) },
    scan: { file throws(FlatFormatError) in try DistributedFolder.scan(file) },
    sink: { contents throws(FlatFormatError) in
      throw contents.refusal(
        .dcpWrite, "file", expected: "a format that is written, such as .safetensors or .pt",
        found: "a distributed checkpoint (DCP), which is only read")
    })
}
