internal import Synchronization

/// What a run may use. A model of a hundred bytes can ask for a terabyte or loop for ever; these bounds are checked
/// before anything is allocated or done.
package struct RunLimits: Sendable {
  /// Elements of one tensor.
  package var elements = 1 << 31
  /// Bytes of all tensors that are alive at one time.
  package var bytes = 4 << 30
  /// Trips through the bodies of all loops of a run.
  package var trips = 1_000_000
  /// Multiply-adds of matrix products, convolutions and pooling, and elements made by everything else.
  package var steps = 4_000_000_000_000

  package init() {}
}

/// What is left of the limits.
final class Budget: Sendable {
  let limits: RunLimits
  /// Memory of tensors that are gone, at most a quarter of what may be alive.
  let pool: StoragePool
  private let bytes = Atomic(0)
  private let trips = Atomic(0)
  private let steps = Atomic(0)

  init(_ limits: RunLimits) {
    self.limits = limits
    pool = StoragePool(capacity: limits.bytes / 4)
  }

  /// A new run begins; tensors that are alive stay counted.
  func restart() {
    trips.store(0, ordering: .relaxed)
    steps.store(0, ordering: .relaxed)
  }

  /// Takes `count` bytes, which `release` gives back.
  func take(bytes count: Int) throws(OperatorError) {
    let now = bytes.add(count, ordering: .relaxed).newValue
    if now > limits.bytes {
      release(bytes: count)
      throw OperatorError(
        "at most \(limits.bytes) bytes of tensors at one time", found: "\(now)", kind: .budget)
    }
  }

  /// Steps that the run has taken.
  var stepsTaken: Int { steps.load(ordering: .relaxed) }

  func release(bytes count: Int) { bytes.subtract(count, ordering: .relaxed) }

  /// One trip through a loop's body.
  func takeTrip() throws(OperatorError) {
    if trips.add(1, ordering: .relaxed).newValue > limits.trips {
      throw OperatorError(
        "at most \(limits.trips) trips through loops in a run", found: "more", kind: .budget)
    }
  }

  /// Work of `factors` multiplied with each other.
  func spend(_ factors: Int...) throws(OperatorError) { try spend(factors) }

  /// Work of `factors` multiplied with each other.
  func spend(_ factors: [Int]) throws(OperatorError) {
    var count = 1
    for factor in factors {
      let (product, overflow) = count.multipliedReportingOverflow(by: max(0, factor))
      if overflow { throw tooMuch(found: "more than 2⁶³") }
      count = product
    }
    guard count <= limits.steps else { throw tooMuch(found: "\(count)") }
    // Both terms are at most the limit, which is far below 2⁶².
    let now = steps.add(count, ordering: .relaxed).newValue
    if now > limits.steps { throw tooMuch(found: "\(now)") }
  }

  private func tooMuch(found: String) -> OperatorError {
    OperatorError("at most \(limits.steps) steps of arithmetic in a run", found: found, kind: .budget)
  }
}
