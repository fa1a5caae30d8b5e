internal import ONNXGraph
internal import Synchronization

/// The end of a fused step, which the operator may take over for its first output.
final class PendingEpilogue: Sendable {
  private let epilogue: Epilogue
  private let taken = Atomic(false)

  init(_ epilogue: Epilogue) { self.epilogue = epilogue }

  /// Whether the operator has done it; else the nodes that it stands for are still to be run.
  var isDone: Bool { taken.load(ordering: .relaxed) }

  /// The epilogue, if it can be done to `y` element by element.
  func take(for y: Tensor) -> Epilogue {
    if let residual = epilogue.residual, residual.shape != y.shape || residual.type != y.type { return .none }
    guard y.type == .float else { return .none }
    taken.store(true, ordering: .relaxed)
    return epilogue
  }
}

extension OperatorCall {
  /// What the backend is to do with `y` at the end.
  func takeEpilogue(for y: Tensor) -> Epilogue { pending?.take(for: y) ?? .none }
}
