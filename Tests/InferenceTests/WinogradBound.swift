@testable import Inference

/// The exact result of a convolution, and the error bound of Winograd's filtering stated in `WinogradConvolution`. The
/// matrices are written here a second time, independently.
struct WinogradBound {
  private let convolution: Convolution
  private let tile: Int
  private let x: [Float]
  private let w: [Float]
  private let bias: [Float]?

  init(_ convolution: Convolution, tile: Int) {
    self.convolution = convolution
    self.tile = tile
    x = convolution.x.floats
    w = convolution.w.floats
    bias = convolution.bias?.floats
  }

  private var b: [[Double]] {
    let small: [[Double]] = [[1, 0, 1, 0], [0, 1, 1, 0], [0, 1, 1, 0], [0, 1, 0, 1]]
    let large: [[Double]] = [
      [4, 0, 5, 0, 1, 0], [0, 4, 4, 1, 1, 0], [0, 4, 4, 1, 1, 0], [0, 2, 1, 2, 1, 0], [0, 2, 1, 2, 1, 0],
      [0, 4, 0, 5, 0, 1],
    ]
    return tile == 2 ? small : large
  }

  private var g: [[Double]] {
    let small: [[Double]] = [[1, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0.5], [0, 0, 1]]
    let sixth: [Double] = [1.0 / 6, 1.0 / 6, 1.0 / 6]
    let twentyFourth: [Double] = [1.0 / 24, 1.0 / 12, 1.0 / 6]
    return tile == 2 ? small : [[0.25, 0, 0], sixth, sixth, twentyFourth, twentyFourth, [0, 0, 1]]
  }

  private var a: [[Double]] {
    let small: [[Double]] = [[1, 1, 1, 0], [0, 1, 1, 1]]
    let large: [[Double]] = [
      [1, 1, 1, 1, 1, 0], [0, 1, 1, 2, 2, 0], [0, 1, 1, 4, 4, 0], [0, 1, 1, 8, 8, 1],
    ]
    return tile == 2 ? small : large
  }

  /// |m| · |d| · |mᵀ|, d of any square shape.
  private static func both(_ m: [[Double]], _ d: [[Double]]) -> [[Double]] {
    let half = m.map { row in d[0].indices.map { j in row.indices.reduce(0) { $0 + row[$1] * d[$1][j] } } }
    return half.map { line in m.map { row in row.indices.reduce(0) { $0 + row[$1] * line[$1] } } }
  }

  /// The exact element of y at `index`, and the bound of its error.
  func value(at index: Int) -> (exact: Double, bound: Double) {
    let windows = convolution.windows
    let (outputs, channels) = (convolution.y.shape[1], convolution.x.shape[1])
    let (height, width) = (windows.output[0], windows.output[1])
    let (image, k) = (index / (outputs * height * width), index / (height * width) % outputs)
    let (row, column) = (index / width % height, index % width)
    func input(_ c: Int, _ i: Int, _ j: Int) -> Double {
      let (y, x) = (i - windows.padsBegin[0], j - windows.padsBegin[1])
      guard y >= 0, y < windows.input[0], x >= 0, x < windows.input[1] else { return 0 }
      return Double(self.x[((image * channels + c) * windows.input[0] + y) * windows.input[1] + x])
    }
    var exact = Double(bias?[k] ?? 0)
    let n = tile + 2
    var sum = [[Double]](repeating: [Double](repeating: 0, count: n), count: n)
    for c in 0..<channels {
      let kernel = (0..<3).map { i in (0..<3).map { j in Double(w[(k * channels + c) * 9 + i * 3 + j]) } }
      for i in 0..<3 { for j in 0..<3 { exact += kernel[i][j] * input(c, row + i, column + j) } }
      let (top, left) = (row / tile * tile, column / tile * tile)
      let patch = (0..<n).map { i in (0..<n).map { j in input(c, top + i, left + j).magnitude } }
      let weights = Self.both(g, kernel.map { $0.map(\.magnitude) })
      let inputs = Self.both(b, patch)
      for i in 0..<n { for j in 0..<n { sum[i][j] += weights[i][j] * inputs[i][j] } }
    }
    let spread = Self.both(a, sum)[row % tile][column % tile]
    let rounding = Double(Float.ulpOfOne) / 2
    return (exact, (Double(channels) + 24) * rounding * spread + rounding * exact.magnitude * 2)
  }
}
