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
  private var readCounts: [Int]
  /// Who owns each element; nil for a tensor whose elements have no owners.
  private let owners: MapReader?
  /// Which elements are kept; nil where no mask is laid on.
  private let mask: MapReader?
  /// Made when it is known how many bytes at a time are wanted.
  private var windows: [BlockWindow]?
  private var next = 0
  package private(set) var remaining: Int
  /// Memory for the pieces of a window that are to be moved, and for a window of which only a part was asked for.
  private let staging = WindowMemory()
  private let started = WindowMemory()
  /// What of `started` has not been handed out.
  private var ready = 0..<0
  /// What a window has thrown: those behind it must not take its place.
  private var failure: CheckpointError?

  /// Reads all of the tensor in row `number`.
  package convenience init(_ checkpoint: UnitCheckpoint, _ number: Int) throws(CheckpointError) {
    try self.init(checkpoint, TensorSelection(all: number, of: checkpoint.index))
  }

  /// Reads what is selected of a tensor.
  package init(_ checkpoint: UnitCheckpoint, _ selection: TensorSelection) throws(CheckpointError) {
    self.checkpoint = checkpoint
    self.selection = selection
    let index = checkpoint.index
    let (geometry, numbers) = selection.geometry(index)
    let stored = checkpoint.map.blocks(ofTensor: selection.number)
    self.geometry = geometry
    // A tensor without elements has no blocks.
    guard stored.isEmpty || (numbers ?? []).allSatisfy(stored.indices.contains) else {
      throw Self.disagreement(selection, checkpoint)
    }
    blocks = stored.isEmpty ? [] : numbers.map { $0.map { stored[$0] } } ?? stored
    readCounts = [Int](repeating: 0, count: blocks.count)
    // Before anything is made in proportion to what the index claims, HDF5 must have the bytes too.
    for section in Set(blocks.map(\.section)) { try checkpoint.checkPresence(ofSection: section) }
    let storedTensor = index.tensors[selection.number]
    owners = try storedTensor.owners.map { (owners) throws(CheckpointError) in
      try MapReader(checkpoint, owners.map)
    }
    mask = try selection.mask.map { (mask) throws(CheckpointError) in
      try MapReader(checkpoint, mask)
    }
    remaining = selection.spec.byteCount
    if remaining == 0 { try finish() }
  }

  /// The windows; the first `limit` that is asked for is the most bytes of one, unless they would be too many.
  private func windows(limit: Int) -> [BlockWindow] {
    if let windows { return windows }
    let limit = max(min(limit, Self.windowLimit), remaining / Self.windowCount)
    // A mask has a byte for each element.
    let granule = mask == nil ? 1 : selection.spec.dtype.bytes ?? 1
    let made = geometry.windows(limit: max(granule, limit / granule * granule))
    windows = made
    return made
  }

  /// The most bytes of a window, and about the most windows of a tensor that is read in small pieces.
  private static let windowLimit = 4 << 20
  private static let windowCount = 1 << 16

  package func nextStretch(limit: Int) -> Int {
    if !ready.isEmpty { return min(limit, ready.count) }
    let windows = windows(limit: limit)
    return windows.indices.contains(next) ? min(limit, windows[next].byteCount) : 0
  }

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws(CheckpointError) {
    guard buffer.count <= remaining else {
      throw .stream(path: checkpoint.path, .pastEnd(left: remaining, asked: buffer.count))
    }
    if let failure { throw failure }
    do throws(CheckpointError) { try fill(buffer) } catch {
      failure = error
      throw error
    }
    remaining -= buffer.count
  }

  private func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(CheckpointError) {
    if buffer.isEmpty { return }
    let windows = windows(limit: buffer.count)
    var done = 0
    while done < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      if ready.isEmpty {
        let size = windows[next].byteCount
        if size <= rest.count {
          try readWindow(windows, into: UnsafeMutableRawBufferPointer(rebasing: rest[..<size]))
          done += size
          continue
        }
        try readWindow(windows, into: started.bytes(size))
        ready = 0..<size
      }
      let count = min(ready.count, rest.count)
      rest.copyBytes(from: started.bytes(ready.upperBound)[ready.prefix(count)])
      ready = ready.dropFirst(count)
      done += count
    }
  }

  /// Fills `flat` with the next window, which is as large.
  private func readWindow(
    _ windows: [BlockWindow], into flat: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    let window = windows[next]
    next += 1
    let width = selection.spec.dtype.bytes ?? 1
    let map = try owners?.next(window.byteCount / width) ?? UnsafeRawBufferPointer(start: nil, count: 0)
    let cut = geometry.pieces(of: window, map: map)
    let target = cut.isInPlace ? flat : staging.bytes(flat.count)
    for piece in cut.pieces {
      guard blocks.indices.contains(piece.block),
        piece.byteCount <= blocks[piece.block].byteCount - readCounts[piece.block]
      else { throw Self.disagreement(selection, checkpoint) }
      let place = blocks[piece.block]
      try checkpoint.read(
        section: place.section, at: place.offset + readCounts[piece.block],
        into: UnsafeMutableRawBufferPointer(rebasing: target[piece.offset..<piece.offset + piece.byteCount]))
      readCounts[piece.block] += piece.byteCount
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
    for (block, count) in zip(blocks, readCounts) where count != block.byteCount {
      throw Self.disagreement(selection, checkpoint)
    }
  }

  /// The owner map and the numbers of elements do not agree: geometry and blocks follow from the same cuts otherwise.
  private static func disagreement(
    _ selection: TensorSelection, _ checkpoint: UnitCheckpoint
  ) -> CheckpointError {
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
