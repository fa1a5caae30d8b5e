package import TensorStreams
internal import Tensors
package import UnitModel

/// The whole tensors of a source, as the masked networks of a plan need them: each is read once, within a limit.
package final class MaskedSource: Sendable {
  let path: String
  let tensors: KeptTensors
  let places: [TensorName: Int]
  let placements: [TensorPlacement]
  let masks: TaskMasks

  /// - Parameter limit: the most bytes of tensors that stay in memory; a quarter of it of one tensor.
  package init(_ source: any TensorSource, plan: ResolvedPlan, keeping limit: Int) {
    path = source.path
    tensors = KeptTensors(source, limit: limit, smallLimit: limit / 4)
    places = source.places
    placements = plan.partition.tensors
    masks = TaskMasks(placements)
  }
}

/// The whole tensors of a source by the partition's numbers. Inactive positions and elements are zero, or inactive
/// positions are left out.
package struct MaskedTensors: PartitionTensors {
  private let source: MaskedSource
  private let network: VirtualNetwork
  private let isDense: Bool

  private var placements: [TensorPlacement] { source.placements }

  /// - Parameter isDense: whether inactive positions are left out, as in a sub-network.
  package init(_ source: MaskedSource, _ network: VirtualNetwork, isDense: Bool = false) {
    self.source = source
    self.network = network
    self.isDense = isDense
  }

  /// The tensors of a single sub-network; none stays in memory.
  package init(
    _ source: any TensorSource, _ network: VirtualNetwork, plan: ResolvedPlan, isDense: Bool = false
  ) {
    self.init(MaskedSource(source, plan: plan, keeping: 0), network, isDense: isDense)
  }

  package var path: String { source.path }

  package func reader(of number: Int) throws -> any TensorByteReader {
    guard placements.indices.contains(number) else {
      throw TensorStreamError.unknown(path: path, number: number)
    }
    let placement = placements[number]
    let whole = try read(placement.spec)
    do {
      try clear(whole, placement)
      if let owners = placement.owners {
        try clear(whole, placement, by: owners.map) { $0 > 0 && network.units.contains(UnitID(Int($0) - 1)) }
      } else if let mask = source.masks.mask(of: number, in: network) {
        try clear(whole, placement, by: placements[mask].spec.name) { $0 != 0 }
      }
      return MemoryReader(taking: whole, count: isDense ? try pack(whole, placement) : whole.count)
    } catch {
      whole.deallocate()
      throw error
    }
  }

  /// The number of a tensor in the source.
  private func place(of name: TensorName) throws -> Int {
    guard let place = source.places[name] else { throw TensorStreamError.missing(path: path, name: name) }
    return place
  }

  /// All bytes of a tensor; the caller must deallocate them.
  private func read(_ spec: TensorSpec) throws -> UnsafeMutableRawBufferPointer {
    let place = try place(of: spec.name)
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: spec.byteCount, alignment: 64)
    do { try source.tensors.read(place, into: bytes) } catch {
      bytes.deallocate()
      throw error
    }
    return bytes
  }

  /// Zeroes the elements that another tensor removes; it has one byte for each element.
  private func clear(
    _ bytes: UnsafeMutableRawBufferPointer, _ placement: TensorPlacement, by name: TensorName,
    keeps: (UInt8) -> Bool
  ) throws {
    let width = try byteCount(ofPositions: placement.spec.shape.count - 1, placement.spec.shape, placement)
    let kept = try source.tensors.reader(of: place(of: name), byteCount: placement.spec.elementCount).rest()
    for (element, byte) in kept.enumerated() where !keeps(byte) {
      UnsafeMutableRawBufferPointer(rebasing: bytes[element * width..<(element + 1) * width])
        .initializeMemory(as: UInt8.self, repeating: 0)
    }
  }

  /// The bytes of one position of a dimension; for the last dimension, of one element. Packed elements must fill whole
  /// bytes.
  private func byteCount(
    ofPositions dimension: Int, _ shape: [Int], _ placement: TensorPlacement
  ) throws -> Int {
    let dtype = placement.spec.dtype
    let elements = shape[(dimension + 1)...].reduce(1, *)
    guard elements % dtype.block.elements == 0 else {
      throw PackedPositions(path: path, spec: placement.spec)
    }
    return dtype.byteCount(ofElements: elements)
  }

  /// Zeroes the positions of every cut dimension that the sub-network does not have.
  private func clear(_ bytes: UnsafeMutableRawBufferPointer, _ placement: TensorPlacement) throws {
    let shape = placement.spec.shape
    for dimension in placement.cutDimensions {
      let inner = try byteCount(ofPositions: dimension, shape, placement)
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

  /// Moves the active positions of every cut dimension together, and returns the number of bytes that they take.
  private func pack(_ bytes: UnsafeMutableRawBufferPointer, _ placement: TensorPlacement) throws -> Int {
    var shape = placement.spec.shape
    var count = bytes.count
    for dimension in placement.cutDimensions {
      let inner = try byteCount(ofPositions: dimension, shape, placement)
      let row = shape[dimension] * inner
      guard row > 0 else { continue }
      let active = network.activePositions(of: placement, dimension: dimension)
      var end = 0
      for start in stride(from: 0, to: count, by: row) {
        for range in active {
          let size = range.count * inner
          let from = start + range.lowerBound * inner
          // Every piece moves towards the start, so nothing is overwritten before it is read.
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

/// An error for elements smaller than a byte: a mask would remove some of the elements in a byte.
private struct PackedPositions: Error, CustomStringConvertible {
  let path: String
  let spec: TensorSpec

  var description: String {
    "\(path): tensor \(spec.name.quoted): expected positions of whole bytes to mask, found \(spec.dtype.rawValue)"
  }
}
