internal import CKernels

extension Windows {
  /// The windows over a plane; one dimension is a plane of one row. Nil for three or more dimensions, negative padding,
  /// extents that are too large for the kernel's arithmetic, and kernels of more than 8 rows or columns that are larger than
  /// the plane: every element is visited, also those in the padding, and the budget does not count that.
  var overPlane: tessera_window? {
    guard (1...2).contains(input.count) else { return nil }
    func axes(_ list: [Int], _ missing: Int) -> (row: Int, column: Int) {
      list.count == 1 ? (missing, list[0]) : (list[0], list[1])
    }
    let (output, input, kernel) = (axes(output, 1), axes(input, 1), axes(kernel, 1))
    let (strides, dilations, pads) = (axes(strides, 1), axes(dilations, 1), axes(padsBegin, 0))
    for pair in [output, input, kernel, strides, dilations, pads] {
      guard (0...1 << 20).contains(pair.row), (0...1 << 20).contains(pair.column) else { return nil }
    }
    guard kernel.row <= max(input.row, 8), kernel.column <= max(input.column, 8) else { return nil }
    return tessera_window(
      rows: output.row, columns: output.column, input_rows: input.row, input_columns: input.column,
      kernel_rows: kernel.row, kernel_columns: kernel.column, row_stride: strides.row,
      column_stride: strides.column, row_dilation: dilations.row, column_dilation: dilations.column,
      pad_top: pads.row, pad_left: pads.column)
  }
}
