internal import FlatFormats
internal import Tensors

/// The shapes that a parameter can have, by the shapes of its state.
enum MomentShapes {
  /// The shapes that the parameter can have; nil if its state has no dimensions.
  static func shapes(of parameter: OptimizerState.Parameter, in tensors: [TensorName: TensorSpec]) -> Set<
    [Int]
  >? {
    let found = parameter.tensors.compactMap { tensors[$0]?.shape }.filter { !$0.isEmpty }
    if found.isEmpty { return nil }
    return factored(parameter, in: tensors).map { [$0] } ?? Set(found)
  }

  /// The shape of a parameter whose second moment is stored as rows and columns (Adafactor).
  private static func factored(
    _ parameter: OptimizerState.Parameter, in tensors: [TensorName: TensorSpec]
  ) -> [Int]? {
    func shape(_ key: String) -> [Int]? {
      guard let entry = parameter.state?.first(where: { $0.key == .text(key) }),
        case .tensor(let name) = entry.value
      else { return nil }
      return tensors[name]?.shape
    }
    // transformers: the means over the last dimension, and over the last but one.
    if let rows = shape("exp_avg_sq_row"), let last = shape("exp_avg_sq_col")?.last { return rows + [last] }
    // torch: the same, with an extent of 1.
    if let rows = shape("row_var"), rows.last == 1, let last = shape("col_var")?.last {
      return rows.dropLast() + [last]
    }
    return nil
  }
}
