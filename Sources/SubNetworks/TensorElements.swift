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

  package init(_ subNetwork: SubNetwork, of checkpoint: UnitCheckpoint, plan: ResolvedPlan) {
    self.checkpoint = checkpoint
    var selections: [Int: SubNetworkTensor] = [:]
    var names: [TensorName: Int] = [:]
    for (index, placement) in plan.partition.tensors.enumerated() { names[placement.spec.name] = index }
    var next = 0
    for (index, placement) in plan.partition.tensors.enumerated() {
      guard subNetwork.network.sees(placement),
        placement.units.allSatisfy(subNetwork.network.units.contains), next < subNetwork.tensors.count
      else { continue }
      selections[index] = subNetwork.tensors[next]
      next += 1
    }
    self.selections = selections
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

/// The whole tensors of a source, with inactive positions zero.
package final class MaskedElements: TensorElements {
  private let source: any TensorSource
  private let network: VirtualNetwork
  private let placements: [TensorPlacement]

  package init(_ source: any TensorSource, _ network: VirtualNetwork, plan: ResolvedPlan) {
    self.source = source
    self.network = network
    placements = plan.partition.tensors
  }

  package var byteCountsRead: (data: Int, rest: Int) { (0, 0) }

  package func forEachWindow(of tensor: Int, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    let placement = placements[tensor]
    guard let index = source.tensors.firstIndex(where: { $0.spec.name == placement.spec.name }) else {
      return
    }
    let count = placement.spec.byteCount
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, count), alignment: 64)
    defer { bytes.deallocate() }
    let whole = UnsafeMutableRawBufferPointer(rebasing: bytes[..<count])
    if count > 0 { try source.reader(of: index).read(into: whole) }
    clear(whole, placement)
    try body(UnsafeRawBufferPointer(whole))
  }

  /// Zeroes the positions of every cut dimension that the sub-network does not have.
  private func clear(_ bytes: UnsafeMutableRawBufferPointer, _ placement: TensorPlacement) {
    guard let width = placement.spec.dtype.bytes else { return }
    let shape = placement.spec.shape
    for dimension in placement.cutDimensions {
      let inner = shape[(dimension + 1)...].reduce(width, *)
      let row = shape[dimension] * inner
      guard row > 0 else { continue }
      var gaps: [Range<Int>] = []
      var position = 0
      for active in network.activePositions(of: placement, dimension: dimension) {
        if active.lowerBound > position { gaps.append(position..<active.lowerBound) }
        position = active.upperBound
      }
      if position < shape[dimension] { gaps.append(position..<shape[dimension]) }
      for start in stride(from: 0, to: bytes.count, by: row) {
        for gap in gaps {
          let range = start + gap.lowerBound * inner..<start + gap.upperBound * inner
          UnsafeMutableRawBufferPointer(rebasing: bytes[range]).initializeMemory(as: UInt8.self, repeating: 0)
        }
      }
    }
  }
}
