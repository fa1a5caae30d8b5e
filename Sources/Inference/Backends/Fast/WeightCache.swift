internal import Synchronization

/// Values computed from the model's weights, kept for the session.
final class WeightCache: Sendable {
  /// Results by the memory of the weights. The weights are kept too, so no other tensor can get the same memory.
  private let known = Mutex<[Key: (weights: Tensor, result: Tensor)]>([:])

  /// What is computed from the weights.
  enum Form: Hashable {
    /// Panels of products.
    case packed
    /// Winograd's transforms for tiles of this many outputs.
    case transformed(Int)
  }

  private struct Key: Hashable {
    let memory: ObjectIdentifier
    let form: Form
    let groups: Int
  }

  /// The result of `make` for `weights`, computed once for each `form` and `groups`.
  func value(
    of weights: Tensor, form: Form, groups: Int, _ make: () throws(OperatorError) -> Tensor
  ) throws(OperatorError) -> Tensor {
    let key = Key(memory: ObjectIdentifier(weights.storage), form: form, groups: groups)
    if let entry = known.withLock({ $0[key] }) { return entry.result }
    let result = try make()
    known.withLock { $0[key] = (weights, result) }
    return result
  }
}
