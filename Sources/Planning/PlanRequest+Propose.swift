public import Tensors
internal import UnitModel

extension PlanRequest {
  /// Proposes a plan for the tensors of a file, and checks that it is valid for them.
  ///
  /// Throws `PlanningError`: if no tensor has the names of the preset, if the heads do not divide the channels, or with
  /// a `PlanError` of cuts by hand.
  public func propose(
    for specs: [TensorSpec], ties: [TensorName: TensorName] = [:]
  ) throws(PlanningError) -> ProposedPlan {
    let names = TensorNames(specs: specs)
    let preset = try presetRules(names)
    var plan = Plan(unitCount: unitCount)
    plan.tensors = cuts.map { PlanTensor(selector: .match($0.pattern), dimensions: $0.dimensions) }
    // If a cut by hand has the same pattern as an entry of the preset, the entry would have no effect and is left out.
    let byHand = Set(cuts.map(\.pattern.text))
    plan.tensors += preset.tensors.filter { !byHand.contains($0.selector.text) }
    plan.axes = planAxes(used: plan.tensors, preset: preset.axes)
    plan.tasks = planTasks(tasks.isEmpty ? [.all] : tasks)
    plan.provenance = Provenance(rule: rule.rawValue)
    do {
      let filled = try plan.filled()
      let resolved = try filled.resolve(against: specs, ties: ties)
      return ProposedPlan(
        plan: filled, resolved: resolved, words: preset.words + words(about: resolved, place: option(at:)))
    } catch {
      throw placed(error)
    }
  }

  /// The rules of the preset. Without a preset and without cuts by hand, the rules of the first family that fits.
  private func presetRules(_ names: TensorNames) throws(PlanningError) -> PresetRules {
    guard preset != nil || cuts.isEmpty else { return PresetRules() }
    let known = axes.filter { $0.granule != nil }.map(\.name.text)
    if preset != .resnet {
      for family in TransformerFamily.all
      where preset == nil || preset == .transformer || preset?.rawValue == family.name {
        let found = try family.rules(for: names, heads: heads) { axis in
          known.contains { $0.utf8.elementsEqual(axis.text.utf8) }
        }
        if let found { return found }
      }
    }
    if preset == nil || preset == .resnet, let found = ResNetFamily.rules(for: names) { return found }
    guard let preset else {
      var rules = PresetRules()
      rules.words = [
        "no known architecture was recognised: every tensor is left whole; give --cut or --preset"
      ]
      return rules
    }
    let family = TransformerFamily.all.first { $0.name == preset.rawValue } ?? TransformerFamily.all[0]
    let example = preset == .resnet ? ResNetFamily.example : family.example
    throw .presetMatchesNothing(
      preset: preset.rawValue, example: example,
      nearest: nearestName(to: example, among: names.specs.lazy.map(\.name.text)))
  }

  /// An axis for each name in the entries, with the values of options and preset, and an axis for each other option.
  private func planAxes(used entries: [PlanTensor], preset: [AxisOption]) -> [PlanAxis] {
    var options: [AxisOption] = axes
    for known in preset {
      if let place = options.firstIndex(where: { $0.name == known.name }) {
        options[place] = options[place].completed(by: known)
      } else {
        options.append(known)
      }
    }
    for axis in entries.flatMap({ $0.dimensions.flatMap(\.axes) }) {
      guard let name = NamePattern(axis.text), !options.contains(where: { $0.name == name }) else { continue }
      options.append(AxisOption(name: name))
    }
    // If an axis without a granule matches a template, it gets the template's granule.
    for (place, option) in options.enumerated() where option.name.isLiteral {
      let template = options.first { !$0.name.isLiteral && $0.name.match(option.name.text) != nil }
      if let granule = template?.granule, option.granule == nil { options[place].granule = granule }
    }
    return options.map(\.planAxis)
  }
}
