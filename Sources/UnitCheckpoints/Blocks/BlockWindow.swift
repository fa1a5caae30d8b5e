internal import Glibc

/// A stretch of a cut tensor's flat bytes, small enough for a buffer: whole rows, or a part of one long row.
package struct BlockWindow {
  package let rows: Range<Int>
  /// Byte range within the row; all of it when the window holds whole rows.
  package let columns: Range<Int>

  /// Bytes in the window.
  package var byteCount: Int { rows.count * columns.count }
}

/// The piece of one block that a window holds.
package struct BlockPiece {
  /// Row class and part on the last cut dimension: the block.
  package let rowClass: Int
  package let part: Int
  /// Where the piece lies in the buffer of pieces, and its length.
  package let offset: Int
  package let byteCount: Int
}

extension BlockGrid {
  /// The windows that cover the tensor in flat order, none larger than `limit` bytes.
  package func windows(limit: Int) -> [BlockWindow] {
    var result: [BlockWindow] = []
    if rowBytes <= limit {
      // The rows of a window are told off to classes, a range at worst each: short rows must not be too many.
      let step = min(1 << 16, max(1, limit / max(1, rowBytes)))
      for first in stride(from: 0, to: rowCount, by: step) {
        result.append(BlockWindow(rows: first..<min(first + step, rowCount), columns: 0..<rowBytes))
      }
    } else {
      for row in 0..<rowCount {
        for first in stride(from: 0, to: rowBytes, by: limit) {
          result.append(BlockWindow(rows: row..<row + 1, columns: first..<min(first + limit, rowBytes)))
        }
      }
    }
    return result
  }

  /// Moves the window's bytes between flat order and pieces, one piece after the other in `pieces`.
  ///
  /// Returns what was moved. `flat` and `pieces` hold at least the window's bytes.
  package func move(
    _ window: BlockWindow, _ direction: Direction, flat: UnsafeMutableRawPointer,
    pieces: UnsafeMutableRawPointer
  ) -> [BlockPiece] {
    let list = self.pieces(of: window)
    move(list, of: window, direction, flat: flat, pieces: pieces)
    return list.map(\.piece)
  }

  /// The same for pieces that are known already.
  func move(
    _ list: [(piece: BlockPiece, rows: [Range<Int>])], of window: BlockWindow, _ direction: Direction,
    flat: UnsafeMutableRawPointer, pieces: UnsafeMutableRawPointer
  ) {
    for (piece, rows) in list {
      copy(piece, rows: rows, of: window, direction, flat: flat, pieces: pieces + piece.offset)
    }
  }

  /// Which way `move` copies.
  package enum Direction { case flatToPieces, piecesToFlat }

  /// The pieces of a window in the order in which `move` lays them down, with the rows each takes part in.
  package func pieces(of window: BlockWindow) -> [(piece: BlockPiece, rows: [Range<Int>])] {
    var result: [(piece: BlockPiece, rows: [Range<Int>])] = []
    var offset = 0
    for (rowClass, rows) in rowsByClass(window.rows).enumerated() where !rows.isEmpty {
      for part in runs.indices {
        let perRow = runs[part].reduce(0) { $0 + Self.clip($1, to: window.columns).count }
        if perRow == 0 { continue }
        let count = perRow * rows.reduce(0) { $0 + $1.count }
        result.append((BlockPiece(rowClass: rowClass, part: part, offset: offset, byteCount: count), rows))
        offset += count
      }
    }
    return result
  }

  private static func clip(_ run: Run, to columns: Range<Int>) -> Range<Int> {
    (run.start..<run.start + run.length).clamped(to: columns)
  }

  private func copy(
    _ piece: BlockPiece, rows: [Range<Int>], of window: BlockWindow, _ direction: Direction,
    flat: UnsafeMutableRawPointer, pieces: UnsafeMutableRawPointer
  ) {
    let clipped = runs[piece.part].map { Self.clip($0, to: window.columns) }.filter { !$0.isEmpty }
    var cursor = pieces
    let columnBase = window.columns.lowerBound
    for row in rows.joined() {
      let rowBase = flat + ((row - window.rows.lowerBound) * window.columns.count - columnBase)
      for run in clipped {
        switch direction {
        case .flatToPieces: memcpy(cursor, rowBase + run.lowerBound, run.count)
        case .piecesToFlat: memcpy(rowBase + run.lowerBound, cursor, run.count)
        }
        cursor += run.count
      }
    }
  }
}

extension BlockGrid {
  /// The windows of a tensor that is moved as it is.
  package static func wholeWindows(byteCount: Int, limit: Int) -> [BlockWindow] {
    stride(from: 0, to: byteCount, by: limit).map {
      BlockWindow(rows: 0..<1, columns: $0..<min($0 + limit, byteCount))
    }
  }
}
