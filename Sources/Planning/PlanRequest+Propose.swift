public import TensorStreams
public import Tensors
internal import UnitModel

extension PlanRequest {
  /// Proposes a plan for the tensors of a file, and checks that it is valid for them.
  ///
  /// Throws `PlanningError`: if no tensor has the names of the preset, if the heads do not divide the channels, or with
  /// a `PlanError` of cuts by hand; and errors of reading weights.
  ///
  /// - Parameter weights: the tensors' bytes, for sorting by importance.
  public func propose(
    for specs: [TensorSpec], ties: [TensorName: TensorName] = [:], weights: (any TensorSource)? = nil
  ) throws -> ProposedPlan {
    let names = TensorNames(specs: specs)
    let preset = try presetRules(names)
    var plan = Plan(unitCount: unitCount)
    plan.tensors = cuts.map(\.entry)
    // If a cut by hand has the same pattern as an entry of the preset, the entry would have no effect and is left out.
    let byHand = Set(cuts.map(\.pattern.text))
    plan.tensors += preset.tensors.filter { !byHand.contains($0.selector.text) }
    plan.axes = planAxes(used: plan.tensors, preset, specs)
    plan.tasks = planTasks(tasks.isEmpty ? [.all] : tasks)
    plan.provenance = Provenance(rule: rule.rawValue)
    do {
      var filled = try plan.filled()
      var resolved = try filled.resolve(against: specs, ties: ties)
      var orderWords: [String] = []
      if let orders = try orders(filled, resolved, weights, &orderWords, side: preset.side(filled)) {
        filled = orders.applied(to: filled, resolved.partition.axes)
        resolved = try filled.resolve(against: specs, ties: ties)
      }
      return ProposedPlan(
        plan: filled, resolved: resolved,
        words: preset.words + orderWords + words(about: resolved, place: option(at:))
          + preset.headLimits.compactMap { $0.sentence(resolved) })
    } catch let error as PlanError {
      throw placed(error)
    }
  }

  /// The rules of the preset. Without a preset and without cuts by hand, the rules of the architecture that
  /// config.json names, or else of the first one that fits.
  private func presetRules(_ names: TensorNames) throws(PlanningError) -> PresetRules {
    guard preset != nil || groups != nil || cuts.isEmpty || !skippedLayers.isEmpty else {
      return PresetRules()
    }
    if preset != .resnet {
      let use = ArchitectureUse(
        names: names, sizes: sizes, heads: heads, groups: groups, skippedLayers: skippedLayers,
        unitCount: unitCount)
      for architecture in candidates {
        guard let found = try architecture.rules(for: use) else { continue }
        let known = architecture.groups.map(\.name)
        if let stranger = groups?.first(where: { !known.contains($0) }) {
          throw .badOption(
            option: "--cut", text: stranger,
            expected: "a cut (PATTERN=DIMENSION,…), or one of "
              + Set(known).sorted().joined(separator: ", "), found: "'\(stranger)'")
        }
        return found
      }
    }
    if preset == nil || preset == .resnet, groups == nil, let found = ResNetFamily.rules(for: names) {
      return found
    }
    guard preset != nil || groups != nil else {
      var rules = PresetRules()
      rules.words = [
        "no known architecture was recognised: every tensor is left whole; give --cut or --preset"
      ]
      return rules
    }
    if preset == nil, let groups {
      throw .badOption(
        option: "--cut", text: groups.joined(separator: ","),
        expected: "tensor names of a known architecture, or cuts such as 'layer{}.up.weight=ffn{},-'",
        found: "neither")
    }
    let use = ArchitectureUse(names: names, sizes: sizes, heads: heads, groups: nil)
    let fitting = Architecture.candidates().first { ((try? $0.rules(for: use)) ?? nil) != nil }?.id
    let example = preset == .resnet ? ResNetFamily.example : candidates.first { _ in true }?.marker ?? ""
    throw .presetMatchesNothing(
      preset: preset?.name ?? Preset.transformer.name, example: example,
      nearest: nearestName(to: example, among: names.specs.lazy.map(\.name.text)), fitting: fitting)
  }

  /// The architectures to try, in order.
  private var candidates: some Sequence<Architecture> {
    Architecture.candidates(
      named: preset == .transformer ? nil : preset?.name, type: sizes?.modelType)
  }

  /// An axis for each name in the entries, with the values of options, and an axis for each other option.
  private func planAxes(
    used entries: [PlanTensor], _ preset: PresetRules, _ specs: [TensorSpec]
  ) -> [PlanAxis] {
    var options: [AxisOption] = axes
    options += preset.axes.filter { axis in !axes.contains { $0.name == axis.name } }
    for axis in entries.flatMap({ $0.dimensions.flatMap(\.axes) + $0.channelOf }) {
      guard let name = NamePattern(axis.text), !options.contains(where: { $0.name == name }) else { continue }
      options.append(AxisOption(name: name))
    }
    // If an axis without a granule matches a template, it gets the template's granule.
    for (place, option) in options.enumerated() where option.name.isLiteral {
      let template = options.first { !$0.name.isLiteral && $0.name.match(option.name.text) != nil }
      if let granule = template?.granule, option.granule == nil { options[place].granule = granule }
    }
    let granules = BlockGranules.of(entries, specs)
    for (place, option) in options.enumerated() where option.granule == nil && option.cut == nil {
      // Common channels that the user gives may end inside a block; the plan then says so.
      if option.common == nil { options[place].granule = granules[option.name.text] }
    }
    for place in options.indices where preset.moduleAxes.contains(options[place].name.text) {
      options[place].isOfModules = true
    }
    return options.map(\.planAxis)
  }
}
