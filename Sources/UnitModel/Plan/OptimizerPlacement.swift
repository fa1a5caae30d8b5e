package import Tensors

/// Compares where a plan puts the state of an optimizer with where it puts the parameters.
package struct OptimizerPlacement {
  /// The tensors of the state with their parameters, in the order of the partition.
  private let pairs: [(moment: TensorPlacement, parameter: TensorPlacement)]

  package init(_ partition: Partition) {
    let tensors = partition.tensors
    let names = OptimizerNames(tensors.map(\.spec.name))
    pairs = names.parameters.sorted { $0.key < $1.key }.map { (tensors[$0.key], tensors[$0.value]) }
  }

  /// The first tensor of a parameter's state that has other users, units or cuts than the parameter, and which of them;
  /// nil if there is none. A sub-network would get wrong moments.
  package var difference: (tensor: TensorName, what: String)? {
    for (moment, parameter) in pairs {
      if let what = Self.difference(moment, parameter) { return (moment.spec.name, what) }
    }
    return nil
  }

  private static func difference(_ moment: TensorPlacement, _ parameter: TensorPlacement) -> String? {
    func users(_ placement: TensorPlacement) -> Set<TensorScope.User> {
      Set(placement.scope.users.map { TensorScope.User(task: $0.task, level: $0.level) })
    }
    if users(moment) != users(parameter) { return "tasks and levels" }
    for user in moment.scope.users {
      let other = parameter.scope.users.first { $0.task == user.task && $0.level == user.level }
      let prefix = OptimizerNames.statePrefix + (other?.alias ?? parameter.spec.name).text + "."
      if !(user.alias ?? moment.spec.name).text.utf8.starts(with: prefix.utf8) { return "names in tasks" }
    }
    if moment.units != parameter.units { return "units" }
    guard OptimizerNames.isOwn(moment.spec, of: parameter.spec) else { return moment.isWhole ? nil : "cuts" }
    let isAlike =
      moment.dimensions == parameter.dimensions && moment.cuts == parameter.cuts
      && moment.owners == parameter.owners && moment.mask == parameter.mask
      && moment.featureOrder == parameter.featureOrder
    return isAlike ? nil : "cuts"
  }

  /// The tensors of the state that stay whole although their parameters are cut.
  package var uncut: [(tensor: TensorName, parameter: TensorName)] {
    pairs.compactMap { moment, parameter in
      guard !parameter.isWhole, OptimizerNames.isForeign(moment.spec, of: parameter.spec) else { return nil }
      return (moment.spec.name, parameter.spec.name)
    }
  }
}
