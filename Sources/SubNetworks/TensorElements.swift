internal import ByteFiles
internal import Conversion
package import FlatFormats
internal import Tensors
package import UnitCheckpoints
package import UnitModel

/// Where the elements of a network's tensors come from.
package protocol TensorElements: Sendable {
  /// Hands over the tensor's elements in flat order: all, or what the sub-network has.
  ///
  /// - Parameter tensor: a number of the partition.
  func forEachWindow(of tensor: Int, _ body: (UnsafeRawBufferPointer) throws -> Void) throws
  /// Bytes that were read so far: of elements, and of everything else.
  var byteCountsRead: (data: Int, rest: Int) { get }
}

/// The elements that a sub-network has of a checkpoint's tensors: its active blocks, and nothing else is read.
package final class CheckpointElements: TensorElements {
  private let checkpoint: UnitCheckpoint
  /// By the partition's numbers.
  private let selections: [Int: SubNetworkTensor]

  package init(_ subNetwork: SubNetwork, of checkpoint: UnitCheckpoint) {
    self.checkpoint = checkpoint
    // A graph may use a mask besides.
    selections = Dictionary(
      (subNetwork.tensors + subNetwork.applied).map { ($0.number, $0) },
      uniquingKeysWith: { first, _ in first })
  }

  package var byteCountsRead: (data: Int, rest: Int) {
    let counts = checkpoint.byteCountsRead
    return (counts.data, counts.index)
  }

  package func forEachWindow(of tensor: Int, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    guard let selected = selections[tensor] else { return }
    try SubNetworkReader(checkpoint).forEachWindow(of: selected, body)
  }
}

/// The whole tensors of a source, with inactive positions and elements zero, or without inactive positions.
package final class MaskedElements: TensorElements {
  private let source: any TensorSource
  private let numbers: [TensorName: Int]
  private let network: VirtualNetwork
  private let isDense: Bool
  private let placements: [TensorPlacement]
  private let masks: TaskMasks

  /// - Parameter isDense: whether inactive positions are left out, as they are in a sub-network.
  package init(
    _ source: any TensorSource, _ network: VirtualNetwork, plan: ResolvedPlan, isDense: Bool = false
  ) {
    self.source = source
    numbers = Dictionary(
      source.tensors.enumerated().map { ($0.element.spec.name, $0.offset) },
      uniquingKeysWith: { first, _ in first })
    self.network = network
    self.isDense = isDense
    placements = plan.partition.tensors
    masks = TaskMasks(plan.partition.tensors)
  }

  package var byteCountsRead: (data: Int, rest: Int) { (0, 0) }

  package func forEachWindow(of tensor: Int, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    let placement = placements[tensor]
    guard let whole = try read(placement.spec) else { return }
    defer { whole.deallocate() }
    clear(whole, placement)
    if let owners = placement.owners {
      try clear(whole, placement, by: owners.map) { $0 > 0 && network.units.contains(UnitID(Int($0) - 1)) }
    } else if let mask = masks.mask(of: tensor, in: network) {
      try clear(whole, placement, by: placements[mask].spec.name) { $0 != 0 }
    }
    let count = isDense ? pack(whole, placement) : whole.count
    try body(UnsafeRawBufferPointer(rebasing: whole[..<count]))
  }

  /// All bytes of a tensor, for the caller to give back; nil where the source has none of that name.
  private func read(_ spec: TensorSpec) throws -> UnsafeMutableRawBufferPointer? {
    guard let index = numbers[spec.name] else { return nil }
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: spec.byteCount, alignment: 64)
    do {
      if !bytes.isEmpty { try source.reader(of: index).read(into: bytes) }
    } catch {
      bytes.deallocate()
      throw error
    }
    return bytes
  }

  /// Zeroes the elements that a tensor of bytes beside it does not keep.
  private func clear(
    _ bytes: UnsafeMutableRawBufferPointer, _ placement: TensorPlacement, by name: TensorName,
    keeps: (UInt8) -> Bool
  ) throws {
    guard let width = placement.spec.dtype.bytes,
      let number = numbers[name], let kept = try read(source.tensors[number].spec)
    else { return }
    defer { kept.deallocate() }
    for (element, byte) in kept.enumerated() where !keeps(byte) {
      UnsafeMutableRawBufferPointer(rebasing: bytes[element * width..<(element + 1) * width])
        .initializeMemory(as: UInt8.self, repeating: 0)
    }
  }

  /// Zeroes the positions of every cut dimension that the sub-network does not have.
  private func clear(_ bytes: UnsafeMutableRawBufferPointer, _ placement: TensorPlacement) {
    guard let width = placement.spec.dtype.bytes else { return }
    let shape = placement.spec.shape
    for dimension in placement.cutDimensions {
      let inner = shape[(dimension + 1)...].reduce(width, *)
      let row = shape[dimension] * inner
      guard row > 0 else { continue }
      let gaps = Self.gaps(
        between: network.activePositions(of: placement, dimension: dimension), shape[dimension])
      for start in stride(from: 0, to: bytes.count, by: row) {
        for gap in gaps {
          let range = start + gap.lowerBound * inner..<start + gap.upperBound * inner
          UnsafeMutableRawBufferPointer(rebasing: bytes[range]).initializeMemory(as: UInt8.self, repeating: 0)
        }
      }
    }
  }

  /// Moves the active positions of every cut dimension together, and says how many bytes they take.
  private func pack(_ bytes: UnsafeMutableRawBufferPointer, _ placement: TensorPlacement) -> Int {
    var shape = placement.spec.shape
    var count = bytes.count
    for dimension in placement.cutDimensions {
      guard let width = placement.spec.dtype.bytes else { return count }
      let inner = shape[(dimension + 1)...].reduce(width, *)
      let row = shape[dimension] * inner
      guard row > 0 else { continue }
      let active = network.activePositions(of: placement, dimension: dimension)
      var end = 0
      for start in stride(from: 0, to: count, by: row) {
        for range in active {
          let size = range.count * inner
          let from = start + range.lowerBound * inner
          // Every piece moves to the front, so that nothing is overwritten before it is read.
          UnsafeMutableRawBufferPointer(rebasing: bytes[end..<end + size]).copyMemory(
            from: UnsafeRawBufferPointer(rebasing: bytes[from..<from + size]))
          end += size
        }
      }
      count = end
      shape[dimension] = active.reduce(0) { $0 + $1.count }
    }
    return count
  }

  private static func gaps(between active: [Range<Int>], _ extent: Int) -> [Range<Int>] {
    var gaps: [Range<Int>] = []
    var position = 0
    for range in active {
      if range.lowerBound > position { gaps.append(position..<range.lowerBound) }
      position = range.upperBound
    }
    if position < extent { gaps.append(position..<extent) }
    return gaps
  }
}
