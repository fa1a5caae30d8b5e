internal import Tensors
internal import UnitCheckpoints
internal import UnitModel

/// The plan can be read, and cuts every tensor as the index tables say.
enum PlanRule: ValidationRule {
  static let summary = "The plan can be read, and cuts every tensor as the index does."
  static let isOfIndex = true
  static let advice = "Convert the flat weights again with the plan that is meant."

  static func findings(in subject: CheckpointSubject) -> [Finding] {
    guard let checkpoint = subject.checkpoint else { return [] }
    var findings = subject.planFindings(of: .plan)
    guard let partition = subject.placement.partition else { return findings }
    for (tensor, placement) in zip(checkpoint.index.tensors, partition.tensors) {
      let place = place(of: tensor.spec)
      let stored = tensor.cuts.map { $0.map { checkpoint.index.cuts[$0] } }
      for (dimension, pair) in zip(stored, placement.cuts).enumerated() where !agree(pair.0, pair.1) {
        findings.append(
          subject.finding(
            .plan, at: place, "dimension \(dimension): expected the plan's cut, found another in the index"))
      }
      if tensor.tiedTo == nil, owners(of: tensor, checkpoint.index) != owners(of: placement) {
        findings.append(
          subject.finding(.plan, at: place, "expected the plan's owners, found others in the index"))
      }
      let units = wholeUnits(of: tensor, checkpoint.index)
      if let units, units != placement.units.map(\.index) {
        findings.append(
          subject.finding(.plan, at: place, "expected units \(placement.units), found \(units) in the index"))
      }
    }
    return findings
  }

  private static func agree(_ stored: IndexedCut?, _ planned: DimensionCut?) -> Bool {
    guard let stored, let planned else { return (stored == nil) == (planned == nil) }
    return stored.parts == planned.parts
      && stored.segments.elementsEqual(planned.segments) { $0.part == $1.part && $0.length == $1.length }
  }

  /// The owner map and the elements of each owner that has any; nil where elements have none.
  private static func owners(of tensor: IndexedTensor, _ index: CheckpointIndex) -> [String]? {
    guard let map = tensor.ownerMap, let width = tensor.spec.dtype.bytes else { return nil }
    return [index.tensors[map].spec.name.text]
      + tensor.datasets.map { number in
        let dataset = index.datasets[number]
        return
          "\(dataset.owner.ownerNumber ?? -1): \(index.blocks[dataset.blocks.lowerBound].byteCount / width)"
      }
  }

  private static func owners(of placement: TensorPlacement) -> [String]? {
    guard let owners = placement.owners, placement.spec.elementCount > 0 else { return nil }
    return [owners.map.text]
      + owners.elements.enumerated().filter { $0.element > 0 }.map { "\($0.offset): \($0.element)" }
  }

  /// The units that a tensor belongs to as a whole; nil for one that is cut, tied or empty.
  private static func wholeUnits(of tensor: IndexedTensor, _ index: CheckpointIndex) -> [Int]? {
    guard tensor.datasets.count == 1, let dataset = tensor.datasets.first,
      index.datasets[dataset].owner.isWhole, let block = index.datasets[dataset].blocks.first
    else { return nil }
    return Array(index.coordinates[index.blocks[block].coordinates])
  }
}

extension CheckpointSubject {
  /// What keeps the plan from being read or applied, when that is the rule it breaks.
  func planFindings(of rule: RuleID) -> [Finding] {
    var error = placement.error
    if case .failure(.plan(_, let unread))? = plan { error = unread }
    guard let error, RuleID(error) == rule else { return [] }
    return [finding(rule, at: "/tessera/plan", "\(error)")]
  }
}
