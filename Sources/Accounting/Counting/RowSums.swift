internal import Tensors
internal import UnitModel

/// Elements of one kind in a group, for one position of the group's outline.
struct Share {
  let role: ParameterRole
  let part: NetworkPart
  let isCounted: Bool
  /// Whether the policy asks which elements are trained, and does not know it for these.
  let isUnknown: Bool
  /// Whether `elements` counts bits: the policy counts the bytes of packed elements.
  let isPacked: Bool
  var elements = 0
  var bits = 0

  func isLike(_ other: Share) -> Bool {
    role == other.role && part == other.part && isCounted == other.isCounted && isUnknown == other.isUnknown
      && isPacked == other.isPacked
  }
}

/// The sums of a row.
struct RowSums {
  var classes = BlockCounts()
  var counted = 0
  var bits = 0
  var excluded = 0
  var excludedBits = 0
  var unknown = 0
  /// Counted and excluded elements by role and part; empty until there are some.
  var kinds: [Kind] = []

  struct Kind {
    let role: ParameterRole
    let part: NetworkPart
    var counted = 0
    var excluded = 0
  }

  mutating func add(_ tally: Tally, _ shares: [Share], row: String) throws(AccountingError) {
    let all = tally.classes.total
    if all == 0 && tally.left == 0 { return }
    for share in shares {
      let place = kinds.firstIndex { $0.role == share.role && $0.part == share.part } ?? kinds.count
      if place == kinds.count { kinds.append(Kind(role: share.role, part: share.part)) }
      let (takes, leaves) = share.isCounted ? (all, tally.left) : (0, all + tally.left)
      if leaves > 0 {
        try accumulate(share, leaves, into: &excluded, row)
        try accumulate(share, leaves, into: &kinds[place].excluded, row)
        try accumulateProduct(share.bits, leaves, into: &excludedBits, "bits", row)
      }
      guard takes > 0 else { continue }
      try accumulateProduct(share.bits, takes, into: &bits, "bits", row)
      // The sum of the classes must fit into 63 bits, as each class must.
      try accumulate(share, takes, into: &counted, row)
      try accumulate(share, takes, into: &kinds[place].counted, row)
      if share.isUnknown { try accumulate(share, takes, into: &unknown, row) }
      try accumulate(share, tally.classes.common, into: &classes.common, row)
      try accumulate(share, tally.classes.intra, into: &classes.intra, row)
      try accumulate(share, tally.classes.interconnection, into: &classes.interconnection, row)
      try accumulate(share, tally.classes.private, into: &classes.private, row)
    }
  }

  private func accumulate(
    _ share: Share, _ steps: Int, into sum: inout Int, _ row: String
  ) throws(AccountingError) {
    guard share.isPacked else {
      return try accumulateProduct(share.elements, steps, into: &sum, "elements", row)
    }
    // Packed elements are cut only at whole bytes, so every class has a whole number of bytes.
    var bits = 0
    try accumulateProduct(share.elements, steps, into: &bits, "bits", row)
    try accumulateProduct(bits / 8, 1, into: &sum, "elements", row)
  }
}

/// Adds a product to a sum; throws `.tooMany` on overflow.
func accumulateProduct(
  _ factor: Int, _ other: Int, into sum: inout Int, _ what: String, _ row: String
) throws(AccountingError) {
  let (product, first) = factor.multipliedReportingOverflow(by: other)
  let (next, second) = sum.addingReportingOverflow(product)
  if first || second { throw .tooMany(what: what, row: row) }
  sum = next
}
