internal import Glibc
internal import TensorStreams
internal import Tensors

/// Reads one stored tensor, or what a network has of it, in flat order: put together window by window, and checked
/// while it is read.
///
/// Of a network only the active blocks are read, and what shares a page with them.
package final class TensorBlocksReader: TensorByteReader {
  private let checkpoint: UnitCheckpoint
  private let selection: TensorSelection
  private let geometry: any TensorGeometry
  /// By the geometry's numbers.
  private let blocks: [BlockPlace]
  /// Bytes of each block that were read.
  private var read: [Int]
  /// Who owns each element; nil for a tensor whose elements have no owners.
  private let owners: MapReader?
  /// Which elements are kept; nil where no mask is laid on.
  private let mask: MapReader?
  private let windows: [BlockWindow]
  private var next = 0
  package private(set) var remaining: Int
  /// Memory for the pieces of a window that are to be moved, and for a window of which only a part was asked for.
  private let staging = WindowMemory()
  private let started = WindowMemory()
  /// What of `started` has not been handed out.
  private var ready = 0..<0

  /// Reads all of the tensor in row `number`.
  package convenience init(
    _ checkpoint: UnitCheckpoint, _ number: Int, windowLimit: Int = windowLimit
  ) throws(CheckpointError) {
    try self.init(checkpoint, TensorSelection(all: number, of: checkpoint.index), windowLimit: windowLimit)
  }

  /// Bytes of a window where nobody says otherwise.
  package static let windowLimit = 4 << 20

  /// Reads what is selected of a tensor.
  ///
  /// - Parameter windowLimit: the most bytes of a window; positive.
  package init(
    _ checkpoint: UnitCheckpoint, _ selection: TensorSelection, windowLimit: Int = windowLimit
  ) throws(CheckpointError) {
    self.checkpoint = checkpoint
    self.selection = selection
    let index = checkpoint.index
    let (geometry, numbers) = selection.geometry(index)
    let stored = checkpoint.map.blocks(ofTensor: selection.number)
    self.geometry = geometry
    blocks = numbers.map { $0.compactMap { stored.indices.contains($0) ? stored[$0] : nil } } ?? stored
    read = [Int](repeating: 0, count: blocks.count)
    // Before anything is made in proportion to what the index claims, HDF5 must have the bytes too.
    for section in Set(blocks.map(\.section)) { try checkpoint.checkPresence(ofSection: section) }
    let storedTensor = index.tensors[selection.number]
    owners = try storedTensor.owners.map { (owners) throws(CheckpointError) in
      try MapReader(checkpoint, owners.map)
    }
    mask = try selection.mask.map { (mask) throws(CheckpointError) in
      try MapReader(checkpoint, mask)
    }
    // A mask has a byte for each element.
    let width = selection.mask == nil ? 1 : selection.spec.dtype.bytes ?? 1
    windows = geometry.windows(limit: max(width, windowLimit / width * width))
    remaining = windows.reduce(0) { $0 + $1.byteCount }
    if windows.isEmpty { try finish() }
  }

  package func nextStretch(limit: Int) -> Int {
    if !ready.isEmpty { return min(limit, ready.count) }
    return windows.indices.contains(next) ? min(limit, windows[next].byteCount) : 0
  }

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws(CheckpointError) {
    guard buffer.count <= remaining else {
      throw .stream(path: checkpoint.path, .pastEnd(left: remaining, asked: buffer.count))
    }
    var done = 0
    while done < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      if ready.isEmpty {
        let size = windows[next].byteCount
        if size <= rest.count {
          try readWindow(into: UnsafeMutableRawBufferPointer(rebasing: rest[..<size]))
          done += size
          continue
        }
        try readWindow(into: started.bytes(size))
        ready = 0..<size
      }
      let count = min(ready.count, rest.count)
      rest.copyBytes(from: started.bytes(ready.upperBound)[ready.prefix(count)])
      ready = ready.dropFirst(count)
      done += count
    }
    remaining -= done
  }

  /// Fills `flat` with the next window, which is as large.
  private func readWindow(into flat: UnsafeMutableRawBufferPointer) throws(CheckpointError) {
    let window = windows[next]
    next += 1
    let width = selection.spec.dtype.bytes ?? 1
    let map = try owners?.next(window.byteCount / width) ?? UnsafeRawBufferPointer(start: nil, count: 0)
    let cut = geometry.pieces(of: window, map: map)
    let target = cut.isInPlace ? flat : staging.bytes(flat.count)
    for piece in cut.pieces {
      guard blocks.indices.contains(piece.block),
        piece.byteCount <= blocks[piece.block].byteCount - read[piece.block]
      else { throw disagreement() }
      let place = blocks[piece.block]
      try checkpoint.read(
        section: place.section, at: place.offset + read[piece.block],
        into: UnsafeMutableRawBufferPointer(rebasing: target[piece.offset..<piece.offset + piece.byteCount]))
      read[piece.block] += piece.byteCount
    }
    if !cut.isInPlace, let flat = flat.baseAddress {
      // Without pieces there may be nothing to take a pointer to, and none is looked at.
      cut.move(.piecesToFlat, flat: flat, pieces: target.baseAddress ?? flat)
    }
    if let mask { try mask.clear(flat, width: width) }
    if next == windows.count { try finish() }
  }

  /// Checks that every block was read to its end.
  private func finish() throws(CheckpointError) {
    for (block, count) in zip(blocks, read) where count != block.byteCount { throw disagreement() }
  }

  /// The owner map and the numbers of elements do not agree: geometry and blocks follow from the same cuts otherwise.
  private func disagreement() -> CheckpointError {
    .broken(
      .ownerMap, path: checkpoint.path, place: "tensor \(selection.spec.name.quoted)",
      expected: "as many elements of each owner as /\(Layout.Table.owned.path) gives",
      found: "another number in its owner map")
  }
}

/// Reads a tensor of bytes beside another, one for each element.
private final class MapReader {
  private let reader: TensorBlocksReader
  private let memory = WindowMemory()

  init(_ checkpoint: UnitCheckpoint, _ number: Int) throws(CheckpointError) {
    reader = try TensorBlocksReader(checkpoint, number)
  }

  /// The next bytes; they are there until the next are read.
  func next(_ count: Int) throws(CheckpointError) -> UnsafeRawBufferPointer {
    // A map has as many bytes as its tensor has elements: opening has seen that.
    let bytes = memory.bytes(min(count, reader.remaining))
    try reader.read(into: bytes)
    return UnsafeRawBufferPointer(bytes)
  }

  /// Makes zeros of the elements for which the mask has 0.
  func clear(_ flat: UnsafeMutableRawBufferPointer, width: Int) throws(CheckpointError) {
    for (element, byte) in try next(flat.count / width).enumerated() where byte == 0 {
      if let target = flat.baseAddress { memset(target + element * width, 0, width) }
    }
  }
}

/// Memory that is allocated when it is first asked for, and as large as the largest request.
private final class WindowMemory {
  private var memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)

  deinit { memory.deallocate() }

  /// The first `count` bytes; what was in them is lost where there are more than before.
  func bytes(_ count: Int) -> UnsafeMutableRawBufferPointer {
    if memory.count < count {
      memory.deallocate()
      memory = .allocate(byteCount: count, alignment: 4096)
    }
    return UnsafeMutableRawBufferPointer(rebasing: memory[..<count])
  }
}
