internal import CKernels

extension tessera_window {
  /// The windows of one or two dimensions over a plane; one dimension is a plane of one row. Returns nil for three or more
  /// dimensions, negative padding, extents that are too large for the kernel's arithmetic, and kernels of
  /// more than 8 rows or columns that are larger than the plane: every element is visited, also those in the padding, and
  /// the budget does not count that.
  init?(_ windows: Windows) {
    guard (1...2).contains(windows.input.count) else { return nil }
    func axes(_ list: [Int], _ missing: Int) -> (down: Int, across: Int) {
      list.count == 1 ? (missing, list[0]) : (list[0], list[1])
    }
    let (output, input, kernel) = (axes(windows.output, 1), axes(windows.input, 1), axes(windows.kernel, 1))
    let (strides, dilations) = (axes(windows.strides, 1), axes(windows.dilations, 1))
    let pads = axes(windows.padsBegin, 0)
    for pair in [output, input, kernel, strides, dilations, pads] {
      guard (0...1 << 20).contains(pair.down), (0...1 << 20).contains(pair.across) else { return nil }
    }
    guard kernel.down <= max(input.down, 8), kernel.across <= max(input.across, 8) else { return nil }
    self.init(
      rows: output.down, columns: output.across, input_rows: input.down, input_columns: input.across,
      kernel_rows: kernel.down, kernel_columns: kernel.across, down: strides.down, across: strides.across,
      row_dilation: dilations.down, column_dilation: dilations.across, top: pads.down, left: pads.across)
  }
}
