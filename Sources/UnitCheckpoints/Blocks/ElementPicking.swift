internal import Glibc
internal import Tensors

/// A map of bytes beside a tensor, one for each of its elements, read window by window and checked to its end.
///
/// Of an owner map the bytes say in whose run the next element is; of a mask, 0 takes the element out.
final class ElementPicking {
  /// The row whose datasets hold the map.
  let map: IndexedTensor
  /// Bytes of an element of the tensor.
  let width: Int
  private let checkpoint: UnitCheckpoint
  private let spec: TensorSpec
  private let checksum = RunChecksum()
  /// The map's bytes for one window.
  private var bytes = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  private var read = 0

  init(_ checkpoint: UnitCheckpoint, _ spec: TensorSpec, map: IndexedTensor) throws(CheckpointError) {
    self.checkpoint = checkpoint
    self.spec = spec
    self.map = map
    width = spec.dtype.bytes ?? 1
    guard map.spec.byteCount == spec.elementCount, spec.dtype.bytes != nil,
      spec.elementCount == 0 || map.datasets.count == 1
    else {
      throw .broken(
        .ownerMap, path: checkpoint.path, place: "tensor \(map.spec.name.quoted)",
        expected: "a byte for each of \(spec.elementCount) elements of \(spec.name.quoted)",
        found: "\(map.spec.byteCount)")
    }
    for dataset in map.datasets { try checkpoint.checkPresence(ofDataset: dataset) }
  }

  deinit { bytes.deallocate() }

  /// Windows that end with an element.
  func windows(limit: Int) -> [BlockWindow] {
    BlockGrid.wholeWindows(byteCount: spec.byteCount, limit: max(width, limit / width * width))
  }

  /// Reads the map's bytes for a window; windows come in their order. They are there until the next are read.
  func load(_ window: BlockWindow) throws(CheckpointError) -> UnsafeRawBufferPointer {
    let range = window.columns.lowerBound / width..<window.columns.upperBound / width
    if range.isEmpty { return UnsafeRawBufferPointer(start: nil, count: 0) }
    // The checksum takes the map from its first byte to its last.
    guard let dataset = map.datasets.first, range.lowerBound == read else {
      throw .broken(
        .ownerMap, path: checkpoint.path, place: "tensor \(map.spec.name.quoted)",
        expected: "windows in their order, from byte \(read) on", found: "one from \(range.lowerBound)")
    }
    if bytes.count != range.count {
      bytes.deallocate()
      bytes = .allocate(byteCount: range.count, alignment: 64)
    }
    try checkpoint.read([DatasetPiece(dataset: dataset, offset: range.lowerBound, target: bytes)])
    checksum.update(UnsafeRawBufferPointer(bytes))
    read += range.count
    return UnsafeRawBufferPointer(bytes)
  }

  /// Makes zeros of the elements for which the mask has 0.
  func clear(_ flat: UnsafeMutableRawBufferPointer, of window: BlockWindow) throws(CheckpointError) {
    let mask = try load(window)
    guard let target = flat.baseAddress, flat.count >= mask.count * width else { return }
    for (element, byte) in mask.enumerated() where byte == 0 { memset(target + element * width, 0, width) }
  }

  /// Checks that the map was read to its end, and is what was written.
  func finish() throws(CheckpointError) {
    guard let dataset = map.datasets.first, let number = checkpoint.index.datasets[dataset].blocks.first
    else { return }
    let block = checkpoint.index.blocks[number]
    let found = checksum.finish()
    guard read == block.byteCount, found == block.checksum else {
      throw .broken(
        .runChecksum, path: checkpoint.path, place: checkpoint.place(ofDataset: dataset, block: number),
        expected: "bytes with the checksum of the index", found: "other bytes")
    }
  }

  /// The map and the datasets of the elements do not agree about an owner.
  func disagreement(_ tensor: TensorSpec, owner: Int) -> CheckpointError {
    .broken(
      .ownerMap, path: checkpoint.path, place: "tensor \(map.spec.name.quoted)",
      expected: "as many elements of \(tensor.name.quoted) for owner \(owner) as its dataset has",
      found: "another number")
  }
}
