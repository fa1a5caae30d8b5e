import TensorStreams
import Tensors
import TestSupport
import Testing

@testable import FlatFormats

/// Tensors in more pieces than files of a test have.
@Suite("Pieces that are read at the same time")
struct AssembledReaderTests {
  /// Reads a tensor of two rows whose pieces are its columns; the elements of column `n` are `n` in the first row and
  /// `n + 1` in the second.
  private func read(columns: Int) throws -> [UInt8] {
    let boxes = (0..<columns).map { PieceBox(offsets: [0, $0], sizes: [2, 1]) }
    var work = 100_000
    let tiling = try PieceTiling.of([2, columns], boxes, work: &work)
    let reader = AssembledReader(
      "w", in: "set", shape: [2, columns], itemSize: 1, tiling, limit: .dcpLimit
    ) { piece in
      let first = UInt8(truncatingIfNeeded: piece)
      return PieceReader(MemoryReader([first, first &+ 1]), words: "piece \(piece)", capacity: 4096)
    }
    var bytes = [UInt8](repeating: 0, count: 2 * columns)
    try bytes.withUnsafeMutableBytes { try reader.read(into: $0) }
    #expect(reader.remaining == 0)
    return bytes
  }

  @Test("as many columns as may be open are read, one more is refused")
  func columns() throws {
    let most = AssembledReader.openLimit
    let row = (0..<most).map { UInt8(truncatingIfNeeded: $0) }
    #expect(try read(columns: most) == row + row.map { $0 &+ 1 })
    #expect(refusal { _ = try read(columns: most + 1) }?.defect == .format(.dcpLimit))
  }
}
