/// The arithmetic of a fractal heap's table: it finds the block that holds an offset of the heap.
///
/// The sizes are powers of two with a product of at most 2^62, so the sums and shifts below cannot overflow.
struct DoublingTable: Sendable {
  /// The number of blocks in one row.
  let width: Int
  let startingBlock: Int
  /// The number of rows whose blocks hold objects; later rows hold tables.
  let directRows: Int
  let greatestRows: Int
  private let firstRowBits: Int

  /// Returns nil for numbers that do not describe a table.
  init?(width: Int, startingBlock: Int, greatestBlock: Int, bits: Int) {
    func isPowerOfTwo(_ value: Int) -> Bool { value > 0 && value & (value - 1) == 0 }
    guard isPowerOfTwo(width), isPowerOfTwo(startingBlock), isPowerOfTwo(greatestBlock),
      greatestBlock >= startingBlock, greatestBlock <= 1 << 32, bits <= 62
    else { return nil }
    firstRowBits = width.trailingZeroBitCount + startingBlock.trailingZeroBitCount
    guard firstRowBits <= bits else { return nil }
    self.width = width
    self.startingBlock = startingBlock
    directRows = greatestBlock.trailingZeroBitCount - startingBlock.trailingZeroBitCount + 2
    greatestRows = bits - firstRowBits + 1
  }

  /// Bytes of each block of a row; `row` is below `greatestRows`.
  func blockSize(row: Int) -> Int { row == 0 ? startingBlock : startingBlock << (row - 1) }

  /// The number of rows in a table that spans `size` bytes.
  func rows(spanning size: Int) -> Int { max(0, size.trailingZeroBitCount - firstRowBits + 1) }

  /// The row and column of the block that holds an offset, and the offset inside it; nil beyond the table.
  func place(of offset: Int) -> (row: Int, column: Int, rest: Int)? {
    guard offset >= 0 else { return nil }
    let rowSpan = offset >> firstRowBits
    let row = rowSpan == 0 ? 0 : Int.bitWidth - rowSpan.leadingZeroBitCount
    guard row < greatestRows else { return nil }
    let inRow = row == 0 ? offset : offset - (1 << (firstRowBits + row - 1))
    let size = blockSize(row: row)
    return (row, inRow / size, inRow % size)
  }
}
