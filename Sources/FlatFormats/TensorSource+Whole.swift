public import TensorStreams
internal import Tensors

extension TensorSource {
  /// Throws if a part of the model would be lost in another file.
  ///
  /// - Parameters:
  ///   - keepsGraph: whether the other file also stores the graph.
  ///   - mayLose: whether the user allows this part to be lost.
  public func requireWhole(
    keepsGraph: Bool = false, mayLose: (LeftOut) -> Bool = { _ in false }
  ) throws(FlatFormatError) {
    let lost = leftOut.filter { item in
      item.fate == .lost || item.fate == .keptInGraph && !keepsGraph
    }.filter { !mayLose($0) }
    guard let first = lost.first else {
      guard tensors.isEmpty, let rest = leftOut.first else { return }
      throw .refused(
        .leftOut, path: path, place: "tensors", expected: "at least one that can be converted",
        found: "none, but \(TensorName(rest.name).quoted): \(rest.why)")
    }
    let name = TensorName(first.name).quoted
    let way =
      lost.count == 1
      ? "--leave-out \(name) leaves it out"
      : "\(lost.count) parts would be lost; --leave-out PATTERN allows those that match"
    throw .refused(
      .leftOut, path: path, place: name, expected: "only parts that can be converted",
      found: first.why + (first.way.map { "; \($0)" } ?? "") + "; \(way)")
  }
}
