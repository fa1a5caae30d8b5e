internal import FlatFormats
package import TensorStreams
package import Tensors
internal import UnitCheckpoints
package import UnitModel

extension Plan {
  /// The task of the first input, if there is no plan.
  package static let baseTask = TaskID("base")

  /// The plan with a task for each added input, and `whole` for inputs without a plan.
  ///
  /// The task uses all units, the tensors of `base`, and its own tensors under their own names. Its tensors replace
  /// tensors of the same names: the other tasks keep those of `base`. If the plan has a task of the name already, that
  /// one gets the tensors that its plan does not name.
  ///
  /// - Returns: also the tensors of `base` that a task lacks because they are tied to a replaced one.
  /// - Throws: `ConversionError.added` if names collide, `PlanError` if the plan does not fit.
  package func adding(
    _ inputs: [AddedInput], to base: any TensorSource
  ) throws -> (plan: Plan, lacking: [(task: String, tensor: TensorName)]) {
    if inputs.isEmpty { return (self, []) }
    try requireOwnNames(inputs, base)
    var plan = self
    let all = (0..<unitCount).map { UnitID($0) }
    if plan.tasks.isEmpty {
      plan.tasks = [PlanTask(task: Self.baseTask, order: all, levels: [.count(unitCount)])]
    }
    plan = try plan.filled()
    let replaced = Replaced(base, inputs)
    // Scopes are known once the plan is applied. Tensors that the plan makes private have their users already.
    let placed = replaced.isEmpty ? [] : try plan.place(JoinedInputs(base, inputs)).partition.tensors
    let others = plan.tasks.map(\.task).filter { task in !inputs.contains { TaskID($0.name) == task } }
    for input in inputs where !plan.tasks.contains(where: { $0.task == TaskID(input.name) }) {
      plan.tasks.append(
        PlanTask(task: TaskID(input.name), order: all, levels: [.count(unitCount)]))
    }
    for (number, tensor) in base.tensors.enumerated() {
      guard replaced.isReplaced(number), !placed[number].scope.isPrivate else { continue }
      let users = Set(
        others + inputs.indices.filter { !replaced.has(number, in: $0) }.map { TaskID(inputs[$0].name) })
      for place in plan.tasks.indices where users.contains(plan.tasks[place].task) {
        plan.tasks[place].privateTensors.append(PlanPrivate(selector: .name(tensor.spec.name)))
      }
    }
    for input in inputs {
      guard let place = plan.tasks.firstIndex(where: { $0.task == TaskID(input.name) }),
        let pattern = NamePattern(SourceRecord.prefix(ofTask: input.name) + "*")
      else { continue }
      plan.tasks[place].privateTensors.append(
        PlanPrivate(selector: .match(pattern), alias: NamePattern("*")))
    }
    return (plan, replaced.lacking.map { (inputs[$0.input].name, base.tensors[$0.tensor].spec.name) })
  }

  /// Throws if an input has no tensors, or if `base` has names or a task that belong to an input.
  private func requireOwnNames(_ inputs: [AddedInput], _ base: any TensorSource) throws(ConversionError) {
    var names: Set<String> = []
    for input in inputs {
      func refusal(_ path: String, _ expected: String, _ found: String) -> ConversionError {
        .added(path: path, name: input.name, expected: expected, found: found)
      }
      guard SourceRecord.isValidName(input.name) else {
        throw refusal(input.path, SourceRecord.expectedName, TensorName(input.name).quoted)
      }
      guard names.insert(input.name).inserted else {
        throw refusal(input.path, "each name once", "it twice")
      }
      if tasks.isEmpty, TaskID(input.name) == Self.baseTask {
        throw refusal(input.path, "another name", "that of the task for \(base.path)")
      }
      if input.tensors.isEmpty { throw refusal(input.path, "at least one tensor", "none") }
      let prefix = SourceRecord.prefix(ofTask: input.name)
      if let tensor = base.tensors.first(where: { $0.spec.name.text.utf8.starts(with: prefix.utf8) }) {
        throw refusal(
          base.path, "no tensor under '\(prefix)', which the names of \(input.path) get",
          tensor.spec.name.quoted)
      }
    }
  }

  /// The plan applied to the tensors of a source, before it is compared with the tasks.
  private func place(_ source: JoinedInputs) throws(PlanError) -> ResolvedPlan {
    try place(source.tensors.map(\.spec), ties: source.ties)
  }
}

/// The tensors of the first input that others have under the same name, or that are tied to such a tensor.
private struct Replaced {
  /// For each replaced tensor, the inputs that replace it.
  private let inputs: [Int: Set<Int>]
  /// Tensors that are only tied to a replaced one.
  let lacking: [(input: Int, tensor: Int)]

  init(_ base: any TensorSource, _ added: [AddedInput]) {
    let places = base.places
    let roots = base.tensors.enumerated().map { number, tensor in
      tensor.tiedTo.flatMap { places[$0] } ?? number
    }
    let members = Dictionary(grouping: roots.indices) { roots[$0] }
    var inputs: [Int: Set<Int>] = [:]
    var lacking: [(input: Int, tensor: Int)] = []
    for (number, input) in added.enumerated() {
      let own = Set(input.source.tensors.compactMap { places[$0.spec.name] })
      for place in Set(own.flatMap { members[roots[$0]] ?? [] }).sorted() {
        inputs[place, default: []].insert(number)
        if !own.contains(place) { lacking.append((number, place)) }
      }
    }
    self.inputs = inputs
    self.lacking = lacking
  }

  var isEmpty: Bool { inputs.isEmpty }

  func isReplaced(_ tensor: Int) -> Bool { inputs[tensor] != nil }

  func has(_ tensor: Int, in input: Int) -> Bool { inputs[tensor]?.contains(input) == true }
}
