internal import Tensors
internal import UnitModel

/// How many channels of an axis stay together so that block-quantised tensors are cut between their blocks only.
enum BlockGranules {
  /// The granules by the names of axes in `entries`: 32 for `ffn{}` if a tensor of Q8_0 has this axis as its last
  /// dimension. An axis that needs none is missing, and so is one whose sizes no common granule divides.
  static func of(_ entries: [PlanTensor], _ specs: [TensorSpec]) -> [String: Int] {
    var granules: [String: Int] = [:]
    var sizes: [String: Set<Int>] = [:]
    for spec in specs where spec.dtype.isBlockQuantised {
      guard let extent = spec.shape.last,
        let entry = entries.first(where: { $0.selector.matches(spec.name) }),
        entry.dimensions.count == spec.shape.count, case .axis(let use)? = entry.dimensions.last,
        case let (positions, overflow) = use.inner.multipliedReportingOverflow(by: use.outer), !overflow,
        positions > 0
      else { continue }
      let block = spec.dtype.block.elements
      // All blocks have a power of two of elements, so the largest granule is a multiple of the others.
      let granule = block / divisor(block, use.inner)
      granules[use.axis.text] = max(granules[use.axis.text] ?? 1, granule)
      sizes[use.axis.text, default: []].insert(extent / positions)
    }
    return granules.filter { name, granule in
      granule > 1 && sizes[name]?.allSatisfy { $0 % granule == 0 } == true
    }
  }

  /// The greatest common divisor of two numbers from 1.
  private static func divisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : divisor(b, a % b) }
}
