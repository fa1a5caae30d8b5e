internal import Synchronization
internal import Tensors

/// The limits of a run, checked before anything is allocated or computed. A model of a hundred bytes can ask for a
/// terabyte or loop for ever.
package struct RunLimits: Sendable {
  /// Elements of one tensor.
  package var elements = 1 << 31
  /// Bytes of all tensors that are alive at one time.
  package var bytes = 4 << 30
  /// Trips through the bodies of all loops of a run.
  package var trips = 1_000_000
  /// Multiply-adds of matrix products, convolutions and pooling, elements that other operators make, and nodes and
  /// names that a run visits.
  package var steps = 4_000_000_000_000

  package init() {}

  /// The limits of a count. A count computes everything except products, so the step limit of a run would allow days.
  /// These steps take about two seconds.
  package static var counting: RunLimits {
    var limits = RunLimits()
    limits.bytes = 1 << 30
    limits.steps = 1_000_000_000
    return limits
  }
}

/// The unused part of the limits.
final class RunBudget: Sendable {
  let limits: RunLimits
  /// Memory of freed tensors, at most a quarter of the byte limit.
  let pool: StoragePool
  private let bytes = Atomic(0)
  private let greatest = Atomic(0)
  private let trips = Atomic(0)
  private let steps = Atomic(0)
  private let products = Atomic(0)
  /// Whether products are computed; then they count as steps.
  private let doesProducts: Bool

  /// The limit of multiply-adds that are only counted; their sum then fits an Int. Computed products have the limit of
  /// steps.
  private static let productLimit = 1 << 60
  /// The steps for visiting a node, in addition to its elements: a node without elements takes as long as 256 elements.
  private static let nodeCost = 256
  /// The bytes that a list needs for each tensor: two words for type and count, two for references to shape and memory,
  /// and the shape's own allocation.
  static let referenceBytes = 96

  init(_ limits: RunLimits, doesProducts: Bool = true) {
    self.limits = limits
    self.doesProducts = doesProducts
    pool = StoragePool(capacity: limits.bytes / 4)
  }

  /// Starts a new run: all counts begin at zero, but tensors that are alive still count.
  func restart() {
    trips.store(0, ordering: .relaxed)
    steps.store(0, ordering: .relaxed)
    products.store(0, ordering: .relaxed)
    pool.rest()
  }

  /// Reserves `count` bytes; `release` returns them.
  func take(bytes count: Int) throws(OperatorError) {
    let now = bytes.add(count, ordering: .relaxed).newValue
    greatest.max(now, ordering: .relaxed)
    if now > limits.bytes {
      release(bytes: count)
      throw OperatorError(
        "at most \(limits.bytes.grouped) bytes of tensors at one time (--memory-limit)",
        found: "\(now.grouped)",
        kind: .budget)
    }
  }

  /// The steps of the run so far; products that are only counted are not steps.
  var stepsTaken: Int { steps.load(ordering: .relaxed) }

  /// The most bytes that were reserved at one time.
  var greatestBytes: Int { greatest.load(ordering: .relaxed) }

  func release(bytes count: Int) { bytes.subtract(count, ordering: .relaxed) }

  /// Counts one trip through a loop's body.
  func takeTrip() throws(OperatorError) {
    if trips.add(1, ordering: .relaxed).newValue > limits.trips {
      throw OperatorError(
        "at most \(limits.trips.grouped) trips through loops in a run", found: "more", kind: .budget)
    }
  }

  /// Spends the product of `factors` as steps.
  func spend(_ factors: Int...) throws(OperatorError) { try spend(factors) }

  /// Spends the product of `factors` as steps.
  func spend(_ factors: [Int]) throws(OperatorError) {
    try add(Self.product(of: factors, within: limits.steps), to: steps, within: limits.steps)
  }

  /// Spends the multiply-adds of a matrix product or a similar operation: the product of `factors`.
  func spend(product factors: Int...) throws(OperatorError) { try spend(product: factors) }

  /// Spends the multiply-adds of a matrix product or a similar operation: the product of `factors`.
  func spend(product factors: [Int]) throws(OperatorError) {
    if doesProducts { return try spend(factors) }
    try add(
      Self.product(of: factors, within: Self.productLimit), to: products, within: Self.productLimit)
  }

  /// Spends the steps for visiting a node with `count` names of values and items of attributes.
  func visit(items count: Int) throws(OperatorError) {
    try add(Self.nodeCost + count, to: steps, within: limits.steps)
  }

  private func add(_ count: Int, to sum: borrowing Atomic<Int>, within limit: Int) throws(OperatorError) {
    // Both terms are at most the limit, which is far below 2⁶².
    let now = sum.add(count, ordering: .relaxed).newValue
    if now > limit { throw Self.tooMuch(limit, found: "\(now.grouped)") }
  }

  private static func product(of factors: [Int], within limit: Int) throws(OperatorError) -> Int {
    var count = 1
    for factor in factors {
      let (product, overflow) = count.multipliedReportingOverflow(by: max(0, factor))
      if overflow { throw tooMuch(limit, found: "more than 2⁶³") }
      count = product
    }
    guard count <= limit else { throw tooMuch(limit, found: "\(count.grouped)") }
    return count
  }

  private static func tooMuch(_ limit: Int, found: String) -> OperatorError {
    OperatorError(
      "at most \(limit.grouped) steps of arithmetic in a run (--step-limit)", found: found, kind: .budget)
  }
}
