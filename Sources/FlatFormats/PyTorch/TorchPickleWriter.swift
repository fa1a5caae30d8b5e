internal import Pickle
internal import TensorStreams
internal import Tensors

/// The pickle of a state dict: an ordered dictionary from names to tensors in storages numbered from 0.
struct TorchPickleWriter {
  private let contents: SinkContents
  /// The storage of each tensor, by the tensor's index in the specs.
  private var storages: [Int]
  private let places: [TensorName: Int]

  /// - Parameter order: the tensors with their own storage, in the order of the storages.
  init(_ contents: SinkContents, order: [Int]) throws(FlatFormatError) {
    self.contents = contents
    places =
      contents.optimizer == nil
      ? [:]
      : Dictionary(
        contents.specs.enumerated().map { ($0.element.name, $0.offset) },
        uniquingKeysWith: { first, _ in first })
    storages = [Int](repeating: 0, count: contents.specs.count)
    var numbers: [TensorName: Int] = [:]
    for (storage, place) in order.enumerated() {
      storages[place] = storage
      numbers[contents.specs[place].name] = storage
    }
    let ties = Dictionary(contents.ties.map { ($0.name, $0.tiedTo) }, uniquingKeysWith: { first, _ in first })
    for (place, spec) in contents.specs.enumerated() {
      guard let target = ties[spec.name] else { continue }
      guard let storage = numbers[target] else {
        throw contents.refusal(
          .sinkTie, "tensor \(spec.name.quoted) tied to \(target.quoted)",
          expected: "a tensor that is not tied itself", found: "one that is")
      }
      storages[place] = storage
    }
    for spec in contents.specs { try Self.require(spec, contents) }
  }

  private static func require(_ spec: TensorSpec, _ contents: SinkContents) throws(FlatFormatError) {
    let isPackable = spec.dtype != .f4 || spec.shape.last.map { $0 % 2 == 0 } == true
    guard TorchDType.global(of: spec.dtype) != nil, isPackable else {
      throw contents.refusal(
        .sinkDType, "tensor \(spec.name.quoted)", expected: "a dtype and shape that PyTorch has",
        found: "\(spec.dtype.rawValue) \(spec.shapeText)")
    }
    guard spec.shape.count <= 64, spec.name.text.utf8.count <= Int(Int32.max) else {
      throw contents.refusal(
        .sinkDType, "tensor \(spec.name.quoted)", expected: "at most 64 dimensions",
        found: "\(spec.shape.count)")
    }
  }

  func bytes() -> [UInt8] {
    var writer = PickleWriter()
    if let optimizer = contents.optimizer {
      TorchOptimizerWriter(optimizer) { name, writer in tensor(name, to: &writer) }
        .write(hasModel: contents.hasWeights, to: &writer) { writer in state(to: &writer) }
    } else {
      state(to: &writer)
    }
    writer.stop()
    return writer.bytes
  }

  /// Writes the state dict of the model.
  private func state(to writer: inout PickleWriter) {
    writer.call(Self.orderedDictionary) { _ in }
    writer.items { writer in
      for (spec, storage) in zip(contents.specs, storages)
      where !contents.optimizerTensors.contains(spec.name) {
        writer.text(spec.name.text)
        Self.append(spec, storage: storage, to: &writer)
      }
    }
  }

  /// Writes a tensor of the optimizer.
  private func tensor(_ name: TensorName, to writer: inout PickleWriter) {
    // The contents were checked, so the name is there.
    guard let place = places[name] else { return writer.none() }
    Self.append(contents.specs[place], storage: storages[place], to: &writer)
  }

  private static let orderedDictionary = PickleGlobal("collections", "OrderedDict")

  private static func append(_ spec: TensorSpec, storage: Int, to writer: inout PickleWriter) {
    let storageClass = TorchDType.storageClass(of: spec.dtype)
    // A dtype without a class of storages has an untyped storage, and the tensor gives its dtype.
    let function = storageClass == nil ? "_rebuild_tensor_v3" : "_rebuild_tensor_v2"
    let shape = spec.dtype == .f4 ? spec.shape.dropLast() + [(spec.shape.last ?? 0) / 2] : spec.shape
    writer.call(PickleGlobal("torch._utils", function)) { writer in
      writer.persistent { writer in
        writer.sharedText("storage")
        writer.global(storageClass ?? PickleGlobal("torch.storage", "UntypedStorage"))
        writer.text(String(storage))
        writer.sharedText("cpu")
        writer.integer(storageClass == nil ? spec.byteCount : spec.elementCount)
      }
      writer.integer(0)
      writer.tuple(shape)
      writer.tuple(strides(shape))
      writer.boolean(false)
      writer.call(orderedDictionary) { _ in }
      if storageClass == nil, let dtype = TorchDType.global(of: spec.dtype) { writer.global(dtype) }
    }
  }

  /// The strides of C order, as PyTorch gives them to a new tensor: an extent of zero counts as one.
  private static func strides(_ shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in stride(from: shape.count - 2, through: 0, by: -1) {
      let (product, overflow) = strides[axis + 1].multipliedReportingOverflow(by: max(1, shape[axis + 1]))
      // No element of an empty tensor is ever read.
      strides[axis] = overflow ? 1 : product
    }
    return strides
  }
}
