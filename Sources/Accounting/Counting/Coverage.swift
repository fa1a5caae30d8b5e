internal import UnitModel

/// The elements that a row counts: those of some sub-networks, without those of some others.
struct Coverage: Hashable {
  /// Indices of the networks whose elements are counted together; nil for everything stored.
  let networks: [Int]?
  /// Indices of the networks whose elements are not counted again.
  let without: [Int]

  /// Everything in the file.
  static let stored = Coverage(networks: nil, without: [])
  /// No elements.
  static let nothing = Coverage(networks: [], without: [])
}

extension Inventory {
  /// The coverage of a network under a policy's scope.
  func coverage(of index: Int, _ scope: CountingPolicy.Scope) -> Coverage {
    let network = networks[index]
    switch scope {
    case .active, .standAlone: return Coverage(networks: [index], without: [])
    case .stored: return .stored
    case .union:
      return Coverage(networks: networks.indices.filter { networks[$0].level <= network.level }, without: [])
    case .increment:
      let lower = networks.indices.filter {
        networks[$0].task == network.task && networks[$0].level < network.level
      }
      return Coverage(networks: lower + [index], without: lower)
    }
  }

  /// The coverage of tensors that count beyond the level's own: those of the whole task, or all tensors of the file.
  func widened(_ coverage: Coverage, to extent: CountingPolicy.Extent) -> Coverage {
    guard let chosen = coverage.networks else { return coverage }
    switch extent {
    case .active: return coverage
    case .task:
      return Coverage(networks: allLevels(of: chosen), without: allLevels(of: coverage.without))
    case .file:
      // With the extent `file`, all tensors of the file belong to the task's first increment, and none to later ones.
      return coverage.without.isEmpty ? .stored : .nothing
    }
  }

  private func allLevels(of chosen: [Int]) -> [Int] {
    let tasks = Set(chosen.map { networks[$0].task })
    return networks.indices.filter { tasks.contains(networks[$0].task) }
  }
}
