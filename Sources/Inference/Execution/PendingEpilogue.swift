internal import ONNXGraph
internal import Synchronization

/// The end of a fused step; the operator may apply it to its first output.
final class PendingEpilogue: Sendable {
  private let epilogue: Epilogue
  private let taken = Atomic(false)

  init(_ epilogue: Epilogue) { self.epilogue = epilogue }

  /// Whether the operator has applied it; otherwise the fused nodes must still run.
  var isDone: Bool { taken.load(ordering: .relaxed) }

  /// The epilogue, if `y` is FLOAT and a residual has its type and shape; otherwise `none`.
  func take(for y: Tensor) -> Epilogue {
    if let residual = epilogue.residual, residual.shape != y.shape || residual.type != y.type { return .none }
    guard y.type == .float else { return .none }
    taken.store(true, ordering: .relaxed)
    return epilogue
  }
}

extension OperatorCall {
  /// The epilogue that the backend applies to `y`.
  func takeEpilogue(for y: Tensor) -> Epilogue { pending?.take(for: y) ?? .none }
}
