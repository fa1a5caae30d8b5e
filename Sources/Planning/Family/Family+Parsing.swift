internal import StrictJSON
internal import Tensors
internal import UnitModel

extension Family {
  /// Parses a family's document. Throws `PlanningError`.
  public init(parsing bytes: [UInt8]) throws(PlanningError) {
    do throws(PlanError) {
      let value: JSONValue
      do throws(JSONError) { value = try JSONParser(sizeLimit: Family.sizeLimit).parse(bytes) } catch {
        throw PlanError.json(error)
      }
      self = try Family(PlanNode(value: value, place: ""))
    } catch { throw .plan(error) }
  }

  private init(_ node: PlanNode) throws(PlanError) {
    let object = try node.object(allowing: [
      "format", "$schema", "family", "description", "tasks", "cuts", "widths", "groups", "channel_masks",
      "experts", "owners", "masks", "per_level", "per_task", "skipped", "choices",
    ])
    let format = try object.required("format").string()
    guard format == Family.format else {
      throw .outOfRange(place: "format", expected: "'\(Family.format)'", found: TensorName(format).quoted)
    }
    name = try object.required("family").string()
    var tasks: [TaskID] = []
    for item in try object.optional("tasks")?.array() ?? [] { tasks.append(TaskID(try item.string())) }
    self.tasks = tasks.isEmpty ? ["all"] : tasks
    var cuts: [CutOption] = []
    if let list = object.optional("cuts") {
      for member in try list.members().members {
        let node = list.named(member.key, member.value)
        let text = try node.string()
        do throws(PlanningError) { cuts.append(try CutOption(parsing: "\(member.key)=\(text)")) } catch {
          throw .badPattern(
            place: node.place, pattern: "\(member.key)=\(text)", expected: "a cut in the form of --cut")
        }
      }
    }
    self.cuts = cuts
    units = try Family.units(object)
    masks = try Family.masks(object.optional("masks"))
    perLevel = try Family.patterns(object.optional("per_level"), holding: "{level}")
    perTask = try Family.patterns(object.optional("per_task"), holding: "{task}")
    var skipped: [Int: [NamePattern]] = [:]
    if let list = object.optional("skipped") {
      for member in try list.members().members {
        let node = list.named(member.key, member.value)
        guard let level = Int(member.key), level >= 1, String(level) == member.key else {
          throw .outOfRange(
            place: list.place, expected: "level numbers from \"1\" as keys",
            found: TensorName(member.key).quoted)
        }
        for item in try node.array() { skipped[level, default: []].append(try item.pattern()) }
      }
    }
    self.skipped = skipped
    choices = try Family.choices(object.optional("choices"))
  }

  private static func units(_ object: PlanObject) throws(PlanError) -> Units {
    let keys = ["widths", "groups", "channel_masks", "experts", "owners"].filter {
      object.optional($0) != nil
    }
    if keys.count > 1 { throw .keysExclude(place: "document", first: keys[0], second: keys[1]) }
    if let widths = object.optional("widths") {
      return .widths(try ascending(fractions(widths), widths.place))
    }
    if let groups = object.optional("groups") {
      var sum = 0.0
      var widths: [Double] = []
      for group in try fractions(groups) {
        sum += group
        widths.append(sum)
      }
      if let last = widths.indices.last, abs(sum - 1) < 1e-9 { widths[last] = 1 }
      return .widths(try ascending(widths, groups.place))
    }
    if let masks = object.optional("channel_masks") {
      var axes: [String: [String]] = [:]
      var levels: Int?
      for member in try masks.members().members {
        let node = masks.named(member.key, member.value)
        var names: [String] = []
        for item in try node.array() { names.append(try item.string()) }
        if let levels, levels != names.count {
          throw .outOfRange(
            place: node.place, expected: "\(levels) masks, one for each level", found: "\(names.count)")
        }
        levels = names.count
        axes[member.key] = names
      }
      guard let levels, (1...24).contains(levels) else {
        throw .outOfRange(
          place: masks.place, expected: "1 to 24 masks for each axis", found: "\(levels ?? 0)")
      }
      return .channelMasks(axes)
    }
    if let experts = object.optional("experts") {
      let pattern = try experts.pattern()
      guard pattern.componentCount >= 1 else {
        throw .badPattern(
          place: experts.place, pattern: pattern.text, expected: "{} where the expert's number is")
      }
      return .experts(pattern)
    }
    if let owners = object.optional("owners") { return .owners(try maps(owners)) }
    return .whole
  }

  private static func fractions(_ node: PlanNode) throws(PlanError) -> [Double] {
    var fractions: [Double] = []
    for item in try node.array() { fractions.append(try fraction(item)) }
    return fractions
  }

  private static func fraction(_ node: PlanNode) throws(PlanError) -> Double {
    let number: Double
    switch node.value {
    case .integer(let whole): number = Double(whole)
    case .number(let found): number = found
    default: throw node.wrongType("a fraction")
    }
    guard number > 0, number <= 1 else {
      throw .outOfRange(place: node.place, expected: "a fraction above 0 and up to 1", found: "\(number)")
    }
    return number
  }

  private static func ascending(_ widths: [Double], _ place: String) throws(PlanError) -> [Double] {
    guard widths.last == 1, widths.count <= Partition.unitLimit, zip(widths, widths.dropFirst()).allSatisfy(<)
    else {
      throw .outOfRange(
        place: place, expected: "widths that ascend to 1, or groups that add up to 1",
        found: widths.map { "\($0)" }.joined(separator: ", "))
    }
    return widths
  }

  private static func patterns(_ node: PlanNode?, holding key: String) throws(PlanError) -> [String] {
    var patterns: [String] = []
    for item in try node?.array() ?? [] {
      let text = try item.string()
      guard text.contains(key), NamePattern(text.replacing(key, with: "0")) != nil else {
        throw .badPattern(place: item.place, pattern: text, expected: "a pattern that contains \(key)")
      }
      patterns.append(text)
    }
    return patterns
  }

  private static func choices(
    _ node: PlanNode?
  ) throws(PlanError) -> [TaskID: [[(axis: NamePattern, fraction: Double)]]] {
    guard let node else { return [:] }
    var choices: [TaskID: [[(axis: NamePattern, fraction: Double)]]] = [:]
    for member in try node.members().members {
      var levels: [[(axis: NamePattern, fraction: Double)]] = []
      for level in try node.named(member.key, member.value).array() {
        var axes: [(axis: NamePattern, fraction: Double)] = []
        for axis in try level.members().members {
          let node = level.named(axis.key, axis.value)
          axes.append((try node.pattern(axis.key), try fraction(node)))
        }
        levels.append(axes)
      }
      if levels.isEmpty {
        throw .outOfRange(place: node.place, expected: "at least one level", found: "none")
      }
      choices[TaskID(member.key)] = levels
    }
    return choices
  }
}
