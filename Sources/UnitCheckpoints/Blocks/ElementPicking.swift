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
  private var bytes: [UInt8] = []
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

  /// Windows that end with an element.
  func windows(limit: Int) -> [BlockWindow] {
    BlockGrid.wholeWindows(byteCount: spec.byteCount, limit: max(width, limit / width * width))
  }

  /// Reads the map's bytes for a window; windows come in their order. Returns how often each value is there.
  func load(_ window: BlockWindow) throws(CheckpointError) -> [Int] {
    let range = window.columns.lowerBound / width..<window.columns.upperBound / width
    if bytes.count != range.count { bytes = [UInt8](repeating: 0, count: range.count) }
    if range.isEmpty { return [Int](repeating: 0, count: 256) }
    // The checksum takes the map from its first byte to its last.
    guard let dataset = map.datasets.first, range.lowerBound == read else {
      throw .broken(
        .ownerMap, path: checkpoint.path, place: "tensor \(map.spec.name.quoted)",
        expected: "windows in their order, from byte \(read) on", found: "one from \(range.lowerBound)")
    }
    var failure: CheckpointError?
    var counts = [Int](repeating: 0, count: 256)
    bytes.withUnsafeMutableBytes { buffer in
      do throws(CheckpointError) {
        try checkpoint.read([DatasetPiece(dataset: dataset, offset: range.lowerBound, target: buffer)])
        checksum.update(UnsafeRawBufferPointer(buffer))
        for byte in buffer { counts[Int(byte)] += 1 }
      } catch { failure = error }
    }
    if let failure { throw failure }
    read += range.count
    return counts
  }

  /// Lays elements down in flat order, each owner's one after the other from its start; zeros where it has none.
  func scatter(_ pieces: UnsafeRawBufferPointer, starts: [Int], into flat: UnsafeMutableRawBufferPointer) {
    guard let target = flat.baseAddress, flat.count >= bytes.count * width else { return }
    var cursors = starts
    // Nothing is kept of a window: there is nothing to take a pointer to.
    let source = pieces.baseAddress
    switch width {
    case 1: move(as: UInt8.self, source, &cursors, target)
    case 2: move(as: UInt16.self, source, &cursors, target)
    case 4: move(as: UInt32.self, source, &cursors, target)
    case 8: move(as: UInt64.self, source, &cursors, target)
    default:
      for (element, owner) in bytes.enumerated() {
        let place = cursors[Int(owner)]
        guard place >= 0, let source else {
          memset(target + element * width, 0, width)
          continue
        }
        memcpy(target + element * width, source + place, width)
        cursors[Int(owner)] = place + width
      }
    }
  }

  private func move<Word: FixedWidthInteger & BitwiseCopyable>(
    as type: Word.Type, _ source: UnsafeRawPointer?, _ cursors: inout [Int], _ target: UnsafeMutableRawPointer
  ) {
    for (element, owner) in bytes.enumerated() {
      let place = cursors[Int(owner)]
      var word: Word = 0
      if place >= 0, let source {
        word = source.loadUnaligned(fromByteOffset: place, as: Word.self)
        cursors[Int(owner)] = place + width
      }
      target.storeBytes(of: word, toByteOffset: element * width, as: Word.self)
    }
  }

  /// Makes zeros of the elements for which the mask has 0.
  func clear(_ flat: UnsafeMutableRawBufferPointer, of window: BlockWindow) throws(CheckpointError) {
    _ = try load(window)
    guard let target = flat.baseAddress, flat.count >= bytes.count * width else { return }
    for (element, byte) in bytes.enumerated() where byte == 0 { memset(target + element * width, 0, width) }
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
