package import Tensors

/// The part of a stored tensor to read: all of it, or a network's parts of each cut dimension.
package struct TensorSelection: Sendable {
  /// The row of the tensor with the bytes.
  package let number: Int
  /// The resulting dense tensor: name and dtype of the stored one, and extents without the parts that are left out.
  package let spec: TensorSpec
  /// The row with the bytes of the mask; nil for none. The mask is 0 for each element that is removed.
  package let mask: Int?
  /// The cut dimensions without the parts that are left out; nil for all of the tensor.
  private let cuts: [Cut]?
  /// For each owner, whether its elements are kept (owner 0: free elements); nil if all are kept.
  private let keeps: [Bool]?

  /// A cut dimension; only some of its parts are kept.
  private struct Cut: Sendable {
    let dimension: Int
    /// The stored numbers of the kept parts, ascending.
    let parts: [Int]
    /// The number of stored parts.
    let storedCount: Int
    /// The kept positions in ascending order. Neighbouring segments belong to different parts, numbered as in `parts`.
    let segments: [IndexedCut.Segment]

    init(_ dimension: Int, _ cut: IndexedCut, keeps: (CutPart) -> Bool) {
      var numbers: [Int] = []
      var parts: [Int] = []
      for (number, part) in cut.parts.enumerated() {
        numbers.append(keeps(part) ? parts.count : -1)
        if numbers[number] >= 0 { parts.append(number) }
      }
      var segments: [IndexedCut.Segment] = []
      for segment in cut.segments where numbers[segment.part] >= 0 {
        let number = numbers[segment.part]
        if let last = segments.last, last.part == number {
          segments[segments.count - 1] = .init(part: number, length: last.length + segment.length)
        } else {
          segments.append(.init(part: number, length: segment.length))
        }
      }
      self.dimension = dimension
      self.parts = parts
      storedCount = cut.parts.count
      self.segments = segments
    }
  }

  /// All of the tensor in row `number`.
  package init(all number: Int, of index: CheckpointIndex) {
    self.number = index.stored(number)
    spec = index.tensors[self.number].spec
    mask = nil
    cuts = nil
    keeps = nil
  }

  /// The part of the tensor in row `number` that the network in row `network` has.
  ///
  /// Throws `TensorError` if packed elements end inside a byte; no valid cut causes this.
  package init(_ number: Int, of index: CheckpointIndex, in network: ActiveUnits, mask: Int?)
    throws(TensorError)
  {
    self.number = index.stored(number)
    self.mask = mask.map { index.stored($0) }
    let stored = index.tensors[self.number]
    var shape = stored.spec.shape
    var cuts: [Cut] = []
    for (dimension, cut) in stored.cuts.enumerated() {
      guard let cut else { continue }
      let kept = Cut(dimension, index.cuts[cut.cut]) { part in
        part.unit < 0 || network.contains(part.unit, on: cut.axes[part.slot])
      }
      shape[dimension] = kept.segments.reduce(0) { $0 + $1.length }
      cuts.append(kept)
    }
    spec = try TensorSpec(name: stored.spec.name, dtype: stored.spec.dtype, shape: shape)
    self.cuts = cuts
    keeps = stored.owners == nil ? nil : (0...255).map { $0 > 0 && network.contains($0 - 1, on: nil) }
  }

  /// The geometry of the selection, and for each of its blocks the number of the stored block; nil for all blocks.
  func geometry(_ index: CheckpointIndex) -> (geometry: any TensorGeometry, blocks: [Int]?) {
    let stored = index.tensors[number]
    if let keeps, let owners = stored.owners {
      var blocks = [Int](repeating: -1, count: 256)
      var kept: [Int] = []
      for (place, count) in owners.counts.enumerated() where keeps[count.owner] {
        blocks[count.owner] = kept.count
        kept.append(place)
      }
      return (
        OwnedElements(byteCount: spec.byteCount, width: spec.dtype.bytes ?? 1, blocks: blocks), kept
      )
    }
    guard let cuts, !cuts.isEmpty else { return (index.geometry(ofTensor: number), nil) }
    var blocks = [0]
    for cut in cuts {
      blocks = blocks.flatMap { block in cut.parts.map { block * cut.storedCount + $0 } }
    }
    let grid = BlockGrid(
      spec,
      cuts: cuts.map {
        BlockGrid.Cut(dimension: $0.dimension, partCount: $0.parts.count, segments: $0.segments)
      })
    return (grid ?? SingleBlock(byteCount: spec.byteCount), blocks)
  }
}

/// The units of one network, by axis.
package struct ActiveUnits: Sendable {
  private let all: Set<Int>
  private let byAxis: [Int: Set<Int>]

  package init(_ network: IndexedNetwork) {
    all = Set(network.units)
    byAxis = network.axisUnits.mapValues { Set($0) }
  }

  /// Whether the network has a unit on an axis, or at all if `axis` is nil.
  package func contains(_ unit: Int, on axis: Int?) -> Bool {
    (axis.flatMap { byAxis[$0] } ?? all).contains(unit)
  }
}
