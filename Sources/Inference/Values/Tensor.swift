internal import Glibc
package import ONNXGraph
internal import Tensors

/// A value of a running model: elements of one type in C order.
///
/// Elements are little-endian and unpacked: an element of fewer than eight bits takes a byte, and a text is its number
/// in the run's `StringPool`. Reshaping shares the memory.
package struct Tensor: Sendable {
  package let type: ElementType
  package let shape: [Int]
  /// The product of the shape's extents.
  package let count: Int
  let storage: TensorStorage

  /// A tensor whose elements are not set yet.
  ///
  /// The shape comes from a file, or from arithmetic on one, so it is checked before memory is allocated.
  init(_ type: ElementType, _ shape: [Int], _ budget: RunBudget) throws(OperatorError) {
    let count = try Self.count(of: shape, budget)
    self.type = type
    self.shape = shape
    self.count = count
    storage = try TensorStorage(byteCount: count * type.width, budget)
  }

  /// Read-only zeros without memory of their own.
  ///
  /// - Parameter stored: what the zeros stand for.
  init(
    zerosOf type: ElementType, _ shape: [Int], stored: StoredElements? = nil, _ budget: RunBudget
  ) throws(OperatorError) {
    let count = try Self.count(of: shape, budget)
    self.init(type, shape, count, try TensorStorage(zeros: count * type.width, stored: stored, budget))
  }

  private init(_ type: ElementType, _ shape: [Int], _ count: Int, _ storage: TensorStorage) {
    self.type = type
    self.shape = shape
    self.count = count
    self.storage = storage
  }

  /// The same elements in another shape with the same number of elements.
  func reshaped(_ shape: [Int]) throws(OperatorError) -> Tensor {
    guard shape.allSatisfy({ $0 >= 0 }), try Self.count(of: shape, storage.budget) == count else {
      throw OperatorError(
        "a shape of \(count) elements for \(shapeText(self.shape))", found: shapeText(shape))
    }
    return Tensor(type, shape, count, storage)
  }

  /// The same bits as another type of the same width.
  func reinterpreted(as type: ElementType) -> Tensor {
    precondition(type.width == self.type.width)
    return Tensor(type, shape, count, storage)
  }

  /// Twice the limit for tensors in files: an operator may cut each axis into two.
  private static let rankLimit = 128

  static func count(of shape: [Int], _ budget: RunBudget) throws(OperatorError) -> Int {
    // A shape can be computed by the model, and operators take steps for each axis, which no budget counts.
    guard shape.count <= rankLimit else {
      throw OperatorError(
        "a tensor of at most \(rankLimit) dimensions", found: "\(shape.count.grouped)", kind: .budget)
    }
    guard shape.allSatisfy({ $0 >= 0 }) else {
      throw OperatorError("extents of 0 or more", found: shapeText(shape))
    }
    // Extents in a shape with a 0 must fit too, so that arithmetic on parts of the shape never overflows.
    var count = 1
    for extent in shape where extent != 0 {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      guard !overflow, product <= budget.limits.elements else {
        throw OperatorError(
          "a tensor of at most \(budget.limits.elements) elements", found: shapeText(shape), kind: .budget)
      }
      count = product
    }
    return shape.contains(0) ? 0 : count
  }

  package var rank: Int { shape.count }

  /// The positions that an operator may visit although there are no elements: the product of the extents other than 0.
  /// It is 0 if there are elements.
  var emptyPositions: Int { count > 0 ? 0 : shape.reduce(1) { $1 == 0 ? $0 : $0 &* $1 } }

  /// Whether the elements are zeros in place of weights that a count does not read.
  var standsForWeights: Bool { storage.isMapped }

  /// The elements in another form, which then are not in memory; nil for an ordinary tensor.
  var stored: StoredElements? { storage.stored }

  /// The elements as a Swift type of the same width.
  func values<T: BitwiseCopyable>(_: T.Type) -> Elements<T> { Elements(storage) }

  /// The elements' bytes.
  package func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeRawBufferPointer(start: storage.base, count: count * type.width))
  }
}

/// A tensor's memory, counted by the run's budget while it is alive.
final class TensorStorage: @unchecked Sendable {
  // Proof of @unchecked: the properties are immutable. The code that makes the tensor writes the bytes before any other
  // code can read them; afterwards they are only read.
  let base: UnsafeMutableRawPointer
  let byteCount: Int
  let budget: RunBudget
  let isMapped: Bool
  /// What the zeros of a tensor stand for.
  let stored: StoredElements?

  /// Bytes that each tensor takes in addition to its elements: a loop can make millions of tensors without elements.
  private static let overhead = 128

  init(byteCount: Int, _ budget: RunBudget) throws(OperatorError) {
    try budget.take(bytes: byteCount + Self.overhead)
    guard let base = budget.pool.take(byteCount) else {
      budget.release(bytes: byteCount + Self.overhead)
      throw OperatorError("memory for \(byteCount.grouped) bytes", found: "none", kind: .budget)
    }
    self.base = base
    self.byteCount = byteCount
    self.budget = budget
    isMapped = false
    stored = nil
  }

  /// Pages of zeros, read-only and without memory of their own; they are not charged to the budget.
  init(zeros byteCount: Int, stored: StoredElements?, _ budget: RunBudget) throws(OperatorError) {
    let base = mmap(nil, byteCount + 1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let base, base != MAP_FAILED else {
      throw OperatorError("addresses for \(byteCount.grouped) bytes", found: "none", kind: .budget)
    }
    self.base = base
    self.byteCount = byteCount
    self.budget = budget
    isMapped = true
    self.stored = stored
  }

  deinit {
    if isMapped {
      munmap(base, byteCount + 1)
    } else {
      budget.pool.give(base, byteCount)
      budget.release(bytes: byteCount + Self.overhead)
    }
  }
}

/// A shape as people write it: `[64, 3, 3, 3]`.
///
/// A list that a model computes can have a million numbers: only the first ones are written.
func shapeText(_ shape: [Int]) -> String {
  let limit = 128
  let shown = shape.prefix(limit).map(String.init).joined(separator: ", ")
  return shape.count <= limit ? "[\(shown)]" : "[\(shown), … (\(shape.count.grouped) numbers)]"
}

extension ElementType {
  /// Bytes of an element in memory.
  var width: Int {
    switch self {
    case .string: 8
    default: max(1, (bits ?? 8) / 8)
    }
  }
}
