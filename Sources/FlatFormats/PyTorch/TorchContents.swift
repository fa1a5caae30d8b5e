internal import Pickle
internal import TensorStreams
internal import Tensors

/// The tensors, storages, notes and left-out parts of a PyTorch pickle.
struct TorchContents {
  private(set) var tensors: [(spec: TensorSpec, tensor: TorchTensor, tiedTo: TensorName?)] = []
  private(set) var storages: [TorchStorage] = []
  /// Keys of storages whose tensors are not read here.
  private(set) var foreignKeys: Set<String> = []
  private(set) var remarks: [FlatRemark] = []
  private(set) var leftOut: [LeftOut] = []
  /// The top entry with the model, whose key is left out of the names.
  let wrapper: String?
  /// The state of the file's optimizer, if the tensors are those of the optimizer.
  private(set) var optimizer: OptimizerState?

  /// The tensors of a file that are wanted.
  enum Part: Sendable {
    /// Those of the model.
    case weights
    /// Those of the optimizer; none if the file has no optimizer.
    case optimizer
  }

  /// Whether some tensors store their elements in the pickle.
  var hasArrays: Bool { storages.contains { $0.pickled != nil } }

  /// The most logical bytes of all tensors together for a small file.
  private static let logicalFloor = 1 << 30
  /// The most logical bytes for each byte of a larger file: strides of zero and ties can make many from few.
  private static let logicalRatio = 64

  /// - Parameters:
  ///   - home: the place of the pickle's bytes.
  ///   - place: the pickle's name in messages.
  ///   - fileSize: limits the logical bytes of all tensors together.
  init(
    _ tree: PickleTree, in home: PickleHome, path: String, place: String, fileSize: Int,
    part: Part = .weights
  ) throws(FlatFormatError) {
    var decoder = TorchDecoder(tree: tree, path: path, home: home)
    let others = try DeepSpeedPart(decoder).leftOut
    let names = try TorchNames(decoder)
    wrapper = names.wrapper
    remarks += PickleRemarks.of(tree, place)
    if !names.models.isEmpty { remarks.append(Self.remark(models: names.models)) }
    try take(names.places, &decoder, path: path)
    var uses = tensors.map(\.tensor)
    for part in names.apart {
      let found = try Self.decoded(part.leaves, &decoder, under: part.name)
      let (bytes, _) = Set(found).reduce(into: (0, false)) { sum, tensor in
        sum.0 = sum.0.addingReportingOverflow(Self.byteCount(tensor)).partialValue
      }
      uses += found
      let count =
        "\(part.leaves.count) \(part.leaves.count == 1 ? "tensor" : "tensors") (\(ByteCount(bytes)))"
      leftOut.append(
        LeftOut(
          part.name,
          part.isOptimizer
            ? "the state of an optimizer, \(count)"
            : "\(count) beside the model, which \(part.leaves.count == 1 ? "is no weight" : "are no weights")",
          .apart))
    }
    leftOut += others
    // The older form of the file lists all storages, so those of the model are known by now.
    if part == .optimizer { try takeOptimizer(&decoder, path: path) }
    storages = decoder.storages
    foreignKeys = decoder.foreignKeys
    try requireBearable(path: path, fileSize: fileSize)
    remarks += TorchUsage(storages: storages, uses: uses, foreignKeys: foreignKeys).remarks
  }

  /// Replaces the tensors of the model by those of the optimizer.
  private mutating func takeOptimizer(_ decoder: inout TorchDecoder, path: String) throws(FlatFormatError) {
    (tensors, leftOut) = ([], [])
    guard let found = try TorchOptimizer(decoder, model: wrapper.map { [$0] } ?? []) else { return }
    optimizer = found.state
    try take(found.places, &decoder, path: path)
    if let part = leftOut.first {
      throw .refused(
        .torchTensor, path: path, place: "the optimizer's \(TensorName(part.name).quoted)",
        expected: "a tensor that can be read", found: part.why + (part.way.map { "; \($0)" } ?? ""))
    }
  }

  /// The way to get a tensor that ranks share.
  private static let gathering =
    "gather it before torch.save (get_model_state_dict with StateDictOptions(full_state_dict=True)), or save with "
    + "torch.distributed.checkpoint"

  /// The note that names begin with a usual key of a model, because the file has others.
  private static func remark(models: [String]) -> FlatRemark {
    let shown = models.prefix(4).map { TensorName($0).quoted }.joined(separator: ", ")
    let more = models.count > 4 ? " and \(models.count - 4) more" : ""
    return FlatRemark(
      .severalModels, "top entries", expected: "one model, whose key is no part of names",
      found: "\(shown)\(more); --root takes the tensors of one of them, without its key")
  }

  private mutating func take(
    _ places: [TorchPlace], _ decoder: inout TorchDecoder, path: String
  ) throws(FlatFormatError) {
    var known: [TensorName: Int] = [:]
    var roots: [TorchTensor: TensorName] = [:]
    for found in places {
      let name = TensorName(found.name)
      let place = "tensor \(name.quoted)"
      let tensor: TorchTensor
      switch try decoder.decode(found.leaf, place: place) {
      case .foreign(let words):
        decoder.noteStorages(of: found.leaf)
        leftOut.append(LeftOut(found.name, words))
        continue
      case .piece(let words):
        decoder.noteStorages(of: found.leaf)
        leftOut.append(LeftOut(found.name, "one rank's part of \(words)", way: Self.gathering))
        continue
      case .tensor(let decoded): tensor = decoded
      }
      if known.updateValue(tensors.count, forKey: name) != nil {
        throw .refused(
          .torchDuplicateName, path: path, place: place, expected: "every name once", found: "it twice")
      }
      if tensor.strides.overlaps {
        remarks.append(
          FlatRemark(
            .overlappingStrides, place, expected: "a place in the storage for every element",
            found: "size \(tensor.strides.shape) with strides \(tensor.strides.strides)"))
      }
      let spec: TensorSpec
      do throws(TensorError) {
        spec = try TensorSpec(name: name, dtype: tensor.dtype, shape: tensor.shape)
      } catch {
        throw .refused(
          .torchTensor, path: path, place: place, expected: "a size whose bytes can be counted",
          found: "\(tensor.shape) of \(tensor.dtype.rawValue)")
      }
      tensors.append((spec, tensor, roots[tensor]))
      if roots[tensor] == nil { roots[tensor] = name }
    }
  }

  /// The tensors among `leaves` that are read here.
  private static func decoded(
    _ leaves: [PickleRef], _ decoder: inout TorchDecoder, under name: String
  ) throws(FlatFormatError) -> [TorchTensor] {
    var result: [TorchTensor] = []
    for leaf in leaves {
      switch try decoder.decode(leaf, place: "a tensor in \(TensorName(name).quoted)") {
      case .tensor(let tensor): result.append(tensor)
      case .foreign, .piece: decoder.noteStorages(of: leaf)
      }
    }
    return result
  }

  private static func byteCount(_ tensor: TorchTensor) -> Int {
    tensor.strides.shape.reduce(tensor.itemSize) { $0.multipliedReportingOverflow(by: $1).partialValue }
  }

  private func requireBearable(path: String, fileSize: Int) throws(FlatFormatError) {
    var total = 0
    for (spec, _, _) in tensors {
      let (sum, overflow) = total.addingReportingOverflow(spec.byteCount)
      total = overflow ? .max : sum
      if overflow { break }
    }
    let (ratio, overflow) = fileSize.multipliedReportingOverflow(by: Self.logicalRatio)
    let most = max(Self.logicalFloor, overflow ? .max : ratio)
    guard total <= most else {
      throw .refused(
        .torchAmplification, path: path, place: "all tensors",
        expected: "at most \(most.grouped) bytes from a file of \(fileSize.grouped)",
        found: "\(total.grouped)")
    }
  }
}
