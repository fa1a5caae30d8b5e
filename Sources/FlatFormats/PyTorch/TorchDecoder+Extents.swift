internal import Pickle

extension TorchDecoder {
  /// The extents of a tensor as its pickle gives them, before anything else about it is checked; nil for other values,
  /// and for tensors that are not read here.
  func extents(of ref: PickleRef) -> [Int]? {
    guard var (rebuild, arguments) = call(ref) else { return nil }
    for _ in 0..<8 {
      switch rebuild {
      case .tensor, .tensor2, .tensor3: return arguments.count > 2 ? integers(arguments[2]) : nil
      case .parameter, .parameterWithState:
        guard let inner = arguments.first.flatMap(call) else { return nil }
        (rebuild, arguments) = inner
      case .fromType:
        guard arguments.count > 2, case .global(let global) = tree.value(arguments[0]),
          let inner = TorchGlobals.rebuild(global)
        else { return nil }
        (rebuild, arguments) = (inner, tree.children(arguments[2]))
      default: return nil
      }
    }
    return nil
  }

  /// The function that rebuilds a tensor, and its arguments; nil for other values.
  private func call(_ ref: PickleRef) -> (TorchGlobals.Rebuild, [PickleRef])? {
    guard case .object = tree.value(ref), case .global(let global) = tree.value(tree.children(ref)[0]),
      let rebuild = TorchGlobals.rebuild(global)
    else { return nil }
    return (rebuild, tree.children(tree.children(ref)[1]))
  }
}
