package import ChannelFlow
package import Inference
package import ONNXGraph
package import TensorStreams
internal import Tensors

/// Generated inputs; the same seed gives the same inputs.
package struct SeededInputs {
  private var random: SplitMix64

  package init(seed: UInt64 = 1) { random = SplitMix64(seed: seed &* 0x9E37_79B9_7F4A_7C15 | 1) }

  /// An approximately normal number: a sum of four uniform numbers, with mean 0 and variance 1.
  private mutating func normal() -> Double {
    var sum = 0.0
    for _ in 0..<4 { sum += Double(random.next() >> 11) / 9_007_199_254_740_992 }
    return (sum - 2) * 3.0.squareRoot()
  }

  /// Fills little-endian elements: floats approximately normal, whole numbers 0 or 1.
  package mutating func fill(_ bytes: UnsafeMutableRawBufferPointer, _ type: ElementType) {
    func store<T: FixedWidthInteger>(_ value: T, _ index: Int) {
      bytes.storeBytes(of: value.littleEndian, toByteOffset: index * MemoryLayout<T>.size, as: T.self)
    }
    let width = (type.bits ?? 8) / 8
    for index in 0..<(bytes.count / max(1, width)) {
      switch type {
      case .float: store(Float(normal()).bitPattern, index)
      case .double: store(normal().bitPattern, index)
      case .float16: store(Float16(normal()).bitPattern, index)
      case .bfloat16: store(UInt16(Float(normal()).bitPattern >> 16), index)
      default:
        let value = random.next() & 1
        for byte in 0..<width { bytes[index * width + byte] = byte == 0 ? UInt8(value) : 0 }
      }
    }
  }

  /// Tensors for the inputs that a session needs, with the walk's extents for open ones.
  package mutating func tensors(for session: Session, flow: NetworkFlow) throws -> [String: Tensor] {
    try tensors(for: session, path: flow.walk.model.path) { flow.walk.values[$0]?.shape }
  }

  /// Tensors for the inputs that a session needs.
  package mutating func tensors(
    for session: Session, path: String, shape: (String) -> [Int]?
  ) throws -> [String: Tensor] {
    var result: [String: Tensor] = [:]
    for input in session.requiredInputs {
      guard case .tensor(let type?, _)? = input.type, let shape = shape(input.name) else {
        throw InferenceError.refused(
          kind: .unsupported, path: path, place: "input \(quoted(input.name))",
          expected: "a declared type and shape, or arrays to run on", found: "neither")
      }
      result[input.name] = try session.tensor(type, shape, for: input.name) { fill($0, type) }
    }
    return result
  }
}

/// Generated inputs for several sessions. Those of the last one stay in memory, because the next one usually needs the
/// same.
final class MadeInputs {
  private let limit: Int
  private var last: (shapes: [Input], bytes: [[UInt8]])?

  private struct Input: Equatable {
    let name: String
    let type: ElementType?
    let shape: [Int]?
  }

  /// - Parameter limit: the most bytes that stay in memory.
  init(limit: Int) { self.limit = limit }

  /// The same tensors as those of new `SeededInputs`.
  func tensors(for session: Session, flow: NetworkFlow) throws -> [String: Tensor] {
    let wanted = session.requiredInputs.map { input in
      var type: ElementType?
      if case .tensor(let declared, _)? = input.type { type = declared }
      return Input(name: input.name, type: type, shape: flow.walk.values[input.name]?.shape)
    }
    var result: [String: Tensor] = [:]
    if let last, last.shapes == wanted {
      for (input, bytes) in zip(wanted, last.bytes) {
        guard let type = input.type, let shape = input.shape else { continue }
        result[input.name] = try session.tensor(type, shape, for: input.name) { $0.copyBytes(from: bytes) }
      }
      return result
    }
    var seeded = SeededInputs()
    result = try seeded.tensors(for: session, flow: flow)
    let bytes = wanted.compactMap { result[$0.name]?.withBytes { Array($0) } }
    let isKept = bytes.count == wanted.count && bytes.reduce(0) { $0 + $1.count } <= limit
    last = isKept ? (wanted, bytes) : nil
    return result
  }
}

/// Arrays of a file as the inputs of sessions.
package struct FileInputs {
  private let source: any TensorSource
  private let samples: Int?

  /// - Parameter samples: the most indices of the first axis; nil for whole arrays.
  package init(_ source: any TensorSource, samples: Int? = nil) {
    self.source = source
    self.samples = samples
  }

  private func shape(of array: TensorSpec) -> [Int] {
    guard let samples, let first = array.shape.first else { return array.shape }
    return [min(first, samples)] + array.shape.dropFirst()
  }

  /// The extents of the inputs by name; a single array belongs to the only input, whatever its name.
  ///
  /// - Throws: `InferenceError.refused` for an array that is not an input of the model, has another rank, or has elements
  ///   smaller than a byte.
  package func shapes(for model: Model) throws(InferenceError) -> [String: [Int]] {
    let declared = Dictionary(
      model.graph.inputs.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    let single = singleInput(of: model)
    var shapes: [String: [Int]] = [:]
    for tensor in source.tensors {
      let name = single ?? tensor.spec.name.text
      guard let input = declared[name] else {
        let names = model.graph.requiredInputs.map { quoted($0.name) }.joined(separator: ", ")
        throw refusal(of: tensor.spec, expected: "the model's inputs \(names)", found: "no such input")
      }
      guard tensor.spec.dtype.bytes != nil else {
        throw refusal(
          of: tensor.spec, expected: "elements of whole bytes", found: tensor.spec.dtype.rawValue)
      }
      try requireRank(of: tensor.spec, declared: input, as: name)
      shapes[name] = shape(of: tensor.spec)
    }
    return shapes
  }

  /// Refuses an array whose rank differs from the declared one; a node's error would name another file.
  private func requireRank(
    of array: TensorSpec, declared: ValueInfo, as name: String
  ) throws(InferenceError) {
    guard case .tensor(_, let shape?)? = declared.type,
      shape.count != array.shape.count
    else { return }
    let extents = shape.map { extent in
      switch extent {
      case .fixed(let number): "\(number)"
      case .named(let name): name
      case .open: "?"
      }
    }
    throw refusal(
      of: array, expected: "[\(extents.joined(separator: ", "))] as input \(quoted(name)) of the model",
      found: array.shapeText)
  }

  private func refusal(of array: TensorSpec, expected: String, found: String) -> InferenceError {
    .refused(
      kind: .invalid, path: source.path, place: "array \(array.name.quoted)", expected: expected,
      found: found)
  }

  /// The name of the only input, if a single array of another name is meant for it.
  private func singleInput(of model: Model) -> String? {
    let required = model.graph.requiredInputs
    guard source.tensors.count == 1, required.count == 1,
      !model.graph.inputs.contains(where: { $0.name == source.tensors[0].spec.name.text })
    else { return nil }
    return required[0].name
  }

  /// The tensors that a session needs. Others are left out, because a task may not have every input.
  package func tensors(for session: Session, model: Model) throws -> [String: Tensor] {
    var result: [String: Tensor] = [:]
    for array in try arrays(for: session, model: model) {
      result[array.name] = try session.tensor(array.type, shape(of: array.spec), for: array.name) {
        try array.reader.read(into: $0)
      }
    }
    return result
  }

  /// An array that a session needs, under the input's name.
  struct InputArray {
    let name: String
    let spec: TensorSpec
    let type: ElementType
    let reader: any TensorByteReader
  }

  func arrays(for session: Session, model: Model) throws -> [InputArray] {
    let wanted = Set(session.inputs.map(\.name))
    let single = singleInput(of: model)
    var arrays: [InputArray] = []
    for (index, tensor) in source.tensors.enumerated() {
      let name = single ?? tensor.spec.name.text
      guard wanted.contains(name) else { continue }
      guard let type = ElementType(tensor.spec.dtype) else {
        throw refusal(
          of: tensor.spec, expected: "elements of whole bytes", found: tensor.spec.dtype.rawValue)
      }
      arrays.append(
        InputArray(name: name, spec: tensor.spec, type: type, reader: try source.reader(of: index)))
    }
    return arrays
  }

  /// All samples, at most `size` at a time.
  ///
  /// - Throws: for an array without samples, with another number of them, or with a number that the model cannot run.
  package func batches(of size: Int, for session: Session, model: Model) throws -> InputBatches {
    let arrays = try arrays(for: session, model: model)
    let declared = Dictionary(session.inputs.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    guard let first = arrays.first else {
      throw InferenceError.refused(
        kind: .invalid, path: source.path, place: "arrays", expected: "an input with samples", found: "none")
    }
    var isFixed = false
    for array in arrays {
      guard let samples = array.spec.shape.first, samples > 0 else {
        throw refusal(
          of: array.spec, expected: "one or more samples along a first axis", found: array.spec.shapeText)
      }
      if let expected = first.spec.shape.first, samples != expected {
        throw refusal(
          of: array.spec, expected: "\(expected) samples as in array \(first.spec.name.quoted)",
          found: array.spec.shapeText)
      }
      if case .tensor(_, let shape?)? = declared[array.name]?.type, case .fixed(let extent)? = shape.first {
        isFixed = true
        guard extent == size, samples % size == 0 else {
          throw refusal(
            of: array.spec,
            expected: "runs of exactly \(extent) samples, as input \(quoted(array.name)) declares",
            found: "\(samples) samples in runs of \(size)")
        }
      }
    }
    return InputBatches(
      session, arrays, size: size, samples: first.spec.shape.first ?? 0, varies: !isFixed && size > 1)
  }
}

/// The samples of arrays, some at a time; only these are in memory.
package final class InputBatches {
  /// The number of samples.
  package let samples: Int
  /// The samples that have been read.
  package private(set) var done = 0
  private let session: Session
  private let arrays: [FileInputs.InputArray]
  private let size: Int
  private let varies: Bool

  /// - Parameter varies: whether the last full run may be divided. A run of another size shows that the first axes of the
  ///   outputs count samples; another axis could have the extent of the batch by coincidence.
  init(_ session: Session, _ arrays: [FileInputs.InputArray], size: Int, samples: Int, varies: Bool) {
    self.session = session
    self.arrays = arrays
    self.size = size
    self.samples = samples
    self.varies = varies
  }

  /// The inputs of the next run and their number of samples; nil at the end.
  package func next() throws -> (inputs: [String: Tensor], samples: Int)? {
    var count = min(size, samples - done)
    if count <= 0 { return nil }
    if varies, done > 0, count == size, done + count == samples { count -= 1 }
    var inputs: [String: Tensor] = [:]
    for array in arrays {
      inputs[array.name] = try session.tensor(
        array.type, [count] + array.spec.shape.dropFirst(), for: array.name
      ) { try array.reader.read(into: $0) }
    }
    done += count
    return (inputs, count)
  }
}
