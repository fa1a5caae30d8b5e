import ByteFiles
import Conversion
import FlatFormats
import Foundation
import TensorStreams
import Tensors
import TestSupport
import Testing
import UnitCheckpoints
import UnitModel

/// Training checkpoints of PyTorch (Tests/Fixtures/optimizer/make.py) through unit checkpoints and back.
@Suite("Optimizers")
struct OptimizerTests {
  private static func path(_ name: String) -> String { SourceFolder.fixtures + "/optimizer/" + name }

  private static func open(_ path: String) throws -> any FlatWeightsSource {
    try FlatFormats.open(try ReadableFile(path: path))
  }

  private static func trained(_ name: String, order: [TensorName]? = nil) throws -> TrainedWeights {
    let flat = try open(path(name))
    return try TrainedWeights(flat, try #require(try flat.optimizer()), order: order)
  }

  /// The channels of `up`, `norm` and `down`, in two units, and a private head for each task.
  private static func plan() throws -> Plan {
    try Plan(parsing: TemporaryFolder.bytes(of: path("training.json")))
  }

  private static func cut(_ trained: TrainedWeights, _ plan: Plan) throws -> (
    CheckpointContents, ResolvedPlan
  ) {
    let (contents, resolved) = try CheckpointContents.cutting(
      trained.weights, plan: try plan.adding(trained), planPath: "plan.json", trained: trained)
    return (contents, resolved)
  }

  /// Every tensor of a source by name, and its bytes.
  private static func bytes(of source: any TensorSource) throws -> [TensorName: [UInt8]] {
    var found: [TensorName: [UInt8]] = [:]
    for (number, tensor) in source.tensors.enumerated() {
      found[tensor.spec.name] = try source.reader(of: number).rest()
    }
    return found
  }

  static let cases: [(name: String, place: [OptimizerState.Key], model: [String], groups: [Int])] = [
    ("adamw.pt", [.text("optimizer")], ["model"], [10]),
    ("named.pt", [.text("optimizer_state_dict")], ["model_state_dict"], [6, 4]),
    ("groups.pt", [.text("optimizer")], ["model"], [4, 5]),
    ("sgd.ckpt", [.text("optimizer_states"), .number(0)], ["state_dict"], [10]),
  ]

  @Test("the state comes back from units as it was", arguments: cases.map(\.name))
  func roundTrip(name: String) throws {
    let row = try #require(Self.cases.first { $0.name == name })
    let trained = try Self.trained(name)
    let state = trained.optimizer.state
    #expect(state.place == row.place)
    #expect(state.modelPlace == row.model)
    #expect(state.groups.map(\.parameters.count) == row.groups)
    #expect(trained.isMatchedByOrder == (name == "adamw.pt" || name == "groups.pt" || name == "sgd.ckpt"))
    #expect(!trained.leftOut.contains { $0.why.contains("optimizer") })
    let folder = try TemporaryFolder()
    let plan = name == "groups.pt" ? .whole : try Self.plan()
    let (contents, _) = try Self.cut(trained, plan)
    let units = folder.file("m.h5")
    try FlatToUnits(trained, contents: contents, destination: units).run { _ in }
    let checkpoint = try UnitCheckpoint(try ReadableFile(path: units))
    _ = try checkpoint.resolvedPlan()
    let stored = try #require(try checkpoint.optimizer())
    #expect(stored.state == state)
    let source = ChosenTensors(
      checkpoint, at: Array(try checkpoint.base().numbers) + Array(stored.numbers))
    let back = folder.file("back.pt")
    let sink = try FlatFormats.sink(
      kind: .pytorch, path: back, specs: source.tensors.map(\.spec),
      ties: source.tensors.compactMap(TensorTie.init), optimizer: stored.state)
    try CopyTensors(source, to: sink).run { _ in }
    let again = try TrainedWeights(Self.open(back), try #require(try Self.open(back).optimizer()))
    #expect(again.optimizer.state.parameters == state.parameters)
    #expect(again.optimizer.state.groups == state.groups)
    #expect(again.optimizer.state.place == state.place)
    #expect(try Self.bytes(of: again) == Self.bytes(of: trained))
    #expect(again.weights.tensors.map(\.tiedTo) == trained.weights.tensors.map(\.tiedTo))
  }

  @Test("parameters have the names of the model, whatever their numbers are")
  func names() throws {
    #expect(
      try Self.trained("groups.pt").optimizer.state.parameters.map(\.name) == [
        "embed.weight", "layers.0.weight", "layers.1.weight", "layers.2.weight",
        "norm.weight", "norm.bias", "layers.0.bias", "layers.1.bias", "layers.2.bias",
      ])
    let state = try Self.trained("adamw.pt").optimizer.state
    #expect(state.parameters[2].name == "norm.weight")
    #expect(
      state.parameters[4].tensors == [
        "optimizer.state.down.weight.step", "optimizer.state.down.weight.exp_avg",
        "optimizer.state.down.weight.exp_avg_sq",
      ])
    let groups = try Self.trained("groups.pt").optimizer.state.groups
    // One tensor may be the learning rate of both groups.
    #expect(groups.compactMap { $0.values.first { $0.key == .text("lr") }?.value }.count == 2)
  }

  @Test("values come back exactly, a float by its bits")
  func values() throws {
    let state = try Self.trained("named.pt").optimizer.state
    let values = state.groups[1].values
    func value(_ key: String) -> OptimizerState.Value? { values.first { $0.key == .text(key) }?.value }
    #expect(value("lr") == .real((0.1 + 0.2).bitPattern))
    #expect(value("betas") == .tuple([.real((0.8).bitPattern), .real((0.95).bitPattern)]))
    #expect(value("amsgrad") == .boolean(true))
    #expect(value("foreach") == OptimizerState.Value.none)
    #expect(state.groups[1].hasNames)
    #expect(try OptimizerState(parsing: state.bytes) == state)
  }

  static let networks: [(task: TaskID, level: Int)] = [("a", 1), ("a", 2), ("b", 1), ("b", 2)].map {
    (TaskID($0.0), $0.1)
  }

  @Test(
    "in every sub-network, moments have the shape, the cut and the name of their parameters",
    arguments: networks.indices)
  func network(number: Int) throws {
    let (task, level) = Self.networks[number]
    // The moments of this file are copies of the parameters.
    let trained = try Self.trained("copies.pt")
    let folder = try TemporaryFolder()
    let (contents, resolved) = try Self.cut(trained, try Self.plan())
    let units = folder.file("m.h5")
    try FlatToUnits(trained, contents: contents, destination: units).run { _ in }
    let checkpoint = try UnitCheckpoint(try ReadableFile(path: units))
    let network = try resolved.assignment.network(task: task, level: LevelNumber(level))
    let stored = try #require(try checkpoint.optimizer())
    let part = stored.part(for: try SubNetwork(network, of: checkpoint), of: checkpoint)
    #expect(part.without.isEmpty)
    let source = SubNetworkSource(part.subNetwork, of: checkpoint)
    let path = folder.file("small.pt")
    let sink = try FlatFormats.sink(
      kind: .pytorch, path: path, specs: source.tensors.map(\.spec), optimizer: part.state)
    try CopyTensors(source, to: sink).run { _ in }
    let small = try Self.open(path)
    let state = try #require(try small.optimizer())
    let again = try TrainedWeights(small, state)
    let found = try Self.bytes(of: again)
    let parameters = again.optimizer.state.parameters
    #expect(parameters.map(\.id) == (0..<8).map { .number($0) })
    #expect(again.optimizer.state.groups.map(\.parameters.count) == [5, 3])
    #expect(again.optimizer.state.groups[0].hasNames)
    #expect(Set(parameters.compactMap(\.name)).isSuperset(of: ["head.weight", "head.bias", "up.weight"]))
    var count = 0
    for parameter in parameters {
      let name = try #require(parameter.name)
      let own = try #require(found[name])
      for moment in ["exp_avg", "exp_avg_sq", "max_exp_avg_sq"] {
        #expect(found[TensorName("optimizer.state.\(name.text).\(moment)")] == own, "\(name) \(moment)")
        count += 1
      }
    }
    #expect(count == 24)
    #expect(found["up.weight"]?.count == level * 3 * 3 * 4)
  }

  static let refusals: [(name: String, words: String)] = [
    ("several.pt", "several ways"), ("some.pt", "several ways"),
  ]

  @Test(
    "numbers that fit several orders are refused, with the way to make them certain",
    arguments: refusals.map(\.name))
  func refused(name: String) throws {
    let words = try #require(Self.refusals.first { $0.name == name }?.words)
    let error = #expect(throws: ConversionError.self) { try Self.trained(name) }
    let sentence = try #require(error?.description)
    #expect(sentence.contains(words), "\(sentence)")
    #expect(sentence.contains("model.named_parameters()"), "\(sentence)")
  }

  @Test("a tensor of every floating-point dtype may be a parameter, and no other")
  func dtypes() throws {
    let specs = try DType.allCases.map {
      try TensorSpec(name: TensorName($0.rawValue), dtype: $0, shape: [2, 1024])
    }
    let found = ParameterOrder.candidates(among: specs.map { ($0, false) }).map(\.dtype)
    #expect(
      found == [
        .f64, .f32, .f16, .bf16, .f8E4M3, .f8E5M2, .f8E8M0, .f8E4M3FNUZ, .f8E5M2FNUZ, .f6E2M3, .f6E3M2, .f4,
        .c64, .c128,
      ])
  }

  @Test("a list of names gives the order that a file does not keep")
  func order() throws {
    let names: [TensorName] = [
      "up.weight", "up.bias", "norm.weight", "norm.bias", "down.weight", "down.bias", "heads.a.weight",
      "heads.a.bias", "heads.b.weight", "heads.b.bias",
    ]
    let flat = try Self.open(Self.path("adamw.pt"))
    let beside = try #require(try Self.open(Self.path("optimizer.pt")).optimizer())
    #expect(beside.state.place.isEmpty)
    let trained = try TrainedWeights(flat, beside, order: names)
    #expect(trained.optimizer.state.parameters.map(\.name) == names)
    let wrong = #expect(throws: ConversionError.self) {
      try TrainedWeights(flat, beside, order: names.reversed())
    }
    #expect(
      wrong?.description.contains("expected state of the shape") == true, "\(String(describing: wrong))")
    for (order, words) in [
      (names.dropLast() + ["nothing"], "'nothing', which is none"), (names + ["nothing"], "found 11"),
      (names.dropLast() + ["up.bias"], "'up.bias' twice"),
    ] {
      let error = #expect(throws: ConversionError.self) {
        try TrainedWeights(flat, beside, order: Array(order))
      }
      #expect(error?.description.contains(words) == true, "\(String(describing: error))")
    }
    let named = try #require(try Self.open(Self.path("named.pt")).optimizer())
    let needless = #expect(throws: ConversionError.self) {
      try TrainedWeights(Self.open(Self.path("named.pt")), named, order: names)
    }
    #expect(needless?.description.contains("has the names of its parameters") == true)
  }

  /// One group for each layer, as decay of learning rates by layer makes them, in an order of its own. The judge tries
  /// every division of the tensors among the groups.
  @Test("numbers are matched only if one division among the groups fits", arguments: 0..<200)
  func divisions(seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    let shapes = (0..<random.number(in: 1...6)).map { _ in [random.number(in: 1...3)] }
    let candidates = try shapes.enumerated().map {
      try TensorSpec(name: TensorName("t\($0)"), dtype: .f32, shape: $1)
    }
    let count = random.number(in: 1...3)
    // Each tensor is in a group, or in none; then the groups are numbered as the optimizer does.
    let homes = shapes.map { _ in random.number(in: 0...count * 3) }.map {
      $0 < count * 3 ? $0 % count : count
    }
    let members = (0..<count).map { group in shapes.indices.filter { homes[$0] == group } }
    let flat = members.flatMap { $0 }
    var state = OptimizerState(place: [], modelPlace: [], parameters: [], groups: [])
    var tensors: [TensorName: TensorSpec] = [:]
    for (number, place) in flat.enumerated() {
      let name = TensorName("state.\(number).exp_avg")
      tensors[name] = try TensorSpec(name: name, dtype: .f32, shape: shapes[place])
      state.parameters.append(
        OptimizerState.Parameter(
          id: .number(number), state: [OptimizerState.Entry(.text("exp_avg"), .tensor(name))]))
    }
    var first = 0
    for group in members {
      state.groups.append(
        OptimizerState.Group(
          parameters: Array(first..<first + group.count), hasNames: false, values: []))
      first += group.count
    }
    var ways: Set<[Int]> = []
    func search(_ number: Int, _ given: [[Int]]) {
      guard number < shapes.count else {
        if given.map(\.count) == members.map(\.count) { ways.insert(given.flatMap { $0 }) }
        return
      }
      search(number + 1, given)
      for group in 0..<count where given[group].count < members[group].count {
        guard shapes[members[group][given[group].count]] == shapes[number] else { continue }
        var next = given
        next[group].append(number)
        search(number + 1, next)
      }
    }
    search(0, members.map { _ in [] })
    let order = ParameterOrder(state, candidates: candidates, tensors: tensors)
    do throws(ParameterOrder.Failure) {
      let names = try order.names()
      #expect(ways.count == 1 && names == flat.map { candidates[$0].name }, "\(shapes) \(members)")
    } catch {
      #expect(error == .several && ways.count > 1, "\(shapes) \(members)")
    }
  }

  @Test("a file with two optimizers is refused, and one without has none")
  func optimizers() throws {
    let two = try Self.open(Self.path("two.ckpt"))
    let error = #expect(throws: FlatFormatError.self) { try two.optimizer() }
    #expect(error?.description.contains("expected the state of one optimizer, found 2") == true)
    #expect(try Self.open(SourceFolder.fixtures + "/pytorch/ties.pt").optimizer() == nil)
    // One state under two keys is one optimizer; the other key stays left out.
    let flat = try Self.open(SourceFolder.fixtures + "/pytorch/lightning.ckpt")
    let state = try #require(try flat.optimizer())
    #expect(state.state.place == [.text("optimizer_states"), .number(0)])
    #expect(try TrainedWeights(flat, state).leftOut.map(\.name) == ["optimizer_states.1"])
  }

  @Test("a pattern that gives a moment other users than its parameter is refused")
  func otherUsers() throws {
    var plan = Plan(unitCount: 2, tasks: [PlanTask(task: "a"), PlanTask(task: "b")])
    // Every moment has an s in its name, but not every parameter.
    plan.tasks[0].privateTensors = [PlanPrivate(selector: .match(try #require(NamePattern("*s*"))))]
    let trained = try Self.trained("adamw.pt")
    let error = #expect(throws: ConversionError.self) { try Self.cut(trained, plan) }
    #expect(error?.description.contains("the tasks and levels of its parameter") == true)
  }

  /// Changes of a stored state, with the sentence that reports each.
  static let malformed: [(old: String, new: String, words: String)] = [
    ("tessera.optimizer/1", "tessera.optimizer/2", "a tessera.optimizer/1 document"),
    (#""id":0"#, #""id":null"#, "a key as a number or a text"),
    (#""id":0,"#, "", "a parameter with id and name"),
    (#""parameters":[0,"#, #""parameters":[1,"#, "in order"),
    (#""parameters":[0,"#, #""parameters":[99,"#, "numbers of 10 parameters"),
    (#""named":false"#, #""named":0"#, "a group with parameters, named and values"),
    (#"{"float64":""#, #"{"float64":"x"#, "float64 with 16 digits"),
    (#"{"tuple":"#, #"{"triple":"#, "'triple'"),
    (#""name":"up.weight""#, #""name":"up.waight""#, "parameters among the tensors"),
    (
      "optimizer.state.up.weight.step", "optimizer.state.up.weight.stop", "30 tensors of the state, each once"
    ),
    (#"["exp_avg","#, #"["exp_avg"],["#, "an entry as its key and value"),
    (#""other":[]"#, #""other":[["x",0.5]]"#, "an object with one member"),
  ]

  @Test("a stored state that is not about its tensors is refused")
  func malformedStates() throws {
    let trained = try Self.trained("adamw.pt")
    let (contents, resolved) = try Self.cut(trained, .whole)
    let text = String(decoding: trained.optimizer.state.bytes, as: UTF8.self)
    let folder = try TemporaryFolder()
    let header = try #require(contents.headers.firstIndex(of: trained.optimizer.state.bytes))
    var count = 0
    for (old, new, words) in Self.malformed {
      let place = try #require(text.range(of: old), "\(old)")
      var headers = contents.headers
      headers[header] = Array(text.replacingCharacters(in: place, with: new).utf8)
      let forged = CheckpointContents(
        resolved, ties: contents.ties, text: contents.plan, source: contents.source, headers: headers)
      let path = folder.file("m.h5")
      try FlatToUnits(trained, contents: forged, destination: path).run { _ in }
      let checkpoint = try UnitCheckpoint(try ReadableFile(path: path))
      let error = #expect(throws: CheckpointError.self, "\(new)") { try checkpoint.optimizer() }
      #expect(error?.description.contains(words) == true, "\(new): \(String(describing: error))")
      count += 1
    }
    #expect(count == 12)
  }
}
