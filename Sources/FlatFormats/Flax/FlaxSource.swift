internal import ByteFiles
internal import TensorStreams
internal import Tensors

/// A msgpack file of Flax (`flax.serialization.to_bytes`): nested maps with arrays. It is only read.
///
/// Opening reads the heads of all values, and passes over the elements.
final class FlaxSource: FlatWeightsSource {
  let kind = FlatFormatKind.flax
  let tensors: [SourceTensor]
  let leftOut: [LeftOut]
  let metadata: [(key: String, value: String)] = []
  private let file: ReadableFile
  /// The elements of each tensor; a chunked array has several ranges.
  private let pieces: [[Range<Int>]]

  var path: String { file.path }
  var verbatim: [UInt8]? { nil }

  /// The most values that are listed one by one.
  private static let listLimit = 1000

  init(_ file: ReadableFile) throws(FlatFormatError) {
    self.file = file
    let tree = try FlaxTree(file)
    let state = Self.state(tree.roots)
    var (tensors, pieces): ([SourceTensor], [[Range<Int>]]) = ([], [])
    var leftOut: [LeftOut] = []
    var stateCount = 0
    for entry in tree.entries {
      let name = TensorName(FlaxNames.name(entry.keys))
      let spec = try Self.spec(entry, name, file.path)
      if let state, let root = entry.keys.first, SystemPath.same(root, state) {
        stateCount += 1
      } else if let spec {
        tensors.append(SourceTensor(spec: spec, tiedTo: nil))
        pieces.append(entry.array.map(\.data))
      } else {
        leftOut.append(
          LeftOut(name.text, "an array of \(TensorName(entry.array.first?.dtype ?? "").quoted)"))
      }
    }
    if let state, stateCount > 0 {
      let words = stateCount == 1 ? "1 tensor" : "\(stateCount) tensors"
      leftOut.append(LeftOut(state, "\(words) of an optimizer's state", .apart))
    }
    leftOut += Self.others(
      tree.values.filter { value in
        guard stateCount > 0, let state, let root = value.keys.first else { return true }
        return !SystemPath.same(root, state)
      })
    (self.tensors, self.pieces, self.leftOut) = (tensors, pieces, leftOut)
  }

  func reader(of index: Int) throws(FlatFormatError) -> any TensorByteReader {
    guard tensors.indices.contains(index) else { throw noSuchTensor(index) }
    let spec = tensors[index].spec
    let ranges = pieces[index].filter { !$0.isEmpty }
    let file = file
    if ranges.count == 1 || spec.byteCount == 0 {
      return PlainReader(
        file: file, name: spec.name, start: ranges.first?.lowerBound ?? 0, count: spec.byteCount)
    }
    let share = AssembledReader.share(of: ranges.count)
    return AssembledReader(
      spec.name, in: path, shape: [spec.byteCount], itemSize: 1, PieceTiling(rows: ranges.map(\.count)),
      limit: .flaxLimit
    ) { number in
      let range = ranges[number]
      return PieceReader(
        PlainReader(file: file, name: spec.name, start: range.lowerBound, count: range.count),
        capacity: share)
    }
  }

  /// The key of the optimizer's state beside the parameters: in a `TrainState`, or in an optimizer of Flax before 0.6.
  private static func state(_ roots: Set<TensorName>) -> String? {
    if roots.contains("params") { return "opt_state" }
    return roots.contains("target") ? "state" : nil
  }

  /// The tensor of an array, whose elements have as many bytes as its shape asks for; nil for dtypes that are not here.
  private static func spec(
    _ entry: FlaxTree.Entry, _ name: TensorName, _ path: String
  ) throws(FlatFormatError) -> TensorSpec? {
    func broken(_ expected: String, _ found: String) -> FlatFormatError {
      .refused(
        .flaxArray, path: path, place: "array \(name.quoted)", expected: expected, found: found)
    }
    func bytes(_ array: FlaxArray, _ dtype: DType) throws(FlatFormatError) -> TensorSpec {
      let spec = try Self.spec(name, dtype, array.shape, broken)
      guard spec.byteCount == array.data.count else {
        throw broken(
          "\(spec.byteCount.grouped) bytes for \(dtype.rawValue) \(spec.shapeText)",
          "\(array.data.count.grouped)")
      }
      return spec
    }
    guard let dtype = entry.array.first.flatMap({ FlaxDType.dtype($0.dtype) }) else { return nil }
    if entry.array.count == 1, let array = entry.array.first, array.shape == entry.shape {
      return try bytes(array, dtype)
    }
    var total = 0
    // Each chunk is in the file, so the sum cannot overflow.
    for chunk in entry.array { total += try bytes(chunk, dtype).elementCount }
    let spec = try Self.spec(name, dtype, entry.shape, broken)
    guard spec.elementCount == total else {
      throw broken(
        "\(spec.elementCount.grouped) elements for \(spec.shapeText)", "chunks with \(total.grouped)")
    }
    return spec
  }

  private static func spec(
    _ name: TensorName, _ dtype: DType, _ shape: [Int], _ broken: (String, String) -> FlatFormatError
  ) throws(FlatFormatError) -> TensorSpec {
    do throws(TensorError) { return try TensorSpec(name: name, dtype: dtype, shape: shape) } catch {
      throw broken("a shape whose bytes can be counted", "\(shape)")
    }
  }

  /// Values that are no arrays: the number of a step, a text, None.
  private static func others(_ values: [(keys: [String], head: MsgpackHead)]) -> [LeftOut] {
    var items = values.prefix(listLimit).map { value in
      let name = FlaxNames.name(value.keys)
      switch value.head {
      case .extended(type: 2, _): return LeftOut(name, "a complex number, which is no array", .apart)
      case .extended, .binary: return LeftOut(name, value.head.words)
      default: return LeftOut(name, "\(value.head.words), which is no array", .apart)
      }
    }
    let rest = values.dropFirst(listLimit)
    guard let next = rest.first else { return items }
    let mayBeLost = rest.contains { value in
      switch value.head {
      case .extended(let type, _): type != 2
      case .binary: true
      default: false
      }
    }
    items.append(
      LeftOut(
        FlaxNames.name(next.keys), "this and \((rest.count - 1).grouped) more values, which are no arrays",
        mayBeLost ? .lost : .apart))
    return items
  }

  static let format = FlatFormat(
    kind: .flax, name: "Flax", suffix: ".msgpack", uses: [],
    matches: { $0.isFlax },
    open: { file, _ throws(FlatFormatError) in try FlaxSource(file) },
    sink: { contents throws(FlatFormatError) in
      throw contents.refusal(
        .flaxWrite, "file", expected: "a format that is written, such as .safetensors or .npz",
        found: "a msgpack file of Flax, which is only read")
    })
}
