internal import Tensors
internal import UnitModel

extension Inventory {
  /// The experts and the number of active ones, if a policy counts only active experts; nil for other policies and
  /// dense models.
  ///
  /// All parameters of a dense model are active. If the configuration or the number of experts for a token shows that a
  /// model has experts, and none are found, the model is refused: the count would be wrong.
  func activeExperts(of policy: CountingPolicy) throws(AccountingError) -> (
    experts: RoutedExperts, count: Int
  )? {
    guard policy.experts == .active else { return nil }
    let sizes = tensors.indices.map { index in
      roles[index].role == .quantisation ? 0 : packings[index]?.logical ?? tensors[index].elementCount
    }
    let experts = RoutedExperts(tensors, sizes: sizes, declared: declaredExperts)
    func expected(_ words: String) -> AccountingError { .experts(policy: policy.id, words: words) }
    if let problem = experts.problem { throw expected(problem) }
    guard let least = experts.least else {
      let isDense = declaredExperts.isEmpty ? expertsPerToken == nil : declaredExperts.allSatisfy { $0 <= 1 }
      if isDense { return nil }
      throw expected(
        "experts, because \(declaredExperts.isEmpty ? "their number for a token is given" : "config.json declares them"), "
          + "found no tensor of an expert; count with another policy, such as pytorch-parameters")
    }
    guard let count = expertsPerToken else { throw .needsTopK(policy: policy.id, experts: least) }
    guard count <= least else {
      throw expected(
        "at most \(least) experts for a token, the number in a layer, found \(count) "
          + "(--top-k, or num_experts_per_tok of config.json)")
    }
    for index in experts.places.keys.sorted() where placements.indices.contains(index) {
      let placement = placements[index]
      let isCutApart =
        !placement.units.isEmpty || placement.scope.isPrivate
        || (experts.places[index]?.place == .stacked && placement.cutDimensions.contains(0))
      if isCutApart {
        throw expected(
          "experts that every sub-network has, found \(tensors[index].name.quoted), "
            + "which belongs to some; count with another policy, such as pytorch-parameters")
      }
    }
    return (experts, count)
  }
}
