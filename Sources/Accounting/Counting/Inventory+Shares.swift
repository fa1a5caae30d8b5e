internal import Tensors
internal import UnitModel

extension Inventory {
  /// The elements of each group, by kind, for one position of its outline. If values matter, the elements of each
  /// tensor, by kind, for one element.
  func shares(under policy: CountingPolicy) throws(AccountingError) -> [[Share]] {
    var shares = [[Share]](repeating: [], count: policy.isByTensor ? tensors.count : groups.count)
    let times =
      switch policy.times {
      case .count(let count): count
      case .tasks: max(1, tasks.count)
      }
    let active = try activeExperts(of: policy)
    func add(_ index: Int, _ label: ClassifiedRole, _ isCounted: Bool) throws(AccountingError) {
      let steps = policy.isByTensor ? 1 : outside[index]
      guard isCounted, let active, let expert = active.experts.places[index] else {
        return try self.add(index, steps, label, isCounted, times, policy, to: &shares)
      }
      switch expert.place {
      case .one(let rank): try self.add(index, steps, label, rank < active.count, times, policy, to: &shares)
      case .stacked:
        let each = steps / expert.of
        guard each * expert.of == steps else {
          throw .experts(
            policy: policy.id,
            words: "experts that are counted by shapes, found \(tensors[index].name.quoted) counted by values"
          )
        }
        try self.add(index, each * active.count, label, true, times, policy, to: &shares)
        try self.add(index, steps - each * active.count, label, false, times, policy, to: &shares)
      }
    }
    for (index, names) in names.enumerated() {
      switch policy.ties {
      case .each, .use:
        let label = policy.label(tensors[index].name, roles[index])
        let isCounted = policy.counts(tensors[index].name, label)
        try add(index, label, isCounted)
      case .once:
        // Bytes with several names count if one of the names counts. They have that name's role.
        guard let first = names.first else { continue }
        let counted = names.first {
          policy.counts(tensors[$0].name, policy.label(tensors[$0].name, roles[$0]))
        }
        let label = policy.label(tensors[counted ?? first].name, roles[counted ?? first])
        try add(first, label, counted != nil)
      }
    }
    return shares
  }

  private func add(
    _ tensor: Int, _ steps: Int, _ label: ClassifiedRole, _ isCounted: Bool, _ times: Int,
    _ policy: CountingPolicy, to shares: inout [[Share]]
  ) throws(AccountingError) {
    let spec = tensors[tensor]
    let trained = policy.trainability.map { $0.isTrained(spec.name, label.role) }
    let isPacked = policy.elements == .containers && spec.dtype.bytes == nil
    let share = Share(
      role: label.role, part: label.part, isCounted: isCounted,
      isUnknown: trained.map { $0 == nil } ?? false, isPacked: isPacked)
    let group = policy.isByTensor ? tensor : groupOfTensor[tensor]
    let place = shares[group].firstIndex { $0.isLike(share) } ?? shares[group].count
    if place == shares[group].count { shares[group].append(share) }
    // A policy may give an element more bits than its dtype has.
    var bits = 0
    // The padding in the last byte of a whole tensor is stored, so it counts.
    let isWhole = steps == spec.elementCount
    var ownBits = 0
    // Parts of block-quantised tensors are whole blocks.
    let size =
      isWhole || spec.dtype.isBlockQuantised
      ? (spec.dtype.byteCount(ofElements: steps), 8) : (steps, spec.dtype.bits ?? 8)
    try accumulateProduct(size.0, size.1, into: &ownBits, "bits", "everything stored")
    // When values matter, a container is zero or not, so it counts as one element.
    let logical =
      policy.elements == .logical && !policy.isByTensor
      ? packings[tensor]?.elements(in: steps, of: spec.elementCount) : nil
    if let ideal = policy.bits[label.role] {
      try accumulateProduct(logical ?? steps, ideal, into: &bits, "bits", "everything stored")
    } else {
      bits = ownBits
    }
    let elements = isPacked ? ownBits : logical ?? steps
    try accumulateProduct(
      elements, times, into: &shares[group][place].elements, "elements", "everything stored")
    try accumulateProduct(bits, times, into: &shares[group][place].bits, "bits", "everything stored")
  }

  /// Patterns of a policy that match no tensor; each text begins with the pattern's key in the policy.
  func unmatched(by policy: CountingPolicy) -> [String] {
    policy.patterns.compactMap { key, pattern in
      tensors.contains { pattern.match($0.name.text) != nil }
        ? nil : "\(key) '\(TensorName(pattern.text).escaped)'"
    }
  }

  /// The tensors that a policy leaves out, in the order of the file, except those tied to a counted name.
  func leftOut(under policy: CountingPolicy) -> [TensorName] {
    let active = (try? activeExperts(of: policy)).flatMap(\.self)
    func counts(_ index: Int) -> Bool {
      if let active, case .one(let rank)? = active.experts.places[index]?.place, rank >= active.count {
        return false
      }
      return policy.counts(tensors[index].name, policy.label(tensors[index].name, roles[index]))
    }
    return names.indices.compactMap { index in
      let isCounted =
        policy.ties == .once ? names[index].isEmpty || names[index].contains(where: counts) : counts(index)
      return isCounted ? nil : tensors[index].name
    }
  }
}
