internal import StrictJSON
public import Tensors
internal import UnitModel

extension Family {
  /// The plan for the tensors of a file, with all lists in full.
  ///
  /// - Parameters:
  ///   - mask: tells for each element of a tensor whether it is not 0; called only for channel masks.
  ///   - values: the number of occurrences of each byte in a tensor of bytes; called only for owner maps.
  ///
  /// Throws `PlanningError`, and the errors of `mask` and `values`.
  public func plan<Failure: Error>(
    for specs: [TensorSpec], ties: [TensorName: TensorName] = [:],
    mask: (TensorName) throws(Failure) -> [Bool], values: (TensorName) throws(Failure) -> [Int]
  ) throws -> ProposedPlan {
    try checkRules(specs)
    var plan = Plan(unitCount: 1)
    plan.tensors = cuts.map(\.entry)
    let sizes = try sizes(for: specs)
    var levels: [[UnitID]] = [[UnitID(0)]]
    switch units {
    case .whole: break
    case .widths(let widths):
      plan.unitCount = widths.count
      levels = widths.indices.map { (0...$0).map { UnitID($0) } }
      for axis in sizes { plan.axes.append(try Self.prefixes(axis.name, axis.size, widths)) }
    case .channelMasks(let masks):
      let made = try Self.masked(sizes, masks, mask)
      (plan.unitCount, plan.axes, levels) = (made.unitCount, made.axes, made.levels)
    case .experts(let pattern):
      let count = try experts(pattern, specs, &plan)
      plan.unitCount = count
      levels = (0..<count).map { (0...$0).map { UnitID($0) } }
    case .owners(let rules):
      plan.unitCount = tasks.count
      plan.tensors += try owned(rules, specs, ties: ties, values)
    }
    if case .whole = units, let count = try maskLevels(specs) {
      levels = [[UnitID]](repeating: [UnitID(0)], count: count)
    }
    let names = Set(specs.map(\.name.text))
    let aliases = masks.map { known($0, specs, among: names) }
    plan.tensors += maskEntries(aliases)
    try checkWork(levels: levels.count, specs)
    try checkPatterns(levels: levels.count, specs)
    plan.tasks = tasks.enumerated().map { number, name in
      if case .owners = units { levels = [(0...number).map { UnitID($0) }] }
      return task(named: name, levels, plan, specs, masks: aliases)
    }
    plan.provenance = Provenance(
      rule: "imported",
      details: JSONObject([JSONMember(key: "family", value: .string(name))]) ?? JSONObject())
    do {
      let filled = try plan.filled()
      let resolved = try filled.resolve(against: specs, ties: ties)
      let request = PlanRequest(unitCount: plan.unitCount)
      return ProposedPlan(
        plan: filled, resolved: resolved,
        words: request.words(about: resolved, namesRule: false, place: key(at:)) + notes(resolved))
    } catch { throw PlanningError.plan(error.placed(by: key(at:))) }
  }

  /// The place in the family's document that a place in the plan comes from.
  private func key(at place: String) -> String {
    if let entry = placeIndex(place, of: "tensors") {
      return cuts.indices.contains(entry) ? "cuts, '\(cuts[entry].pattern)'" : "experts, owners or masks"
    }
    guard let task = placeIndex(place, of: "tasks"), tasks.indices.contains(task) else { return place }
    let isPerLevel = place.contains(".private_per_level.")
    let key = place.contains(".axes") ? "choices" : isPerLevel ? "per_level" : "per_task"
    return "\(key), task \(tasks[task].quoted)"
  }

  /// The most comparisons of names with patterns; they take some seconds.
  ///
  /// A hundred tasks with three patterns each, for 50,000 tensors, need half of this.
  private static let workLimit = 100_000_000

  /// Limits the work of rules for maps and masks, which are tried before the number of levels is known.
  private func checkRules(_ specs: [TensorSpec]) throws(PlanningError) {
    var rules = perLevel.count + 2 * masks.count
    rules += masks.count { $0.mask.contains("{level}") } * Self.maskLevelLimit
    if case .owners(let maps) = units { rules += maps.count }
    let (work, overflow) = rules.multipliedReportingOverflow(by: max(1, specs.count))
    if overflow || work > Self.workLimit { throw Self.tooMuchWork }
  }

  private static var tooMuchWork: PlanningError {
    .plan(
      .outOfRange(
        place: "tasks",
        expected:
          "tasks, levels and patterns that need at most \(workLimit.grouped) comparisons with "
          + "tensor names",
        found: "more"))
  }

  private func checkWork(levels count: Int, _ specs: [TensorSpec]) throws(PlanningError) {
    let levelCount = choices.values.reduce(count) { max($0, $1.count) }
    let perLevel = perLevel.count + masks.count + skipped.values.reduce(0) { $0 + $1.count }
    var work = max(1, specs.count)
    // Every pattern is tried three times: for the plan, for `checkPatterns` and for the notes.
    for factor in [tasks.count, 3 * (perTask.count + masks.count + levelCount * perLevel)] {
      let (product, overflow) = work.multipliedReportingOverflow(by: factor)
      work = overflow ? Int.max : product
    }
    if work > Self.workLimit { throw Self.tooMuchWork }
  }

  /// The axes that the cuts make with these tensors, and the number of channels of each.
  private func sizes(for specs: [TensorSpec]) throws(PlanningError) -> [(name: AxisName, size: Int)] {
    var plan = Plan(unitCount: 1)
    // Tensors that are not cut do not show sizes, and compact dimensions need levels, which are not known yet.
    let plain = cuts.filter { cut in
      !cut.dimensions.contains { if case .compact = $0 { true } else { false } }
    }
    plan.tensors = plain.map(\.entry)
    var names: Set<String> = []
    for axis in plan.tensors.flatMap({ $0.dimensions.flatMap(\.axes) + $0.channelOf })
    where names.insert(axis.text).inserted {
      if let pattern = NamePattern(axis.text) { plan.axes.append(PlanAxis(name: pattern)) }
    }
    do {
      let compact = cuts.filter { cut in
        cut.dimensions.contains { if case .compact = $0 { true } else { false } }
      }
      let whole = specs.filter { spec in !compact.contains { $0.pattern.match(spec.name.text) != nil } }
      return try plan.resolve(against: whole).partition.axes.map { ($0.name, $0.size) }
    } catch {
      let placed = error.placed { place in
        placeIndex(place, of: "tensors").flatMap { plain.indices.contains($0) ? plain[$0] : nil }
          .map { "cuts, '\($0.pattern)'" } ?? place
      }
      throw .plan(placed)
    }
  }

  /// An axis whose unit u has the channels between width u − 1 and width u, each rounded to the nearest channel.
  private static func prefixes(_ name: AxisName, _ size: Int, _ widths: [Double]) throws(PlanningError)
    -> PlanAxis
  {
    var last = 0
    let sizes = widths.map { width in
      let end = max(last, min(size, Int((Double(size) * width).rounded())))
      defer { last = end }
      return end - last
    }
    guard let pattern = NamePattern(name.text) else {
      throw .plan(.badPattern(place: "axes", pattern: name.text, expected: "the name of an axis"))
    }
    return PlanAxis(name: pattern, size: size, cut: .sizes(sizes))
  }

  /// Makes one unit of all channels that are used in exactly the same levels.
  private static func masked<Failure: Error>(
    _ sizes: [(name: AxisName, size: Int)], _ masks: [String: [String]],
    _ mask: (TensorName) throws(Failure) -> [Bool]
  ) throws -> (unitCount: Int, axes: [PlanAxis], levels: [[UnitID]]) {
    var signatures: [[Int]] = []
    for axis in sizes {
      guard let names = masks[axis.name.text] else {
        throw PlanningError.plan(.missingKey(place: "channel_masks", key: axis.name.text))
      }
      var signature = [Int](repeating: 0, count: axis.size)
      for (level, name) in names.enumerated() {
        let used = try mask(TensorName(name))
        guard used.count == axis.size else {
          throw PlanningError.plan(
            .sizeDisagrees(
              tensor: TensorName(name), dimension: 0, axis: axis.name.text, expected: axis.size,
              found: used.count))
        }
        for (channel, isUsed) in used.enumerated() where isUsed { signature[channel] |= 1 << level }
      }
      signatures.append(signature)
    }
    let levelCount = masks.values.map(\.count).max() ?? 1
    // Channels first used at the lowest level come first; of these, channels that most levels use.
    func order(_ signature: Int) -> (Int, Int) {
      (signature == 0 ? Int.max : signature.trailingZeroBitCount, -signature.nonzeroBitCount)
    }
    let distinct = Set(signatures.joined()).sorted {
      order($0) == order($1) ? $0 < $1 : order($0) < order($1)
    }
    let axes = try zip(sizes, signatures).map { axis, signature in
      let channels = distinct.map { wanted in
        ChannelRanges(ascending: signature.indices.filter { signature[$0] == wanted }.map { $0..<($0 + 1) })
          ?? ChannelRanges()
      }
      guard let pattern = NamePattern(axis.name.text) else {
        throw PlanningError.plan(.badPattern(place: "axes", pattern: axis.name.text, expected: "an axis"))
      }
      return PlanAxis(name: pattern, size: axis.size, cut: .channels(channels))
    }
    let levels = (0..<levelCount).map { level in
      distinct.indices.filter { distinct[$0] & 1 << level != 0 }.map { UnitID($0) }
    }
    return (max(1, distinct.count), axes, levels)
  }

  /// Entries that make each expert's tensors one unit.
  private func experts(
    _ pattern: NamePattern, _ specs: [TensorSpec], _ plan: inout Plan
  ) throws(PlanningError) -> Int {
    var last = -1
    for spec in specs {
      guard let captures = pattern.match(spec.name.text), let text = captures.components.first,
        let number = Int(text), (0..<Partition.unitLimit).contains(number)
      else { continue }
      last = max(last, number)
      plan.tensors.append(PlanTensor(selector: .name(spec.name), units: UnitSet([UnitID(number)])))
    }
    if last < 0 {
      throw .plan(
        .matchesNothing(
          place: "experts", pattern: pattern.text,
          nearest: nearestName(to: pattern.text, among: specs.lazy.map(\.name.text))))
    }
    return last + 1
  }
}
