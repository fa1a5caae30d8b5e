public import StrictJSON

extension Plan {
  /// Parses a plan's document.
  ///
  /// A key that a plan does not have, a value of another type, or a number outside its limits is refused with its path
  /// in the document. Throws the cases of `PlanError` under "Reading the document".
  public init(parsing bytes: [UInt8]) throws(PlanError) {
    let document: JSONValue
    do {
      document = try JSONParser(sizeLimit: 64 << 20).parse(bytes)
    } catch {
      throw .json(error)
    }
    try self.init(json: document)
  }

  /// Reads a plan from a JSON value.
  public init(json: JSONValue) throws(PlanError) {
    let root = PlanNode(value: json, place: "")
    // The format is checked first, so that another kind of document is reported as such, not by its keys.
    let format = try root.members()["format"]
    guard format == .string(Plan.format) else {
      if case .string(let found) = format { throw .wrongFormat(found: "'\(JSONWriter.escaped(found))'") }
      throw .wrongFormat(found: format?.kindName ?? "no \"format\"")
    }
    let object = try root.object(allowing: [
      "format", "$schema", "description", "units", "axes", "tensors", "tasks", "assignment", "policy",
    ])
    let unitCount = try object.required("units").integer(
      in: 1...Partition.unitLimit, "an integer from 1 to \(Partition.unitLimit)")
    _ = try object.optional("$schema")?.string()
    self.init(
      unitCount: unitCount,
      axes: try readAxes(object.optional("axes")),
      tensors: try readTensors(object.optional("tensors")),
      tasks: try readTasks(object.optional("tasks")),
      provenance: try readProvenance(object.optional("assignment")),
      policy: try object.optional("policy")?.string(),
      summary: try object.optional("description")?.string())
  }
}

private func readProvenance(_ node: PlanNode?) throws(PlanError) -> Provenance? {
  guard let node else { return nil }
  // A method may write other keys next to its rule; they are kept and not checked.
  var details = try node.members()
  guard let rule = details["rule"] else { throw .missingKey(place: node.place, key: "rule") }
  let name = try node.named("rule", rule).string()
  details["rule"] = nil
  return Provenance(rule: name, details: details)
}

private func readAxes(_ node: PlanNode?) throws(PlanError) -> [PlanAxis] {
  guard let node else { return [] }
  var axes: [PlanAxis] = []
  for member in try node.members().members {
    axes.append(try readAxis(node.named(member.key, member.value), name: member.key))
  }
  return axes
}

private func readAxis(_ node: PlanNode, name: String) throws(PlanError) -> PlanAxis {
  let object = try node.object(allowing: ["size", "units", "common", "granule", "modules"])
  let pattern = try node.pattern(name)
  if pattern.starCount > 0 {
    throw .badPattern(place: node.place, pattern: name, expected: "an axis name without '*'")
  }
  let positive = "an integer from 1 to \(ChannelAxis.sizeLimit)"
  let size = try object.optional("size")?.integer(in: 1...ChannelAxis.sizeLimit, positive)
  let granule = try object.optional("granule")?.integer(in: 1...ChannelAxis.sizeLimit, positive) ?? 1
  let common = try object.optional("common").map { node throws(PlanError) in
    try readChannels(node, axis: AxisName(name))
  }
  return PlanAxis(
    name: pattern, size: size, cut: try readCut(object.optional("units"), axis: AxisName(name)),
    common: common ?? ChannelRanges(), granule: granule,
    isOfModules: try object.optional("modules")?.bool() ?? false)
}

private func readCut(_ node: PlanNode?, axis: AxisName) throws(PlanError) -> PlanAxis.Cut {
  guard let node else { return .equal }
  let items = try node.array()
  if case .integer = items.first?.value {
    var sizes: [Int] = []
    for item in items {
      sizes.append(try item.integer(in: 0...ChannelAxis.sizeLimit, "a size of at least 0"))
    }
    return .sizes(sizes)
  }
  var channels: [ChannelRanges] = []
  for item in items { channels.append(try readChannels(item, axis: axis)) }
  return .channels(channels)
}

private func readChannels(_ node: PlanNode, axis: AxisName) throws(PlanError) -> ChannelRanges {
  var channels: [Int] = []
  for item in try node.array() {
    channels.append(try item.integer(in: 0...(ChannelAxis.sizeLimit - 1), "a channel number of at least 0"))
  }
  let (ranges, twice) = ChannelRanges.of(channels)
  if let twice { throw .channelTwice(axis: axis, channel: twice) }
  return ranges
}
