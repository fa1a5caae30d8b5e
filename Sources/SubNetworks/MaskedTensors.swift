package import TensorStreams
internal import Tensors
package import UnitCheckpoints
package import UnitModel

/// What a sub-network has of a checkpoint's tensors, by the partition's numbers: its active blocks, and nothing else is
/// read.
package struct ActiveTensors: TensorReading {
  private let checkpoint: UnitCheckpoint
  private let selected: [Int: SubNetworkTensor]

  package init(_ subNetwork: SubNetwork, of checkpoint: UnitCheckpoint) {
    self.checkpoint = checkpoint
    // A graph may use a mask besides.
    selected = Dictionary(
      (subNetwork.tensors + subNetwork.applied).map { ($0.number, $0) },
      uniquingKeysWith: { first, _ in first })
  }

  package var path: String { checkpoint.path }

  package func reader(of number: Int) throws -> any TensorByteReader {
    guard let tensor = selected[number] else { throw TensorStreamError.unknown(path: path, number: number) }
    return try checkpoint.reader(of: tensor)
  }
}

/// The whole tensors of a source by the partition's numbers, with inactive positions and elements zero, or without
/// inactive positions.
package struct MaskedTensors: TensorReading {
  private let source: any TensorSource
  private let places: [TensorName: Int]
  private let network: VirtualNetwork
  private let isDense: Bool
  private let placements: [TensorPlacement]
  private let masks: TaskMasks

  /// - Parameter isDense: whether inactive positions are left out, as they are in a sub-network.
  package init(
    _ source: any TensorSource, _ network: VirtualNetwork, plan: ResolvedPlan, isDense: Bool = false
  ) {
    self.source = source
    places = source.places
    self.network = network
    self.isDense = isDense
    placements = plan.partition.tensors
    masks = TaskMasks(plan.partition.tensors)
  }

  package var path: String { source.path }

  package func reader(of number: Int) throws -> any TensorByteReader {
    let placement = placements[number]
    let whole = try read(placement.spec)
    do {
      clear(whole, placement)
      if let owners = placement.owners {
        try clear(whole, placement, by: owners.map) { $0 > 0 && network.units.contains(UnitID(Int($0) - 1)) }
      } else if let mask = masks.mask(of: number, in: network) {
        try clear(whole, placement, by: placements[mask].spec.name) { $0 != 0 }
      }
    } catch {
      whole.deallocate()
      throw error
    }
    return MemoryReader(taking: whole, count: isDense ? pack(whole, placement) : whole.count)
  }

  /// All bytes of a tensor, for the caller to give back.
  private func read(_ spec: TensorSpec) throws -> UnsafeMutableRawBufferPointer {
    guard let place = places[spec.name] else {
      throw TensorStreamError.missing(path: path, name: spec.name)
    }
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: spec.byteCount, alignment: 64)
    do { try source.read(place, into: bytes) } catch {
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
    guard let width = placement.spec.dtype.bytes, let place = places[name] else { return }
    let kept = try source.reader(of: place).rest()
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
