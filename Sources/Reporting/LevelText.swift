internal import Tensors

/// A level as texts show it.
enum LevelText {
  /// `2`, or `2 (small)` where it has a name.
  static func text(_ number: Int, _ name: String?) -> String {
    name.map { "\(number) (\(TensorName($0).escaped))" } ?? "\(number)"
  }
}
