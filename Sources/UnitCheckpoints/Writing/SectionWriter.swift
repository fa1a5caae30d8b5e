package import ByteFiles
internal import HDF5Kit
internal import Tensors

/// Receives the bytes of sections in pieces, and writes and checksums whole pages.
///
/// Pieces of a section may come in any order, and each byte comes once; pieces of a whole tensor come in order. An
/// incomplete page waits in memory, because a block of 64 bytes must not become a system call.
///
/// Not `Sendable`: only one thread may use it at a time.
package final class SectionWriter {
  private let map: SectionMap
  private let file: AtomicFile
  private let store: ChunkStore
  private let cells: [CellPlan]
  private let addresses: [Int?]
  private var open: [[Int: OpenCell]]
  private var sums: [UInt64]
  /// The whole tensor that is being received: its section and its next page.
  private var whole: (section: Int, checksum: RunChecksum, page: Int, filled: Int)?
  private var sinceWriteback = 0

  /// A page or a chunk that is not complete.
  private final class OpenCell {
    let bytes: UnsafeMutableRawBufferPointer
    var filled = 0

    init(byteCount: Int) { bytes = .allocate(byteCount: byteCount, alignment: 64) }
    deinit { bytes.deallocate() }
  }

  /// - Parameters:
  ///   - cells: the division of each section into cells, each of which is written at once.
  ///   - addresses: the address of each section; nil for sections in chunks.
  init(_ map: SectionMap, file: AtomicFile, store: ChunkStore, cells: [CellPlan], addresses: [Int?]) {
    self.map = map
    self.file = file
    self.store = store
    self.cells = cells
    self.addresses = addresses
    open = [[Int: OpenCell]](repeating: [:], count: map.sections.count)
    sums = [UInt64](repeating: 0, count: map.pageCount)
  }

  /// The first error of compressing; bytes after it are dropped.
  package var failure: FileError? { store.failure }

  /// Receives bytes of a section, which begin at `offset`.
  package func append(
    _ bytes: UnsafeRawBufferPointer, section: Int, at offset: Int
  ) throws(FileError) {
    if map.sections[section].key.kind == .whole { sumWhole(bytes, section) }
    let end = offset + bytes.count
    var position = offset
    while position < end {
      let cell = cells[section].cell(at: position)
      if position == cell.range.lowerBound, cell.range.upperBound <= end {
        let first = position
        while position < end, case let next = cells[section].cell(at: position), next.range.upperBound <= end
        {
          complete(piece(bytes, next.range, from: offset), section, next)
          position = next.range.upperBound
        }
        try write(piece(bytes, first..<position, from: offset), section, at: first)
        continue
      }
      let range = position..<min(end, cell.range.upperBound)
      let waiting = open[section][cell.number] ?? OpenCell(byteCount: cell.range.count)
      UnsafeMutableRawBufferPointer(rebasing: waiting.bytes[(position - cell.range.lowerBound)...])
        .copyMemory(from: piece(bytes, range, from: offset))
      waiting.filled += range.count
      if waiting.filled == cell.range.count {
        open[section][cell.number] = nil
        complete(UnsafeRawBufferPointer(waiting.bytes), section, cell)
        try write(UnsafeRawBufferPointer(waiting.bytes), section, at: cell.range.lowerBound)
      } else {
        open[section][cell.number] = waiting
      }
      position = range.upperBound
    }
  }

  private func piece(
    _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, from offset: Int
  ) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: bytes[range.lowerBound - offset..<range.upperBound - offset])
  }

  /// Checksums a cell; if it is a chunk, passes it to the store.
  private func complete(_ bytes: UnsafeRawBufferPointer, _ section: Int, _ cell: CellPlan.Cell) {
    let place = map.sections[section]
    if place.key.kind != .whole { sums[place.firstPage + cell.number] = RunChecksum.of(bytes) }
    if addresses[section] == nil {
      store.append(
        bytes, byteCount: cells[section].chunkBytes, elementSize: place.key.dtype.storage.type.size,
        section: section, chunk: cell.number)
    }
  }

  private func write(_ bytes: UnsafeRawBufferPointer, _ section: Int, at offset: Int) throws(FileError) {
    guard let address = addresses[section] else { return }
    try file.write(bytes, at: address + offset)
    sinceWriteback += bytes.count
    if sinceWriteback >= 64 << 20 {
      file.startWriteback(from: 0, count: 0)
      sinceWriteback = 0
    }
  }

  /// Checksums the pages of a whole tensor. They may differ from its chunks; its bytes come in order.
  private func sumWhole(_ bytes: UnsafeRawBufferPointer, _ section: Int) {
    if whole?.section != section {
      endWhole()
      whole = (section, RunChecksum(), map.sections[section].firstPage, 0)
    }
    guard var state = whole else { return }
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = rest.prefix(map.pageBytes - state.filled)
      if piece.count == map.pageBytes {
        sums[state.page] = RunChecksum.of(UnsafeRawBufferPointer(rebasing: piece))
        state.page += 1
      } else {
        state.checksum.update(UnsafeRawBufferPointer(rebasing: piece))
        state.filled += piece.count
        if state.filled == map.pageBytes {
          sums[state.page] = state.checksum.finish()
          state.page += 1
          state.filled = 0
        }
      }
      rest = rest.dropFirst(piece.count)
    }
    whole = state
  }

  private func endWhole() {
    if let whole, whole.filled > 0 { sums[whole.page] = whole.checksum.finish() }
    whole = nil
  }

  /// The checksums of all pages; call it after every byte has come.
  package func finish() -> [UInt64] {
    endWhole()
    return sums
  }
}

/// The division of a section into cells, each of which is written at once: pages or chunks.
struct CellPlan {
  /// Bytes of the section.
  let byteCount: Int
  /// Bytes of a chunk or of a page.
  let chunkBytes: Int
  /// The bytes of a row; a cell begins at the start of each row. In a whole tensor, a chunk is a run inside one
  /// position of the outer dimensions.
  let rowBytes: Int

  struct Cell {
    let number: Int
    let range: Range<Int>
  }

  /// The cell that contains a byte.
  func cell(at position: Int) -> Cell {
    let (row, place) = position.quotientAndRemainder(dividingBy: rowBytes)
    let perRow = (rowBytes + chunkBytes - 1) / chunkBytes
    let start = row * rowBytes + place / chunkBytes * chunkBytes
    return Cell(
      number: row * perRow + place / chunkBytes,
      range: start..<min(start + chunkBytes, (row + 1) * rowBytes, byteCount))
  }
}
