public import Accounting
internal import StrictJSON
internal import UnitModel

extension Study {
  /// Parses a study (`schemas/study.schema.json`).
  ///
  /// - Parameter table: reads the table of accuracies at a path, if the document names one.
  ///
  /// Throws the cases of `AccountingError` for documents, and the errors of `table`.
  public init(
    parsing bytes: [UInt8], table: (String) throws(AccountingError) -> [UInt8]
  ) throws(AccountingError) {
    let document = try AccountingNode(parsing: bytes, format: Study.format, sizeLimit: Study.sizeLimit)
    let object = try document.object(allowing: [
      "format", "$schema", "title", "description", "policy", "policies", "baseline", "tolerance", "alpha",
      "resamples", "seed", "accuracy_in", "methods", "results",
    ])
    title = try object.optional("title")?.string() ?? ""
    _ = try object.optional("description")?.string()
    policy = try object.optional("policy")?.string() ?? PolicyPreset.allStored.rawValue
    if let list = object.optional("policies") {
      var names: [String] = []
      for node in try list.array() { names.append(try node.string()) }
      guard names.count <= Study.policyLimit else {
        throw .outOfRange(
          place: "policies", expected: "at most \(Study.policyLimit) policies", found: "\(names.count)")
      }
      policies = names
    } else {
      policies = nil
    }
    var settings = Settings()
    if let node = object.optional("tolerance") { settings.tolerance = try node.number(in: 0...1) }
    if let node = object.optional("alpha") { settings.alpha = try node.number(in: 1e-9...0.5) }
    if let node = object.optional("resamples") { settings.resamples = try node.integer(in: 100...100_000) }
    if let node = object.optional("seed") { settings.seed = try node.integer(in: 0...Int.max) }
    let scale: Double
    switch try object.optional("accuracy_in")?.string() ?? "percent" {
    case "percent": scale = 100
    case "fraction": scale = 1
    case let found:
      throw .outOfRange(
        place: "accuracy_in", expected: "'percent' or 'fraction'", found: "'\(JSONWriter.escaped(found))'")
    }
    var methods: [Method] = []
    var names: Set<String> = []
    let list = try object.required("methods").array()
    guard list.count <= Study.resultLimit else {
      throw .outOfRange(
        place: "methods", expected: "at most \(Study.resultLimit) methods", found: "\(list.count)")
    }
    for node in list {
      let method = try Method(node)
      if !names.insert(method.name).inserted {
        throw .outOfRange(
          place: "\(node.place).name", expected: "each method once",
          found: "'\(JSONWriter.escaped(method.name))' again")
      }
      methods.append(method)
    }
    if let node = object.optional("baseline") {
      let name = try node.string()
      guard names.contains(name) else {
        throw .unknownMember(
          place: node.place, key: name, nearest: nearestName(to: name, among: methods.map(\.name)),
          keys: methods.map(\.name))
      }
      settings.baseline = name
    }
    self.settings = settings
    let node = try object.required("results")
    var results: [Result] = []
    if case .string(let path) = node.value {
      results = try AccuracyTable.results(
        in: table(path), path: path, scale: scale, methods: methods.map(\.name))
    } else {
      for node in try node.array() { results.append(try Result(node, scale: scale)) }
    }
    guard (1...Study.resultLimit).contains(results.count) else {
      throw .outOfRange(
        place: "results", expected: "1 to \(Study.resultLimit) results", found: "\(results.count)")
    }
    for (index, result) in results.enumerated() where !names.contains(result.method) {
      throw .unknownMember(
        place: "results[\(index)].method", key: result.method,
        nearest: nearestName(to: result.method, among: methods.map(\.name)), keys: methods.map(\.name))
    }
    var known: Set<Result.Subject> = []
    for (index, result) in results.enumerated() where !known.insert(result.subject).inserted {
      throw .outOfRange(
        place: "results[\(index)]", expected: "each method, task and level once",
        found: "'\(JSONWriter.escaped(result.method))' again")
    }
    if scale == 100 { try Study.requirePercent(results) }
    self.methods = methods
    self.results = results
  }
}

extension Study.Method {
  fileprivate init(_ node: AccountingNode) throws(AccountingError) {
    let object = try node.object(allowing: ["name", "file", "cited", "source"])
    name = try object.required("name").string()
    file = try object.optional("file")?.string()
    source = try object.optional("source")?.string()
    var cited: [Study.CitedCount] = []
    if let list = object.optional("cited") {
      guard case .object(let members) = list.value else { throw list.wrongType("an object") }
      for member in members.members {
        let count = AccountingNode(value: member.value, place: "\(list.place).\(member.key)")
        cited.append(
          .init(policy: member.key, parameters: try count.integer(in: 1...1_000_000_000_000_000)))
      }
    }
    if file == nil, cited.isEmpty {
      throw .keysMissing(place: node.place, first: "file", second: "cited")
    }
    if file != nil, !cited.isEmpty {
      throw .keysExclude(place: node.place, first: "file", second: "cited")
    }
    self.cited = cited
  }
}

extension Study {
  /// Throws if all accuracies are at most 1 %: they are most likely fractions.
  static func requirePercent(_ results: [Result]) throws(AccountingError) {
    let best = results.flatMap(\.accuracies).max() ?? 0
    if best > 0, best <= 0.01 {
      throw .outOfRange(
        place: "results", expected: "accuracies in percent, or \"accuracy_in\": \"fraction\"",
        found: "none above 1")
    }
  }
}

extension Study.Result {
  /// - Parameter needsMethod: whether the method must be named; otherwise, its name may be missing and is then empty.
  init(_ node: AccountingNode, scale: Double, needsMethod: Bool = true) throws(AccountingError) {
    let object = try node.object(allowing: [
      "method", "task", "task_in_file", "level", "accuracy", "test_size",
    ])
    method =
      try needsMethod
      ? object.required("method").string() : object.optional("method")?.string() ?? ""
    task = TaskID(try object.required("task").string())
    taskInFile =
      try object.optional("task_in_file").map { (node) throws(AccountingError) in
        TaskID(try node.string())
      } ?? task
    level = try object.optional("level").map { (node) throws(AccountingError) in
      LevelNumber(try node.integer(in: 1...Assignment.networkLimit))
    }
    testSize = try object.optional("test_size")?.integer(in: 1...1_000_000_000)
    let accuracy = try object.required("accuracy")
    switch accuracy.value {
    case .array:
      var values: [Double] = []
      for node in try accuracy.array() { values.append(try node.number(in: 0...scale) / scale) }
      accuracies = values
      seeds = nil
    case .object(let members):
      var bySeed: [(seed: Int, value: Double)] = []
      for member in members.members {
        // Otherwise "1", "01" and "+1" would be the same seed three times.
        guard let seed = Int(member.key), String(seed) == member.key else {
          throw .outOfRange(
            place: accuracy.place, expected: "whole numbers as seeds",
            found: "'\(JSONWriter.escaped(member.key))'")
        }
        let node = AccountingNode(value: member.value, place: "\(accuracy.place).\(member.key)")
        bySeed.append((seed, try node.number(in: 0...scale) / scale))
      }
      bySeed.sort { $0.seed < $1.seed }
      seeds = bySeed.map(\.seed)
      accuracies = bySeed.map(\.value)
    default:
      accuracies = [try accuracy.number(in: 0...scale) / scale]
      seeds = nil
    }
    guard (1...Study.seedLimit).contains(accuracies.count) else {
      throw .outOfRange(
        place: accuracy.place, expected: "1 to \(Study.seedLimit) accuracies", found: "\(accuracies.count)")
    }
  }
}
