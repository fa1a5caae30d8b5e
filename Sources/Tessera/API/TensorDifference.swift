internal import Comparison
internal import Tensors

/// The differences between two sets of tensors.
public struct TensorDifference: Sendable {
  /// Names of tensors that only the first file has.
  public let onlyInFirst: [String]
  /// Names of tensors that only the second file has.
  public let onlyInSecond: [String]
  /// Tensors that both files have and that differ.
  public let changed: [Change]
  /// The number of tensors that are equal in name, dtype, shape and every bit.
  public let equalCount: Int

  /// Whether there are no differences. Parts left out of a file (`WeightsFile.leftOut`) are not compared.
  public var isEqual: Bool { onlyInFirst.isEmpty && onlyInSecond.isEmpty && changed.isEmpty }

  /// A tensor that differs.
  public struct Change: Sendable {
    /// The tensor's name in both files.
    public let name: String
    /// The kind of difference.
    public let kind: Kind
  }

  /// The kind of difference in a tensor. Values are compared if dtype and shape are equal.
  public enum Kind: Sendable {
    /// The dtypes differ: that of the first file, then that of the second.
    case dtype(DType, DType)
    /// The shapes differ: that of the first file, then that of the second.
    case shape([Int], [Int])
    /// `count` elements differ, with the largest absolute difference and the largest distance in units in the last
    /// place.
    case values(count: Int, maxAbsolute: Double, maxULP: UInt64)
  }

  init(_ difference: WeightsDifference) {
    onlyInFirst = difference.missing.map(\.name.text)
    onlyInSecond = difference.extra.map(\.name.text)
    equalCount = difference.equalCount
    changed = difference.changed.map { change in
      let kind: Kind =
        switch change.what {
        case .dtype: .dtype(DType(change.a.dtype), DType(change.b.dtype))
        case .shape: .shape(change.a.shape, change.b.shape)
        case .values(let values):
          .values(count: values.count, maxAbsolute: values.maxAbs, maxULP: values.maxULP)
        }
      return Change(name: change.a.name.text, kind: kind)
    }
  }
}

extension TensorCollection {
  /// Compares every tensor with the tensor of the same name in another file or sub-network.
  ///
  /// - Parameters:
  ///   - other: the second file or sub-network.
  ///   - progress: receives progress reports.
  /// - Throws: `TesseraError`, or `CancellationError` if the task is cancelled.
  public func difference(
    from other: some TensorCollection, progress: @escaping ProgressHandler = { _ in }
  ) async throws -> TensorDifference {
    let comparison = WeightsComparison(contents.source, other.contents.source)
    return try await LongWork.perform { check in
      let total = comparison.byteCount
      return TensorDifference(
        try comparison.run { done in
          try check()
          progress(WorkProgress(completed: done, total: total))
        })
    }
  }
}
