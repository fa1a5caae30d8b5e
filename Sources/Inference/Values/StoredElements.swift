internal import CKernels
internal import ONNXGraph
internal import Tensors

/// Elements in the form in which a model stores them: halves, floats of eight bits, or quantised integers, which are
/// packed if they have fewer than eight bits. They become binary32 numbers some at a time, so no copy of all is needed.
struct StoredElements: Sendable {
  /// The stored elements; packed ones as bytes.
  private let source: Tensor
  private let form: tessera_form
  /// The number for each code, if the elements are codes.
  private let table: Elements<Float>?
  private var scales: Scales?
  /// The form to which every number is rounded, if the tensor is F16 or BF16.
  private var rounding: tessera_form?

  /// What turns q into (q − zero) · scale.
  private struct Scales: Sendable {
    let grid: QuantisationGrid
    let scale: Elements<Float>
    let zero: Elements<Float>?
  }

  /// Fewer elements are not worth the work of reading them in parts.
  static let least = 4096

  private init(_ source: Tensor, _ form: tessera_form, table: Elements<Float>? = nil) {
    self.source = source
    self.form = form
    self.table = table
  }

  /// The elements of F16, BF16, integers and floats of at most eight bits; nil for other types.
  init?(_ tensor: Tensor) {
    if let stored = tensor.stored {
      self = stored
    } else if let small = tensor.type.smallFloat, let table = try? Self.table(small, tensor.storage.budget) {
      self.init(tensor, tessera_coded, table: table)
    } else {
      switch tensor.type {
      case .float16: self.init(tensor, tessera_float16)
      case .bfloat16: self.init(tensor, tessera_bfloat16)
      case .int8, .int4, .int2: self.init(tensor, tessera_int8)
      case .uint8, .uint4, .uint2: self.init(tensor, tessera_uint8)
      default: return nil
      }
    }
  }

  /// Packed integers of `type`, or of `bits` bits without a sign; nil for others.
  init?(packed bytes: Tensor, _ type: ElementType) {
    switch type {
    case .int4: self.init(bytes, tessera_int4)
    case .uint4: self.init(bytes, tessera_uint4)
    case .int2: self.init(bytes, tessera_int2)
    case .uint2: self.init(bytes, tessera_uint2)
    case .uint8: self.init(bytes, tessera_uint8)
    default: return nil
    }
  }

  private static func table(_ small: SmallFloat, _ budget: RunBudget) throws(OperatorError) -> Elements<Float>
  {
    let table = try Tensor(.float, [256], budget).values(Float.self)
    for code in 0..<256 {
      table[code] = small.values.indices.contains(code) ? Float(small.values[code]) : .nan
    }
    return table
  }

  /// The same elements as (q − zero) · scale, with binary32 scales and zeros of one shape.
  func scaled(_ grid: QuantisationGrid, scale: Tensor, zero: Tensor?) -> StoredElements {
    var copy = self
    copy.scales = Scales(grid: grid, scale: scale.values(Float.self), zero: zero?.values(Float.self))
    return copy
  }

  /// The same elements, each rounded to `type`.
  func rounded(to type: ElementType) -> StoredElements {
    var copy = self
    copy.rounding = type.half
    return copy
  }

  /// Sets `target` to the `count` numbers from `first` on, in C order.
  func read(from first: Int, count: Int, to target: UnsafeMutablePointer<Float>) {
    let kernels = Products.kernels
    kernels.widen(form, source.storage.base, first, table?.base, target, count)
    if let scales {
      scales.grid.forEachRun(from: first, count: count) { start, count, place, run in
        kernels.rescale(
          target + (start - first), count, scales.scale.base + place, scales.zero.map { $0.base + place },
          run.first, run.block, run.step)
      }
    }
    if let rounding { kernels.round(rounding, target, count) }
  }
}

extension ElementType {
  /// The form of F16 and BF16; nil for other types.
  var half: tessera_form? {
    switch self {
    case .float16: tessera_float16
    case .bfloat16: tessera_bfloat16
    default: nil
    }
  }
}

extension Tensor {
  /// A tensor whose elements are read from `stored` by the operators that can; for all others, the interpreter uses
  /// `unpacked`.
  init(
    _ stored: StoredElements, _ type: ElementType, _ shape: [Int], _ budget: RunBudget
  ) throws(OperatorError) {
    try self.init(zerosOf: type, shape, stored: stored, budget)
  }

  /// The tensor itself, or the elements that it stores in another form.
  func unpacked(threads: Int = 1) throws(OperatorError) -> Tensor {
    guard let stored else { return self }
    let y = try Tensor(type, shape, storage.budget)
    let form = type.half
    let isSigned = type == .int4 || type == .int2
    let (floats, bytes) = (y.values(Float.self), y.values(UInt8.self))
    let (count, piece) = (count, 1 << 12)
    let scratch = try Scratch(piece, workers: threads, storage.budget)
    let isFloat = type == .float
    Parallel.tasks((count + piece - 1) / piece, threads: threads) { task, worker in
      let (start, part) = (task * piece, min(piece, count - task * piece))
      if isFloat { return stored.read(from: start, count: part, to: floats.base + start) }
      stored.read(from: start, count: part, to: scratch[worker])
      if let form { return Products.kernels.narrow(form, scratch[worker], bytes.base + 2 * start, part) }
      // Elements of fewer than eight bits take a byte each.
      for index in 0..<part {
        let number = scratch[worker][index]
        bytes[start + index] = isSigned ? UInt8(bitPattern: Int8(number)) : UInt8(number)
      }
    }
    return y
  }
}
