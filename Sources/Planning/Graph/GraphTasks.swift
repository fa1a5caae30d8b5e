internal import Inference
internal import ONNXGraph
internal import Tensors
internal import UnitModel

/// The outputs of a graph as tasks, and the weights that only some of them need.
struct GraphTasks {
  let tasks: [PlanTask]
  let rule: String
  let words: [String]

  init(_ model: Model, request: PlanRequest) {
    let outputs = model.graph.outputs.map(\.name)
    let isMany = outputs.count > Self.outputLimit
    let isOne = request.tasks.isEmpty && (outputs.count < 2 || isMany)
    let named = isOne ? [.all] : request.tasks.isEmpty ? outputs.map { TaskID($0) } : request.tasks
    var tasks = request.planTasks(named)
    var words: [String] = []
    if request.tasks.isEmpty, !isOne { words.append("the \(outputs.count) outputs are the tasks") }
    if request.tasks.isEmpty, isMany {
      words.append(
        "the \(outputs.count) outputs are one task: a plan from a graph has at most \(Self.outputLimit)")
    }
    let known = Set(outputs.map { TaskID($0) })
    if !isMany, named.allSatisfy(known.contains) {
      let (users, isComplete) = Self.users(model, outputs: outputs)
      for index in tasks.indices {
        tasks[index].privateTensors = (users[tasks[index].task] ?? []).map {
          PlanPrivate(selector: .name($0))
        }
      }
      if !isComplete {
        words.append(
          "no tensor is private: there would be more than \(Self.privateLimit.grouped) private tensors "
            + "over all tasks")
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

  /// The most outputs that become tasks.
  private static let outputLimit = Partition.unitLimit
  /// The most private tensors of all tasks together; a plan with more would be larger than its model.
  private static let privateLimit = 1 << 17

  /// The weights that each output needs and some other output does not, in the order of the file. If there are too
  /// many, the list is empty and the flag is false.
  ///
  /// The walks from the outputs use numbers, not names: 1,024 outputs of 20,000 nodes take a second.
  private static func users(
    _ model: Model, outputs: [String]
  ) -> (byOutput: [TaskID: [TensorName]], isComplete: Bool) {
    guard let constants = try? model.constants() else { return ([:], true) }
    var numbers: [TensorName: Int] = [:]
    func number(_ name: String) -> Int {
      let name = TensorName(name)
      if let known = numbers[name] { return known }
      numbers[name] = numbers.count
      return numbers.count - 1
    }
    let nodes = model.graph.nodes.map { node in
      (inputs: node.usedNames.map(number), outputs: node.outputs.filter { !$0.isEmpty }.map(number))
    }
    let roots = outputs.map(number)
    let weights = constants.map { number($0.name.text) }
    var makers = [Int](repeating: -1, count: numbers.count)
    for (place, node) in nodes.enumerated() { for name in node.outputs { makers[name] = place } }
    // The last output whose walk reached each value, so nothing has to be cleared between walks.
    var reached = [Int](repeating: -1, count: numbers.count)
    var counts = [Int](repeating: 0, count: numbers.count)
    func walk(from output: Int, mark: Int) {
      var stack = [roots[output]]
      reached[roots[output]] = mark
      while let name = stack.popLast() {
        guard makers[name] >= 0 else { continue }
        for input in nodes[makers[name]].inputs where reached[input] != mark {
          reached[input] = mark
          stack.append(input)
        }
      }
    }
    for output in outputs.indices {
      walk(from: output, mark: output)
      for weight in weights where reached[weight] == output { counts[weight] += 1 }
    }
    let total = weights.reduce(0) { $0 + (counts[$1] < outputs.count ? counts[$1] : 0) }
    if total > privateLimit { return ([:], false) }
    var byOutput: [TaskID: [TensorName]] = [:]
    for (place, output) in outputs.enumerated() {
      walk(from: place, mark: outputs.count + place)
      let mark = outputs.count + place
      byOutput[TaskID(output)] = zip(constants, weights).compactMap { tensor, weight in
        reached[weight] == mark && counts[weight] < outputs.count ? tensor.name : nil
      }
    }
    return (byOutput, true)
  }
}
