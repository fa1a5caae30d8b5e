package import TensorStreams
package import Tensors
package import UnitModel

/// Counts the elements that are not zero, for each block of each tensor.
package enum NonZeroCount {
  /// The counts of each tensor's blocks in storage order; one count for a tensor without a placement.
  ///
  /// Zeros are all elements that equal 0, including −0.0; a NaN is not zero. Reads every tensor once, through a window
  /// of 768 KiB.
  ///
  /// - Parameters:
  ///   - placements: the placements of the tensors, in the order of `tensors`; empty for a flat file.
  ///   - progress: called from time to time with the bytes read so far.
  package static func blocks(
    of tensors: [TensorSpec], in source: any TensorSource, placements: [TensorPlacement] = [],
    progress: (Int) -> Void = { _ in }
  ) throws -> [[Int]] {
    let places = source.places
    var result: [[Int]] = []
    result.reserveCapacity(tensors.count)
    var done = 0
    func advance(_ bytes: Int) {
      done += bytes
      progress(done)
    }
    func reader(of name: TensorName) throws -> any TensorByteReader {
      guard let place = places[name] else { throw TensorStreamError.missing(path: source.path, name: name) }
      return try source.reader(of: place)
    }
    for (index, spec) in tensors.enumerated() {
      let placement = placements.indices.contains(index) ? placements[index] : nil
      if let owners = placement?.owners {
        result.append(
          try byOwner(spec, try reader(of: spec.name), map: try reader(of: owners.map), owners.elements.count)
        )
        advance(spec.byteCount)
        continue
      }
      var cells = CellCounter(spec, placement)
      if spec.elementCount > 0 { try count(spec, try reader(of: spec.name), &cells, advance) }
      result.append(cells.blocks)
    }
    return result
  }

  /// The counts of a tensor with element owners: free elements first, then the elements of each unit.
  private static func byOwner(
    _ spec: TensorSpec, _ reader: any TensorByteReader, map: any TensorByteReader, _ count: Int
  ) throws -> [Int] {
    var counts = [Int](repeating: 0, count: count)
    let columns: [ParallelWindows.Column] = [(reader, spec.dtype.bytes ?? 1), (map, 1)]
    try ParallelWindows(columns, limit: windowLength / 16).forEach(of: spec.elementCount) { windows in
      for (element, owner) in windows[1].enumerated() where counts.indices.contains(Int(owner)) {
        if !isZero(element, of: spec.dtype, in: windows[0]) { counts[Int(owner)] += 1 }
      }
    }
    return counts
  }

  /// In bytes: a multiple of 16, and of three, because four elements of six bits take three bytes.
  private static let windowLength = 48 << 14

  private static func count(
    _ spec: TensorSpec, _ reader: any TensorByteReader, _ cells: inout CellCounter, _ advance: (Int) -> Void
  ) throws {
    var elements = spec.elementCount
    if spec.dtype.isBlockQuantised { return try countBlocks(spec, reader, &cells, advance) }
    try ParallelWindows([(reader, 1)], limit: windowLength).forEach(of: spec.byteCount) { windows in
      // The padding bits of the last byte are not elements.
      let count = min(spec.dtype.elementCount(inBytes: windows[0].count), elements)
      elements -= count
      for element in 0..<count {
        cells.add(isZero: isZero(element, of: spec.dtype, in: windows[0]))
      }
      advance(windows[0].count)
    }
  }

  /// Counts in the F32 that whole blocks mean. Throws for types whose values are not read here.
  private static func countBlocks(
    _ spec: TensorSpec, _ reader: any TensorByteReader, _ cells: inout CellCounter, _ advance: (Int) -> Void
  ) throws {
    guard let values = BlockValues(spec.dtype) else { throw UnreadValues(spec) }
    let block = spec.dtype.block
    var decoded = [Float](repeating: 0, count: block.elements)
    let limit = windowLength / block.bytes * block.bytes
    try ParallelWindows([(reader, 1)], limit: limit).forEach(of: spec.byteCount) { windows in
      for start in stride(from: 0, to: windows[0].count - block.bytes + 1, by: block.bytes) {
        decoded.withUnsafeMutableBufferPointer {
          values.decode(UnsafeRawBufferPointer(rebasing: windows[0][start..<start + block.bytes]), into: $0)
        }
        for value in decoded { cells.add(isZero: value == 0) }
      }
      advance(windows[0].count)
    }
  }

  static func isZero(_ element: Int, of dtype: DType, in window: UnsafeRawBufferPointer) -> Bool {
    let hasNegativeZero: Bool
    switch dtype.kind {
    case .smallFloat(let layout) where !layout.hasZero: return false
    case .smallFloat(let layout): hasNegativeZero = layout.hasNegativeZero
    case .float, .brainFloat, .complex: hasNegativeZero = true
    case .signed, .unsigned, .boolean: hasNegativeZero = false
    // `countBlocks` counts these.
    case .quantised: return false
    }
    guard let width = dtype.bytes else {
      // Elements are packed from the lowest bit on. The highest bit is the sign of −0.
      let bits = dtype.bits ?? 8
      let first = element * bits
      let count = hasNegativeZero ? bits - 1 : bits
      return (first..<first + count).allSatisfy { window[$0 >> 3] >> UInt8($0 & 7) & 1 == 0 }
    }
    let parts = dtype.kind == .complex ? 2 : 1
    let size = width / parts
    var start = element * width
    for _ in 0..<parts {
      for byte in start..<(start + size - 1) where window[byte] != 0 { return false }
      if window[start + size - 1] & (hasNegativeZero ? 0x7F : 0xFF) != 0 { return false }
      start += size
    }
    return true
  }
}

/// Walks through the elements of a tensor in flat order and finds the block of each.
private struct CellCounter {
  /// Elements that are not zero, by block in storage order.
  private(set) var blocks: [Int]
  /// The least number of elements between two changes of block.
  private let inner: Int
  /// For each dimension up to the last cut one: what the part of each position adds to the place in the grid.
  private var steps: [[Int]] = []
  /// The block at each place of the grid.
  private var grid: [Int] = [0]
  private var position: [Int]
  private var inside = 0
  private var block = 0

  init(_ spec: TensorSpec, _ placement: TensorPlacement?) {
    guard let placement, let last = placement.cutDimensions.last else {
      blocks = [0]
      inner = max(1, spec.elementCount)
      position = []
      return
    }
    let listed = placement.blocks
    blocks = [Int](repeating: 0, count: listed.count)
    inner = max(1, spec.shape[(last + 1)...].reduce(1, *))
    position = [Int](repeating: 0, count: last + 1)
    var stride = 1
    var strides: [Int] = []
    for dimension in 0...last {
      guard let cut = placement.cuts[dimension] else {
        steps.append([Int](repeating: 0, count: spec.shape[dimension]))
        continue
      }
      steps.append(cut.segments.flatMap { [Int](repeating: $0.part * stride, count: $0.length) })
      strides.append(stride)
      stride *= cut.parts.count
    }
    grid = [Int](repeating: 0, count: stride)
    for (index, block) in listed.enumerated() {
      grid[zip(block.parts, strides).reduce(0) { $0 + $1.0 * $1.1 }] = index
    }
    find()
  }

  mutating func add(isZero: Bool) {
    if !isZero { blocks[block] += 1 }
    inside += 1
    guard inside == inner else { return }
    inside = 0
    for dimension in position.indices.reversed() {
      position[dimension] += 1
      if position[dimension] < steps[dimension].count { break }
      position[dimension] = 0
    }
    find()
  }

  private mutating func find() {
    block = grid[position.indices.reduce(0) { $0 + (steps[$1].isEmpty ? 0 : steps[$1][position[$1]]) }]
  }
}
