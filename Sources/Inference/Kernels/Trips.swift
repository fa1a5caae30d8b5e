internal import ONNXGraph

/// The tensors that a loop's body outputs, one in each trip, for outputs that join them along a new axis.
struct Trips {
  private let call: OperatorCall
  private let body: CompiledGraph
  /// The body's first output that is collected.
  private let first: Int
  private var collected: [[Tensor]]
  private var held = 0

  /// - Parameter first: all outputs from this one on are collected.
  init(_ call: OperatorCall, _ body: CompiledGraph, from first: Int) {
    self.call = call
    self.body = body
    self.first = first
    collected = [[Tensor]](repeating: [], count: body.outputs.count - first)
  }

  /// Adds the tensors of one trip. A body may output one tensor thousands of times in each trip, so the budget counts
  /// the references.
  mutating func add(_ outputs: [Value]) throws(OperatorError) {
    try call.budget.take(bytes: collected.count * RunBudget.referenceBytes)
    held += collected.count * RunBudget.referenceBytes
    for (index, value) in outputs.dropFirst(first).enumerated() {
      guard case .tensor(let tensor) = value else {
        throw OperatorError("a tensor", found: value.words, subject: name(index))
      }
      collected[index].append(tensor)
    }
  }

  /// Returns the bytes of the references.
  func release() { call.budget.release(bytes: held) }

  /// The tensors of all trips as one, joined along a new axis.
  ///
  /// - Parameter isReversed: whether the last trip comes first.
  func joined(_ index: Int, axis: Int = 0, isReversed: Bool = false) throws(OperatorError) -> Tensor {
    let tensors = collected[index]
    if !tensors.isEmpty {
      return try Concat.stacked(call, isReversed ? tensors.reversed() : tensors, axis: axis, each: "trip")
    }
    // If there are no trips, only the declaration gives the output's type and shape.
    guard case .tensor(let type?, let shape)? = body.outputTypes[first + index] else {
      throw OperatorError(
        "a declared type, because there are no trips", found: "none", subject: name(index),
        kind: .unsupported)
    }
    var extents = (shape ?? []).map { if case .fixed(let value) = $0 { value } else { 0 } }
    extents.insert(0, at: try call.axis(axis, rank: extents.count + 1))
    return try call.make(type, extents)
  }

  /// All of them, joined along a new first axis.
  func joined() throws(OperatorError) -> [Tensor] {
    var tensors: [Tensor] = []
    for index in collected.indices { tensors.append(try joined(index)) }
    return tensors
  }

  private func name(_ index: Int) -> String { "output \(quoted(body.outputs[first + index])) of the body" }
}
