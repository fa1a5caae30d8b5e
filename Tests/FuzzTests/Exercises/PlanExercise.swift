import Tensors
import UnitModel

/// Reads a plan, writes it again, and applies it to a few tensors.
enum PlanExercise {
  static func run(_ bytes: [UInt8]) {
    do {
      let plan = try Plan(parsing: bytes)
      let text = try plan.text()
      let again = try Plan(parsing: Array(text.utf8))
      require(try again.text() == text, "a plan that was written is read as it was")
      do { _ = try plan.filled().text() } catch { requireSentence(error) }
      let described = try plan.describedTensors
      _ = try plan.resolve(against: described.isEmpty ? specs : described, ties: ties)
    } catch { requireSentence(error) }
  }

  private static let specs: [TensorSpec] = [
    ("stem.weight", [8, 3, 3, 3]), ("layer0.up.weight", [12, 8]), ("layer0.up.bias", [12]),
    ("layer0.down.weight", [8, 12]), ("layer1.up.weight", [12, 8]), ("layer1.down.weight", [8, 12]),
    ("a.weight", [4, 3]), ("b.weight", [2, 4]), ("head.fine.weight", [5, 8]), ("head.fine.1.weight", [5, 2]),
    ("scale", []), ("nothing", [0, 8]),
  ].compactMap { try? TensorSpec(name: TensorName($0.0), dtype: .f32, shape: $0.1) }

  private static let ties: [TensorName: TensorName] = ["layer1.up.weight": "layer0.up.weight"]
}
