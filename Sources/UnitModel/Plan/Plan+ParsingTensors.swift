internal import StrictJSON
internal import Tensors

func readTensors(_ node: PlanNode?) throws(PlanError) -> [PlanTensor] {
  var tensors: [PlanTensor] = []
  for item in try node?.array() ?? [] { tensors.append(try readTensor(item)) }
  return tensors
}

private func readTensor(_ node: PlanNode) throws(PlanError) -> PlanTensor {
  let object = try node.object(
    allowing: [
      "match", "name", "axes", "units", "channel_of", "owners", "mask", "feature_order", "shape", "dtype",
    ])
  var tensor = PlanTensor(selector: try readSelector(object))
  for key in ["owners", "mask"] where object.optional(key) != nil {
    for other in ["axes", "units", "channel_of", "feature_order"] where object.optional(other) != nil {
      throw .keysExclude(place: node.place, first: key, second: other)
    }
  }
  if object.optional("owners") != nil, object.optional("mask") != nil {
    throw .keysExclude(place: node.place, first: "owners", second: "mask")
  }
  for item in try object.optional("axes")?.array() ?? [] { tensor.dimensions.append(try readDimension(item)) }
  if let units = object.optional("units") { tensor.units = UnitSet(try readUnits(units)) }
  if let node = object.optional("channel_of") {
    if case .name = tensor.selector {
      throw .keysExclude(place: node.place, first: "name", second: "channel_of")
    }
    tensor.channelOf = try readChannelOf(node)
  }
  if let order = object.optional("feature_order") {
    tensor.featureOrder = try readCase(order, TensorPlacement.FeatureOrder.self)
  }
  if let owners = object.optional("owners") { tensor.owners = try readOwners(owners) }
  tensor.mask = try object.optional("mask")?.pattern()
  for key in ["shape", "dtype", "owners"] where object.optional(key) != nil {
    // A pattern may match tensors of different shapes.
    if case .match = tensor.selector { throw .keysExclude(place: node.place, first: "match", second: key) }
  }
  if let dtype = object.optional("dtype") { tensor.dtype = try readCase(dtype, DType.self) }
  if let shape = object.optional("shape") {
    var extents: [Int] = []
    for item in try shape.array() {
      extents.append(try item.integer(in: 0...Int.max, "an extent of at least 0"))
    }
    tensor.shape = extents
  }
  return tensor
}

/// The name of an axis, or a list of names.
private func readChannelOf(_ node: PlanNode) throws(PlanError) -> [AxisName] {
  if case .string(let name) = node.value { return [AxisName(name)] }
  var names: [AxisName] = []
  for item in try node.array() {
    let name = AxisName(try item.string())
    if names.contains(name) { throw .nameTwice(place: node.place, name: name.text) }
    names.append(name)
  }
  return names
}

private func readOwners(_ node: PlanNode) throws(PlanError) -> ElementOwners {
  let object = try node.object(allowing: ["map", "elements"])
  var elements: [Int] = []
  for item in try object.required("elements").array() {
    elements.append(try item.integer(in: 0...Int.max, "a number of elements"))
  }
  return ElementOwners(map: TensorName(try object.required("map").string()), elements: elements)
}

/// Reads `match` or `name` of an entry.
func readSelector(_ object: PlanObject) throws(PlanError) -> NameSelector {
  let (node, isPattern) = try object.either("match", "name")
  return isPattern ? .match(try node.pattern()) : .name(TensorName(try node.string()))
}

/// A string that must be the name of a case of an enumeration.
func readCase<Value: RawRepresentable<String> & CaseIterable>(
  _ node: PlanNode, _ type: Value.Type
) throws(PlanError) -> Value {
  let text = try node.string()
  guard let value = Value(rawValue: text) else {
    let names = Value.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
    throw .outOfRange(
      place: node.place, expected: "one of \(names)", found: "\"\(JSONWriter.escaped(text))\"")
  }
  return value
}

func readDimension(_ node: PlanNode) throws(PlanError) -> DimensionPlacement {
  switch node.value {
  case .null: return .whole
  case .string(let name): return .axis(AxisUse(AxisName(name)))
  case .object: break
  default: throw node.wrongType("null, an axis name or an object")
  }
  let object = try node.object(allowing: ["axis", "inner", "outer", "compact", "concat"])
  let (first, isAxis) = try object.either("axis", "concat")
  if isAxis {
    let use = try readUse(object)
    return try object.optional("compact")?.bool() == true ? .compact(use) : .axis(use)
  }
  for key in ["inner", "outer", "compact"] where object.optional(key) != nil {
    throw .keysExclude(place: node.place, first: "concat", second: key)
  }
  var parts: [ConcatPart] = []
  for item in try first.array() { parts.append(try readPart(item)) }
  if parts.isEmpty { throw .outOfRange(place: first.place, expected: "at least one part", found: "none") }
  return .concat(parts)
}

private func readPart(_ node: PlanNode) throws(PlanError) -> ConcatPart {
  switch node.value {
  case .string(let name): return .axis(AxisUse(AxisName(name)))
  case .object: break
  default: throw node.wrongType("an axis name or an object")
  }
  let object = try node.object(allowing: ["axis", "inner", "outer", "size"])
  let (first, isAxis) = try object.either("axis", "size")
  if isAxis { return .axis(try readUse(object)) }
  for key in ["inner", "outer"] where object.optional(key) != nil {
    throw .keysExclude(place: node.place, first: "size", second: key)
  }
  return .uncut(size: try first.integer(in: 1...ChannelAxis.sizeLimit, "a size of at least 1"))
}

private func readUse(_ object: PlanObject) throws(PlanError) -> AxisUse {
  let name = AxisName(try object.required("axis").string())
  let bounds = 1...ChannelAxis.sizeLimit
  let inner = try object.optional("inner")?.integer(in: bounds, "an integer of at least 1") ?? 1
  let outer = try object.optional("outer")?.integer(in: bounds, "an integer of at least 1") ?? 1
  return AxisUse(name, inner: inner, outer: outer)
}

/// A list of unit numbers; each may occur once.
func readUnits(_ node: PlanNode) throws(PlanError) -> [UnitID] {
  var units: [UnitID] = []
  var seen = UnitSet()
  for item in try node.array() {
    let unit = UnitID(try item.integer(in: 0...(Partition.unitLimit - 1), "a unit number of at least 0"))
    if seen.contains(unit) { throw .unitTwice(place: node.place, unit: unit.index) }
    seen.insert(unit)
    units.append(unit)
  }
  return units
}
