internal import Tensors
internal import UnitModel

/// The experts of a mixture, of which a router chooses some for each token: which tensors are theirs, and of which.
///
/// On disk they lie one by one (`mlp.experts.3.up_proj.weight`), or stacked along the first dimension
/// (`mlp.experts.gate_up_proj`). Shared experts are used by every token, and are none of these.
struct RoutedExperts {
  /// What an expert's tensor is.
  enum Place: Hashable {
    /// Of the expert with this rank among those of its layer, from 0.
    case one(rank: Int)
    /// Of all of them.
    case stacked
  }

  /// By place among the tensors: what it is, and of how many experts.
  private(set) var places: [Int: (place: Place, of: Int)] = [:]
  /// Stacked in a way that shapes do not tell: the first of them.
  private(set) var unknown: TensorName?

  /// The least number of experts of a layer; nil where there are none.
  var least: Int? { places.values.map(\.of).min() }

  init(_ specs: [TensorSpec]) {
    var numbered: [String: [Int: [Int]]] = [:]
    var stacked: [String: [Int]] = [:]
    for (index, spec) in specs.enumerated() {
      let list = NameComponents(spec.name).list
      guard let start = Self.layer(of: list) else { continue }
      let layer = list[...start].map(NameComponents.text).joined(separator: ".")
      var rest = list[(start + 1)...]
      if rest.first?.elementsEqual("local_experts".utf8) == true { rest.removeFirst() }
      if let number = rest.first.flatMap(Self.number) {
        numbered[layer, default: [:]][number, default: []].append(index)
      } else {
        stacked[layer, default: []].append(index)
      }
    }
    for experts in numbered.values {
      for (rank, number) in experts.keys.sorted().enumerated() {
        for index in experts[number] ?? [] { places[index] = (.one(rank: rank), experts.count) }
      }
    }
    for indices in stacked.values {
      // Matrices of all experts have three dimensions or more; biases and scales beside them have the same first.
      let counts = Set(indices.map { specs[$0] }.filter { $0.shape.count >= 3 }.map { $0.shape[0] })
      guard counts.count == 1, let count = counts.first, count > 0,
        indices.allSatisfy({ specs[$0].shape.first == count })
      else {
        unknown = unknown ?? indices.min().map { specs[$0].name }
        continue
      }
      for index in indices { places[index] = (.stacked, count) }
    }
  }

  /// The place of the component that holds a layer's experts: `experts`, or what Granite calls its block.
  private static func layer(of list: [ArraySlice<UInt8>]) -> Int? {
    if let start = list.firstIndex(where: { $0.elementsEqual("experts".utf8) }) { return start }
    guard let start = list.firstIndex(where: { $0.elementsEqual("block_sparse_moe".utf8) }),
      list.indices.contains(start + 1)
    else { return nil }
    return ["input_linear", "output_linear"].contains { list[start + 1].elementsEqual($0.utf8) } ? start : nil
  }

  /// `3`, or `expert_3`.
  private static func number(_ component: ArraySlice<UInt8>) -> Int? {
    let prefix = "expert_".utf8
    let digits = component.starts(with: prefix) ? component.dropFirst(prefix.count) : component
    guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int(NameComponents.text(digits))
  }
}

extension Inventory {
  /// The experts, where a policy counts those that are active: checked against how many are.
  func activeExperts(of policy: CountingPolicy) throws(AccountingError) -> (
    experts: RoutedExperts, count: Int
  )? {
    guard policy.experts == .active else { return nil }
    let experts = RoutedExperts(tensors)
    if let unknown = experts.unknown {
      throw .elsewhere(
        sentence:
          "policy '\(policy.id)': expected experts one by one, or stacked along the first dimension, found "
          + unknown.quoted)
    }
    guard let least = experts.least else { return nil }
    guard let count = expertsPerToken else { throw .needsTopK(policy: policy.id, experts: least) }
    guard count <= least else {
      throw .elsewhere(
        sentence:
          "policy '\(policy.id)': expected at most \(least) experts for a token, as a layer has, found \(count) "
          + "(--top-k, or num_experts_per_tok of config.json)")
    }
    for index in experts.places.keys.sorted() where placements.indices.contains(index) {
      let placement = placements[index]
      let isCutApart =
        !placement.units.isEmpty || placement.scope.isPrivate
        || (experts.places[index]?.place == .stacked && placement.cutDimensions.contains(0))
      if isCutApart {
        throw .elsewhere(
          sentence:
            "policy '\(policy.id)': expected experts that every sub-network has, found \(tensors[index].name.quoted), "
            + "which belongs to some; count with another policy, such as pytorch-parameters")
      }
    }
    return (experts, count)
  }
}
