import Tensors
import Testing
import UnitModel

@testable import Accounting

/// Weights that are computed from others, as PyTorch saves them: `model.parameters()` is counted, buffers are not.
@Suite("Reparametrised weights")
struct ReparametrisationTests {
  typealias File = [(name: String, shape: [Int], isParameter: Bool)]

  /// The tensors that a method saves for a weight `#` of a shape.
  private static let methods: [(words: String, file: @Sendable (String, [Int]) -> File)] = [
    (
      "spectral norm, with hooks",
      { name, shape in
        [
          ("\(name)_orig", shape, true), ("\(name)_u", [shape[0]], false),
          ("\(name)_v", [shape.dropFirst().reduce(1, *)], false),
        ]
      }
    ),
    (
      "spectral norm, parametrized",
      { name, shape in
        let folder = Self.folder(name)
        return [
          ("\(folder).original", shape, true), ("\(folder).0._u", [shape[0]], false),
          ("\(folder).0._v", [shape.dropFirst().reduce(1, *)], false),
        ]
      }
    ),
    (
      "weight norm, with hooks",
      { name, shape in
        [
          ("\(name)_g", [shape[0]] + shape.dropFirst().map { _ in 1 }, true), ("\(name)_v", shape, true),
        ]
      }
    ),
    (
      "weight norm, parametrized",
      { name, shape in
        [
          ("\(Self.folder(name)).original0", [shape[0]] + shape.dropFirst().map { _ in 1 }, true),
          ("\(Self.folder(name)).original1", shape, true),
        ]
      }
    ),
    (
      "orthogonal, parametrized",
      { name, shape in
        [("\(Self.folder(name)).original", shape, true), ("\(Self.folder(name)).0.base", shape, false)]
      }
    ),
    ("factors of low rank", { name, shape in [("\(name)_u", shape, true), ("\(name)_v", shape, true)] }),
    ("pruned", { name, shape in [("\(name)_orig", shape, true), ("\(name)_mask", shape, false)] }),
  ]

  private static func folder(_ name: String) -> String {
    let parts = name.split(separator: ".")
    return (parts.dropLast() + ["parametrizations"] + parts.suffix(1)).joined(separator: ".")
  }

  @Test("count what training changes, and no vectors of a spectral norm")
  func counted() throws {
    var cases = 0
    for method in Self.methods {
      for name in ["conv.weight", "0.weight", "lstm.weight_hh_l0"] {
        for shape in [[8, 6], [6, 6], [8, 4, 3, 3]] {
          let file =
            method.file(name, shape) + [("\(name.split(separator: ".")[0]).bias", [shape[0]], true)]
          let inventory = Inventory(
            flat: try file.map { try TensorSpec(name: TensorName($0.name), dtype: .f32, shape: $0.shape) })
          let counts = try inventory.counts(under: PolicyPreset.policy(named: "pytorch-parameters"))
          let wanted = file.filter(\.isParameter).reduce(0) { $0 + $1.shape.reduce(1, *) }
          #expect(counts.stored.parameters.value == wanted, "\(method.words): \(name) \(shape)")
          // A tensor from which a weight is computed is a weight, whatever its name.
          let roles = Dictionary(uniqueKeysWithValues: zip(file.map(\.name), inventory.roles.map(\.role)))
          for tensor in file where tensor.isParameter && tensor.shape == shape {
            #expect(roles[tensor.name] == .weight, "\(tensor.name)")
          }
          #expect(
            roles["\(name.split(separator: ".")[0]).bias"] == .bias, "\(method.words): \(name) \(shape)")
          cases += 1
        }
      }
    }
    #expect(cases == 63)
  }
}
