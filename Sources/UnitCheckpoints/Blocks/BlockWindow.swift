internal import Glibc

/// A range of a cut tensor's flat bytes, small enough for a buffer: whole rows, or a part of one long row.
package struct BlockWindow {
  package let rows: Range<Int>
  /// The range of bytes in the row; all of the row if the window has whole rows.
  package let columns: Range<Int>

  /// Bytes in the window.
  package var byteCount: Int { rows.count * columns.count }
}

extension BlockGrid {
  package func windows(limit: Int) -> [BlockWindow] {
    var result: [BlockWindow] = []
    if rowBytes <= limit {
      // A window lists its rows by class, in ranges that may have only one row each, so the number of rows is limited.
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

  package func pieces(of window: BlockWindow, map: UnsafeRawBufferPointer) -> any WindowPieces {
    var result = GridPieces(grid: self, window: window)
    var offset = 0
    for (rowClass, rows) in rowsByClass(window.rows).enumerated() where !rows.isEmpty {
      for part in runs.indices {
        let perRow = runs[part].reduce(0) { $0 + Self.clip($1, to: window.columns).count }
        if perRow == 0 { continue }
        let count = perRow * rows.reduce(0) { $0 + $1.count }
        result.pieces.append(
          BlockPiece(block: rowClass * runs.count + part, offset: offset, byteCount: count))
        result.places.append((part, rows))
        offset += count
      }
    }
    return result
  }

  fileprivate static func clip(_ run: Run, to columns: Range<Int>) -> Range<Int> {
    (run.start..<run.start + run.length).clamped(to: columns)
  }
}

/// The pieces of a window of a grid.
private struct GridPieces: WindowPieces {
  let grid: BlockGrid
  let window: BlockWindow
  var pieces: [BlockPiece] = []
  /// For each piece, its part of the last cut and its rows.
  var places: [(part: Int, rows: [Range<Int>])] = []

  func move(
    _ direction: MoveDirection, flat: UnsafeMutableRawPointer, pieces: UnsafeMutableRawPointer
  ) {
    let columnBase = window.columns.lowerBound
    for (piece, place) in zip(self.pieces, places) {
      let clipped = grid.runs[place.part].map { BlockGrid.clip($0, to: window.columns) }
        .filter { !$0.isEmpty }
      var cursor = pieces + piece.offset
      for row in place.rows.joined() {
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
}
