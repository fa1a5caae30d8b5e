/// Memory for workers while they compute, with a separate part for each worker; the budget counts it.
struct Scratch: Sendable {
  private let memory: Elements<Float>
  private let each: Int

  /// `count` elements for each of `workers` workers, with any contents.
  init(_ count: Int, workers: Int, _ budget: RunBudget) throws(OperatorError) {
    // Each part has whole cache lines, and the distance between parts is not a power of two.
    each = (count / 16 + 1) * 16 + 16
    let (bytes, overflow) = (each * 4).multipliedReportingOverflow(by: max(1, workers))
    guard count >= 0, !overflow else {
      throw OperatorError("memory to work in", found: "none", kind: .budget)
    }
    memory = Elements(try TensorStorage(byteCount: bytes, budget))
  }

  subscript(worker: Int) -> UnsafeMutablePointer<Float> { memory.base + worker * each }
}
