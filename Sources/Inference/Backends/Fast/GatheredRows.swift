/// For each row of the output, the rows of the input that its windows contain. Rows are along the last dimension.
struct GatheredRows: Sendable {
  private let windows: Windows
  /// The output's extents in all dimensions but the last.
  private let outer: [Int]

  init(_ windows: Windows) {
    self.windows = windows
    outer = Array(windows.output.dropLast())
  }

  /// For each kernel element in all dimensions but the last, the number of the input row that it multiplies for output
  /// row `number`; −1 for padding.
  func inputRows(_ number: Int) -> [Int] {
    var rest = number
    var index = [Int](repeating: 0, count: outer.count)
    for axis in outer.indices.reversed() {
      index[axis] = rest % outer[axis]
      rest /= outer[axis]
    }
    var rows = [0]
    for axis in outer.indices {
      let start = index[axis] * windows.strides[axis] - windows.padsBegin[axis]
      var next: [Int] = []
      next.reserveCapacity(rows.count * windows.kernel[axis])
      for row in rows {
        for k in 0..<windows.kernel[axis] {
          let place = start + k * windows.dilations[axis]
          next.append(
            row < 0 || place < 0 || place >= windows.input[axis] ? -1 : row * windows.input[axis] + place)
        }
      }
      rows = next
    }
    return rows
  }
}
