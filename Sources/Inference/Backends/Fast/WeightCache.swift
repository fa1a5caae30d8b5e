internal import Synchronization

/// What was computed from weights of the model, kept for the session.
final class WeightCache: Sendable {
  /// By the memory of the weights, which is kept too, so that no other tensor can have it.
  private let known = Mutex<[Key: (weights: Tensor, result: Tensor)]>([:])

  private struct Key: Hashable {
    let memory: ObjectIdentifier
    let form: Int
    let groups: Int
  }

  /// What `make` makes of `weights`; `form` and `groups` tell its results apart.
  func value(
    of weights: Tensor, form: Int, groups: Int, _ make: () throws(OperatorError) -> Tensor
  ) throws(OperatorError) -> Tensor {
    let key = Key(memory: ObjectIdentifier(weights.storage), form: form, groups: groups)
    if let entry = known.withLock({ $0[key] }) { return entry.result }
    let result = try make()
    known.withLock { $0[key] = (weights, result) }
    return result
  }
}
