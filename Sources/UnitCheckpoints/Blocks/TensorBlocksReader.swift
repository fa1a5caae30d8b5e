internal import Glibc
internal import TensorStreams
internal import Tensors

/// Reads one stored tensor, or a network's part of it, in flat order, window by window, and checks it while it reads.
///
/// For a network, only the active blocks are read, and bytes in the same pages.
package final class TensorBlocksReader: TensorByteReader {
  /// The file with the tensor's bytes.
  private let checkpoint: UnitCheckpoint
  private let selection: TensorSelection
  private let geometry: any TensorGeometry
  /// The blocks, numbered as in the geometry.
  private let blocks: [BlockPlace]
  /// Bytes of each block that were read.
  private var readCounts: [Int]
  /// The owner of each element; nil for a tensor whose elements have no owners.
  private let owners: MapReader?
  /// The mask of the elements that are kept; nil without a mask.
  private let mask: MapReader?
  /// The windows; made on the first request, which shows how many bytes at a time are wanted.
  private var windows: [BlockWindow]?
  private var next = 0
  package private(set) var remaining: Int
  /// Memory for the pieces of a window that must be moved, and for a window that was requested only in part.
  private let staging = WindowMemory()
  private let started = WindowMemory()
  /// The range of `started` that was not returned yet.
  private var ready = 0..<0
  /// The error of a window; later windows must not be returned in its place.
  private var failure: CheckpointError?

  /// Reads all of the tensor in row `number`.
  package convenience init(_ checkpoint: UnitCheckpoint, _ number: Int) throws(CheckpointError) {
    try self.init(checkpoint, TensorSelection(all: number, of: checkpoint.index))
  }

  /// Reads a selection of a tensor.
  package init(_ checkpoint: UnitCheckpoint, _ selection: TensorSelection) throws(CheckpointError) {
    let holder = try checkpoint.holder(ofTensor: selection.number)
    self.checkpoint = holder
    self.selection = selection
    let index = checkpoint.index
    let (geometry, numbers) = selection.geometry(index)
    let stored = holder.map.blocks(ofTensor: selection.number)
    self.geometry = geometry
    // A tensor without elements has no blocks.
    guard stored.isEmpty || (numbers ?? []).allSatisfy(stored.indices.contains) else {
      throw Self.disagreement(selection, checkpoint)
    }
    blocks = stored.isEmpty ? [] : numbers.map { $0.map { stored[$0] } } ?? stored
    readCounts = [Int](repeating: 0, count: blocks.count)
    // Before memory is allocated for the sizes that the index gives, HDF5 must have these bytes too.
    for section in Set(blocks.map(\.section)) { try holder.checkPresence(ofSection: section) }
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

  /// The windows. On the first call, `limit` is the most bytes of one, unless there would be too many windows.
  private func windows(limit: Int) -> [BlockWindow] {
    if let windows { return windows }
    let limit = max(min(limit, Self.windowLimit), remaining / Self.windowCount)
    // A mask has a byte for each element.
    let granule = mask == nil ? 1 : selection.spec.dtype.bytes ?? 1
    let made = geometry.windows(limit: max(granule, limit / granule * granule))
    windows = made
    return made
  }

  /// The most bytes of a window, and the approximate limit of windows for a tensor that is read in small pieces.
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

  /// Fills `flat` with the next window; both have the same size.
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
      // If there are no pieces, the target may have no address; the address is then not used.
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

  /// The error for an owner map that disagrees with the numbers of elements. Without owners, geometry and blocks always
  /// agree, because they follow from the same cuts.
  private static func disagreement(
    _ selection: TensorSelection, _ checkpoint: UnitCheckpoint
  ) -> CheckpointError {
    .broken(
      .ownerMap, path: checkpoint.path, place: "tensor \(selection.spec.name.quoted)",
      expected: "as many elements of each owner as /\(Layout.Table.owned.path) gives",
      found: "a different number in its owner map")
  }
}

/// Reads an owner map or a mask: a tensor with one byte for each element of another tensor.
private final class MapReader {
  private let reader: TensorBlocksReader
  private let memory = WindowMemory()

  init(_ checkpoint: UnitCheckpoint, _ number: Int) throws(CheckpointError) {
    reader = try TensorBlocksReader(checkpoint, number)
  }

  /// The next bytes; valid until the next call.
  func next(_ count: Int) throws(CheckpointError) -> UnsafeRawBufferPointer {
    // A map has one byte for each element of its tensor; this was checked when the file was opened.
    let bytes = memory.bytes(min(count, reader.remaining))
    try reader.read(into: bytes)
    return UnsafeRawBufferPointer(bytes)
  }

  /// Sets the elements for which the mask has 0 to zero.
  func clear(_ flat: UnsafeMutableRawBufferPointer, width: Int) throws(CheckpointError) {
    for (element, byte) in try next(flat.count / width).enumerated() where byte == 0 {
      if let target = flat.baseAddress { memset(target + element * width, 0, width) }
    }
  }
}

/// Memory that is allocated on the first request and grows to the largest request.
private final class WindowMemory {
  private var memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)

  deinit { memory.deallocate() }

  /// The first `count` bytes. If `count` is larger than before, their content is lost.
  func bytes(_ count: Int) -> UnsafeMutableRawBufferPointer {
    if memory.count < count {
      memory.deallocate()
      memory = .allocate(byteCount: count, alignment: 4096)
    }
    return UnsafeMutableRawBufferPointer(rebasing: memory[..<count])
  }
}
