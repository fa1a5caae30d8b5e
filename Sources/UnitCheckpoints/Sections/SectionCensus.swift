internal import Tensors
internal import UnitModel

/// The sections that the tensors of an index need, and the number of bytes of each.
struct SectionCensus {
  /// The sections, in the order in which they are first needed.
  private(set) var keys: [SectionKey] = []
  /// Bytes of each section.
  private(set) var byteCounts: [Int] = []
  /// The patterns of blocks that tensors with the same cuts share.
  private(set) var patterns: [BlockPattern] = []
  /// For each tensor, the number of its pattern; −1 for a tensor without data.
  private(set) var patternOfTensor: [Int32] = []

  private var numbers: [SectionKey: Int] = [:]
  private var knownPatterns: [PatternKey: Int32] = [:]
  private var blockCount = 0
  private var stretchCount = 0
  private var allBlocks = 0
  private var wholeCount = 0
  private let blockLimit: Int
  private let path: String

  private struct PatternKey: Hashable {
    let cuts: [Int]
    let units: [Int]
    let scope: Int?
    let dtype: DType
  }

  /// Throws `.broken` if a limit of the layout is exceeded, or if a number of bytes does not fit 63 bits.
  ///
  /// - Parameters:
  ///   - path: the file's path, for messages.
  ///   - part: the tensors whose bytes the file holds; nil for all.
  ///   - blockLimit: the most blocks of all different cuts.
  ///   - stretchLimit: the most pairs of a tensor and a section.
  init(
    _ index: CheckpointIndex, path: String, part: CheckpointPart? = nil,
    blockLimit: Int = LayoutLimits.blocks,
    stretchLimit: Int = LayoutLimits.stretches
  ) throws(CheckpointError) {
    self.path = path
    self.blockLimit = blockLimit
    patternOfTensor.reserveCapacity(index.tensors.count)
    for (number, tensor) in index.tensors.enumerated() {
      guard part?.holds(number) ?? true, let pattern = try pattern(of: tensor, number, index) else {
        patternOfTensor.append(-1)
        continue
      }
      patternOfTensor.append(pattern)
      // The sum cannot overflow: each tensor adds at most the number of blocks that one tensor may have.
      allBlocks += index.cuts(of: tensor).reduce(1) { $0 * $1.cut.parts.count }
      try require(
        allBlocks <= LayoutLimits.allBlocks, tensor, "\(LayoutLimits.allBlocks) blocks of all tensors")
      let stretches = patterns[Int(pattern)].stretches
      stretchCount += stretches.count
      try require(stretchCount <= stretchLimit, tensor, "\(stretchLimit) parts of sections")
      let inner = patterns[Int(pattern)].inner(of: tensor)
      for stretch in stretches {
        let (sum, overflow) = byteCounts[stretch.section].addingReportingOverflow(
          stretch.byteCount(inner, tensor.spec.dtype))
        try require(!overflow, tensor, "sections of less than 2^63 bytes")
        byteCounts[stretch.section] = sum
      }
    }
  }

  private mutating func pattern(
    of tensor: IndexedTensor, _ number: Int, _ index: CheckpointIndex
  ) throws(CheckpointError) -> Int32? {
    if tensor.tiedTo != nil { return nil }
    if tensor.isWhole {
      wholeCount += 1
      let key = SectionKey(kind: .whole, tensor: number, scope: nil, units: [], dtype: tensor.spec.dtype)
      return append(
        BlockPattern(
          stretches: [.init(section: section(key), elements: tensor.spec.elementCount)], isOfElements: true))
    }
    if tensor.spec.elementCount == 0 { return nil }
    if let owners = tensor.owners {
      let stretches = try owners.counts.map { (count) throws(CheckpointError) in
        let units = count.owner == 0 ? [] : [count.owner - 1]
        return BlockPattern.Stretch(
          section: try section(units, of: tensor, isFree: count.owner == 0), elements: count.elements)
      }
      return append(BlockPattern(stretches: stretches, isOfElements: true))
    }
    let key = PatternKey(
      cuts: tensor.cuts.compactMap { $0?.cut }, units: tensor.units, scope: tensor.scope,
      dtype: tensor.spec.dtype)
    if let known = knownPatterns[key] { return known }
    var counts: [[Int]: Int] = [tensor.units: 1]
    for cut in key.cuts.map({ index.cuts[$0] }) {
      blockCount += counts.count * cut.parts.count
      try require(blockCount <= blockLimit, tensor, "\(blockLimit) blocks of different cuts")
      var next: [[Int]: Int] = [:]
      for (units, count) in counts {
        for (part, size) in zip(cut.parts, cut.partSizes) {
          next[units.inserting(part.unit), default: 0] += count * size
        }
      }
      counts = next
    }
    let found = counts.sorted {
      $0.key.count == $1.key.count ? $0.key.lexicographicallyPrecedes($1.key) : $0.key.count < $1.key.count
    }
    let stretches = try found.map { (units, elements) throws(CheckpointError) in
      BlockPattern.Stretch(section: try section(units, of: tensor, isFree: false), elements: elements)
    }
    let pattern = append(BlockPattern(stretches: stretches, isOfElements: false))
    knownPatterns[key] = pattern
    return pattern
  }

  private mutating func append(_ pattern: BlockPattern) -> Int32 {
    patterns.append(pattern)
    return Int32(patterns.count - 1)
  }

  private mutating func section(
    _ units: [Int], of tensor: IndexedTensor, isFree: Bool
  ) throws(CheckpointError) -> Int {
    let key = SectionKey(
      kind: isFree ? .free : units.isEmpty ? .common : .units, tensor: nil, scope: tensor.scope, units: units,
      dtype: tensor.spec.dtype)
    let number = section(key)
    try require(keys.count - wholeCount <= LayoutLimits.sections, tensor, "\(LayoutLimits.sections) sections")
    return number
  }

  private mutating func section(_ key: SectionKey) -> Int {
    if let known = numbers[key] { return known }
    keys.append(key)
    byteCounts.append(0)
    numbers[key] = keys.count - 1
    return keys.count - 1
  }

  private func require(_ isMet: Bool, _ tensor: IndexedTensor, _ limit: String) throws(CheckpointError) {
    if isMet { return }
    throw .broken(
      .limit, path: path, place: "tensor \(tensor.spec.name.quoted)", expected: "at most \(limit)",
      found: "more")
  }
}

/// The places of the blocks of all tensors with the same cuts, users and dtype.
struct BlockPattern {
  /// The part of such a tensor in each section.
  let stretches: [Stretch]
  /// Whether `elements` counts elements; otherwise it counts positions of the cut dimensions.
  let isOfElements: Bool

  struct Stretch {
    let section: Int
    let elements: Int

    /// The bytes of this part, if each of `elements` has `inner` elements of the tensor.
    func byteCount(_ inner: Int, _ dtype: DType) -> Int { dtype.byteCount(ofElements: elements * inner) }
  }

  /// The number of the tensor's elements in each of `elements`.
  func inner(of tensor: IndexedTensor) -> Int {
    if isOfElements { return 1 }
    return zip(tensor.spec.shape, tensor.cuts).reduce(1) { $1.1 == nil ? $0 * $1.0 : $0 }
  }
}

extension [Int] {
  /// An ascending list with one more unit; unchanged if it already has the unit, or if there is none (−1).
  func inserting(_ unit: Int) -> [Int] {
    if unit < 0 || contains(unit) { return self }
    var result = self
    result.insert(unit, at: firstIndex { $0 > unit } ?? count)
    return result
  }
}
