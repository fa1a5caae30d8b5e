internal import Tensors

/// The text for a level.
enum LevelText {
  /// `2`, or `2 (small)` if it has a name.
  static func text(_ number: Int, _ name: String?) -> String {
    name.map { "\(number) (\(TensorName($0).escaped))" } ?? "\(number)"
  }
}
