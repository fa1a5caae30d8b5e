internal import Accounting
internal import Tensors
internal import UnitModel

/// A part that is counted for one method and not for another, so that their numbers cannot be compared.
public struct Asymmetry: Hashable, Sendable {
  /// The names of the methods concerned.
  public let methods: [String]
  /// One sentence.
  public let sentence: String

  static func find(_ study: Study, _ points: [StudyPoint], _ policies: [CountingPolicy]) -> [Asymmetry] {
    guard let common = policies.first else { return [] }
    var found: [Asymmetry] = []
    for method in study.methods where !method.cited.isEmpty {
      let under = method.cited.map(\.policy)
      if under.contains(common.id) { continue }
      let list = method.cited.map { "\($0.parameters.grouped) under '\($0.policy)'" }.joined(
        separator: ", ")
      found.append(
        Asymmetry(
          methods: [method.name],
          sentence:
            "\(method.name) has no number under the common policy '\(common.id)', so it is not compared; "
            + "cited: \(list)"))
    }
    for part in [NetworkPart.head, .stem, .shortcut] {
      found += compare(points, "\(part.rawValue)s") { row in
        let count = row.parts.first { $0.part == part }
        return (count?.parameters.value ?? 0, count?.excluded.value ?? 0)
      }
    }
    for role in [ParameterRole.selector, .mask, .kernelTransform] {
      found += compare(points, "\(role.rawValue) tensors", isOptional: true) { row in
        let count = row.roles.first { $0.role == role }
        return (count?.parameters.value ?? 0, count?.excluded.value ?? 0)
      }
    }
    return found
  }

  /// Methods that lack something that is counted for another method, because it is left out or because they have none.
  private static func compare(
    _ points: [StudyPoint], _ what: String, isOptional: Bool = false,
    _ elements: (ParameterRow) -> (counted: Int, left: Int)
  ) -> [Asymmetry] {
    var counted: [String] = []
    var left: [(method: String, elements: Int)] = []
    var none: [String] = []
    for point in points {
      guard let row = point.row else { continue }
      let method = point.result.method
      let (some, out) = elements(row)
      if some > 0, !counted.contains(method) { counted.append(method) }
      if some == 0, out > 0, !left.contains(where: { $0.method == method }) { left.append((method, out)) }
      if some == 0, out == 0, !none.contains(method) { none.append(method) }
    }
    none.removeAll { method in counted.contains(method) || left.contains { $0.method == method } }
    var found: [Asymmetry] = []
    if isOptional {
      // If only one method needs something, leaving it out is an asymmetry; that the others have none is not.
      found += left.map {
        Asymmetry(
          methods: [$0.method],
          sentence: "\($0.method) is counted without its \(what) (\($0.elements.grouped) elements)")
      }
      return found
    }
    guard !counted.isEmpty else { return [] }
    found += left.map {
      Asymmetry(
        methods: [$0.method],
        sentence: "\($0.method) is counted without its \(what) (\($0.elements.grouped) elements), "
          + "\(counted.joined(separator: ", ")) with them")
    }
    found += none.map {
      Asymmetry(
        methods: [$0],
        sentence: "\($0) has no \(what) in its file, \(counted.joined(separator: ", ")) is counted with them")
    }
    return found
  }
}
