internal import CKernels

/// A plane of an image with its padding, in scratch memory, so that every window is inside it. Its columns are sorted
/// by their remainder modulo the stride, so that neighbouring outputs use neighbouring numbers.
///
/// With one dimension, the plane has one row. Column c of a row is at (c mod stride) · `part` + c / stride.
struct PaddedPlane: Sendable {
  let rows: Int
  /// Output rows and columns.
  let output: (rows: Int, columns: Int)
  private let input: (rows: Int, columns: Int)
  private let pads: (top: Int, left: Int)
  private let strides: (down: Int, across: Int)
  private let part: Int
  /// For each kernel element, in C order, the offset of the number that it multiplies for output 0.
  let taps: [Int]
  /// The distance between the numbers of one output row and those of the next.
  let rowStep: Int

  /// Elements of scratch memory.
  var count: Int { rows * strides.across * part }

  /// The number of elements after a row of outputs that vectors may read.
  private static let slack = 32
  private static let limit = 1 << 22

  /// Returns nil for three or more dimensions, and for planes too large for scratch memory.
  init?(_ windows: Windows) {
    guard (1...2).contains(windows.input.count) else { return nil }
    func axes(_ list: [Int], _ missing: Int) -> (Int, Int) {
      list.count == 1 ? (missing, list[0]) : (list[0], list[1])
    }
    output = axes(windows.output, 1)
    input = axes(windows.input, 1)
    pads = axes(windows.padsBegin, 0)
    strides = axes(windows.strides, 1)
    let kernel = axes(windows.kernel, 1)
    let dilations = axes(windows.dilations, 1)
    for extent in [
      output.rows, output.columns, strides.down, strides.across, kernel.0, kernel.1, dilations.0, dilations.1,
      pads.top, pads.left,
    ] where extent > 1 << 20 || extent < 0 { return nil }
    let (down, across) = (strides.down, strides.across)
    rows = max(0, output.rows - 1) * down + (kernel.0 - 1) * dilations.0 + 1
    let columns = max(0, output.columns - 1) * across + (kernel.1 - 1) * dilations.1 + 1
    part = (columns + across - 1) / across + Self.slack
    guard rows <= Self.limit, across * part <= Self.limit, rows * across * part <= Self.limit else {
      return nil
    }
    rowStep = down * across * part
    var taps: [Int] = []
    for i in 0..<kernel.0 {
      for j in 0..<kernel.1 {
        let column = j * dilations.1
        taps.append(i * dilations.0 * across * part + column % across * part + column / across)
      }
    }
    self.taps = taps
  }

  /// Sets all of `target` to `padding`; `fill` then leaves the padding unchanged.
  func clear(_ target: UnsafeMutablePointer<Float>, padding: Float) {
    target.update(repeating: padding, count: count)
  }

  /// Copies the part of `plane` that windows use.
  func fill(_ target: UnsafeMutablePointer<Float>, from plane: UnsafePointer<Float>) {
    var layout = tessera_plane(
      rows: rows, input_rows: input.rows, input_columns: input.columns, top: pads.top, left: pads.left,
      step: strides.across, part: part, used: part - Self.slack)
    Products.kernels.spread(&layout, plane, target)
  }
}
