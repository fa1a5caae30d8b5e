internal import Inference
internal import ONNXGraph
internal import Tensors
internal import UnitModel

/// Who uses what: the outputs of a graph as tasks, and the weights that only some of them need.
struct GraphTasks {
  let tasks: [PlanTask]
  let rule: String
  let words: [String]

  init(_ model: Model, request: PlanRequest) {
    let outputs = model.graph.outputs.map(\.name)
    let isOne = request.tasks.isEmpty && outputs.count < 2
    let named = isOne ? [.all] : request.tasks.isEmpty ? outputs.map { TaskID($0) } : request.tasks
    var tasks = request.planTasks(named)
    var words: [String] = []
    if request.tasks.isEmpty, !isOne { words.append("the \(outputs.count) outputs are the tasks") }
    let areOutputs = named.allSatisfy { outputs.contains($0.text) }
    if areOutputs {
      for (weight, users) in Self.users(model, outputs: outputs) where users.count < outputs.count {
        for index in tasks.indices where users.contains(tasks[index].task.text) {
          tasks[index].privateTensors.append(PlanPrivate(selector: .name(TensorName(weight))))
        }
      }
    }
    if named.count > request.unitCount {
      for index in tasks.indices { tasks[index].order = (0..<request.unitCount).map { UnitID($0) } }
      rule = "by-hand"
      words.append(
        "there are more tasks (\(named.count)) than units, so no rule orders them: each takes units 0 to \(request.unitCount - 1)"
      )
    } else {
      rule = request.rule.rawValue
    }
    self.tasks = tasks
    self.words = words
  }

  /// The outputs that need each weight, weights in the order of the file.
  private static func users(_ model: Model, outputs: [String]) -> [(weight: String, outputs: Set<String>)] {
    var makers: [String: Node] = [:]
    for node in model.graph.nodes { for name in node.outputs where !name.isEmpty { makers[name] = node } }
    var users: [String: Set<String>] = [:]
    for output in outputs {
      var stack = [output]
      var seen: Set<String> = [output]
      while let name = stack.popLast() {
        users[name, default: []].insert(output)
        for input in makers[name]?.usedNames ?? [] where seen.insert(input).inserted { stack.append(input) }
      }
    }
    guard let constants = try? model.constants() else { return [] }
    return constants.compactMap { tensor in
      users[tensor.name.text].map { (tensor.name.text, $0) }
    }
  }
}
