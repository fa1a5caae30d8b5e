package import Tensors

extension OptimizerState {
  /// The names that tensors get beside those of a model, for parameters of these names.
  ///
  /// `state.0.exp_avg` becomes `optimizer.state.fc.weight.exp_avg`, as `torch.distributed.checkpoint` names it. A
  /// setting that is a tensor is `optimizer.param_groups.0.lr`.
  package func flatNames(_ names: [TensorName]) -> [TensorName: TensorName] {
    var found: [TensorName: TensorName] = [:]
    for (parameter, name) in zip(parameters, names) {
      let own = Self.rawPrefix(of: parameter.id)
      for tensor in parameter.tensors {
        found[tensor] = TensorName(OptimizerNames.statePrefix + name.text + "." + tensor.rest(after: own))
      }
    }
    for tensor in groups.flatMap({ $0.values.flatMap(\.value.tensors) }) {
      found[tensor] = TensorName(OptimizerNames.prefix + tensor.text)
    }
    for tensor in others.flatMap(\.value.tensors) {
      found[tensor] = TensorName(OptimizerNames.prefix + "other." + tensor.text)
    }
    return found
  }

  /// The start of the names that a reader gives to the tensors of a parameter's state.
  static func rawPrefix(of id: Key) -> String { "state.\(id.text)." }

  /// The state of some of the parameters, for a model with fewer tensors.
  ///
  /// Parameters are numbered again, in their order; groups stay, even if they have no parameter left.
  ///
  /// - Parameters:
  ///   - names: the new names of the parameters that stay.
  ///   - tensors: the new names of the tensors of the state that stay. A parameter whose tensors are not all among them
  ///     has no state.
  package func part(
    names: [TensorName: TensorName], tensors: [TensorName: TensorName]
  ) -> OptimizerState {
    var part = self
    part.parameters = []
    part.groups = []
    var next = 0
    for group in groups {
      var members: [Int] = []
      for place in group.parameters {
        var parameter = parameters[place]
        guard let name = parameter.name.flatMap({ names[$0] }) else { continue }
        if case .number = parameter.id {
          parameter.id = .number(next)
        } else {
          parameter.id = .text(name.text)
        }
        next += 1
        parameter.name = name
        if !parameter.tensors.allSatisfy({ tensors[$0] != nil }) { parameter.state = nil }
        members.append(part.parameters.count)
        part.parameters.append(parameter)
      }
      part.groups.append(Group(parameters: members, hasNames: group.hasNames, values: group.values))
    }
    return part.renaming(tensors)
  }
}

extension TensorName {
  /// The text after a prefix that it has.
  fileprivate func rest(after prefix: String) -> String {
    guard text.utf8.starts(with: prefix.utf8) else { return text }
    return String(decoding: text.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
  }
}
