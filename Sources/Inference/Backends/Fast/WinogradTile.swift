/// The transforms of Winograd's minimal filtering F(m × m, 3 × 3): m × m outputs from (m + 2) × (m + 2) inputs with
/// (m + 2)² products instead of 9 m². Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A (Lavin and Gray, 2016).
protocol WinogradTile: SendableMetatype {
  /// m.
  static var outputs: Int { get }
  /// [m + 2, 3]
  static var g: [[Double]] { get }
  /// Bᵀ along columns: `count` numbers in each of m + 2 rows, with rows `step` apart on both sides.
  static func inputColumns(
    _ x: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>, step: Int, count: Int)
  /// Bᵀ along a row: the tiles of one row, four at a time, to m + 2 planes.
  static func inputRow(
    _ x: UnsafePointer<Float>, tiles: Int, _ target: UnsafeMutablePointer<Float>, plane: Int)
  /// Aᵀ along both axes: four tiles of (m + 2)² planes to m rows of 4m outputs.
  static func output(
    _ products: UnsafePointer<Float>, plane: Int, _ target: UnsafeMutablePointer<Float>, step: Int)
}

extension WinogradTile {
  /// m + 2.
  static var inputs: Int { outputs + 2 }
}

/// F(2 × 2, 3 × 3), at 0, 1, −1, ∞.
enum WinogradTile2: WinogradTile {
  static let outputs = 2
  static let g = [[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]]

  @inline(__always)
  private static func b<V: SIMD<Float>>(_ d0: V, _ d1: V, _ d2: V, _ d3: V) -> (V, V, V, V) {
    (d0 - d2, d1 + d2, d2 - d1, d1 - d3)
  }

  static func inputColumns(
    _ x: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>, step: Int, count: Int
  ) {
    for index in stride(from: 0, to: count, by: 8) {
      let r = b(
        x.lanes(index, Lanes.self), x.lanes(step + index), x.lanes(2 * step + index),
        x.lanes(3 * step + index))
      target.set(index, r.0)
      target.set(step + index, r.1)
      target.set(2 * step + index, r.2)
      target.set(3 * step + index, r.3)
    }
  }

  static func inputRow(
    _ x: UnsafePointer<Float>, tiles: Int, _ target: UnsafeMutablePointer<Float>, plane: Int
  ) {
    for tile in stride(from: 0, to: tiles, by: 4) {
      let (here, next) = (x.lanes(2 * tile, SIMD8<Float>.self), x.lanes(2 * tile + 2, SIMD8<Float>.self))
      let r = b(here.evenHalf, here.oddHalf, next.evenHalf, next.oddHalf)
      target.set(tile, r.0)
      target.set(plane + tile, r.1)
      target.set(2 * plane + tile, r.2)
      target.set(3 * plane + tile, r.3)
    }
  }

  static func output(
    _ products: UnsafePointer<Float>, plane: Int, _ target: UnsafeMutablePointer<Float>, step: Int
  ) {
    @inline(__always) func a(_ i: Int, _ scale: Int) -> (SIMD4<Float>, SIMD4<Float>) {
      let at = products + i * plane
      let (p0, p1) = (at.lanes(0, SIMD4<Float>.self), at.lanes(scale * plane, SIMD4<Float>.self))
      let (p2, p3) = (
        at.lanes(2 * scale * plane, SIMD4<Float>.self), at.lanes(3 * scale * plane, SIMD4<Float>.self)
      )
      return (p0 + p1 + p2, p1 - p2 - p3)
    }
    // Columns first: i is the column, and rows are four planes apart.
    let (c0, c1, c2, c3) = (a(0, 4), a(1, 4), a(2, 4), a(3, 4))
    @inline(__always) func row(
      _ p0: SIMD4<Float>, _ p1: SIMD4<Float>, _ p2: SIMD4<Float>, _ p3: SIMD4<Float>, _ y: Int
    ) {
      var line = SIMD8<Float>()
      line.evenHalf = p0 + p1 + p2
      line.oddHalf = p1 - p2 - p3
      target.set(y * step, line)
    }
    row(c0.0, c1.0, c2.0, c3.0, 0)
    row(c0.1, c1.1, c2.1, c3.1, 1)
  }
}

/// F(4 × 4, 3 × 3), at 0, 1, −1, 2, −2, ∞.
enum WinogradTile4: WinogradTile {
  static let outputs = 4
  static let g: [[Double]] = [
    [1 / 4, 0, 0], [-1 / 6, -1 / 6, -1 / 6], [-1 / 6, 1 / 6, -1 / 6], [1 / 24, 1 / 12, 1 / 6],
    [1 / 24, -1 / 12, 1 / 6], [0, 0, 1],
  ]

  @inline(__always)
  private static func b<V: SIMD<Float>>(
    _ d0: V, _ d1: V, _ d2: V, _ d3: V, _ d4: V, _ d5: V
  ) -> (V, V, V, V, V, V) {
    let (even, odd) = (d4 - d2 * 4, d3 - d1 * 4)
    let (twice, other) = (d4 - d2, (d3 - d1) * 2)
    return (
      d0 * 4 - d2 * 5 + d4, even + odd, even - odd, twice + other, twice - other, d1 * 4 - d3 * 5 + d5
    )
  }

  @inline(__always)
  private static func a<V: SIMD<Float>>(
    _ p0: V, _ p1: V, _ p2: V, _ p3: V, _ p4: V, _ p5: V
  ) -> (V, V, V, V) {
    let (sum, difference) = (p1 + p2, p1 - p2)
    let (farSum, farDifference) = (p3 + p4, p3 - p4)
    return (
      p0 + sum + farSum, difference + farDifference * 2, sum + farSum * 4, difference + farDifference * 8 + p5
    )
  }

  static func inputColumns(
    _ x: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>, step: Int, count: Int
  ) {
    for index in stride(from: 0, to: count, by: 8) {
      let r = b(
        x.lanes(index, Lanes.self), x.lanes(step + index), x.lanes(2 * step + index),
        x.lanes(3 * step + index),
        x.lanes(4 * step + index), x.lanes(5 * step + index))
      target.set(index, r.0)
      target.set(step + index, r.1)
      target.set(2 * step + index, r.2)
      target.set(3 * step + index, r.3)
      target.set(4 * step + index, r.4)
      target.set(5 * step + index, r.5)
    }
  }

  static func inputRow(
    _ x: UnsafePointer<Float>, tiles: Int, _ target: UnsafeMutablePointer<Float>, plane: Int
  ) {
    for tile in stride(from: 0, to: tiles, by: 4) {
      let here = x.lanes(4 * tile, SIMD16<Float>.self)
      let next = x.lanes(4 * tile + 4, SIMD16<Float>.self)
      let (even, odd) = (here.evenHalf, here.oddHalf)
      let r = b(
        even.evenHalf, odd.evenHalf, even.oddHalf, odd.oddHalf, next.evenHalf.evenHalf, next.oddHalf.evenHalf)
      target.set(tile, r.0)
      target.set(plane + tile, r.1)
      target.set(2 * plane + tile, r.2)
      target.set(3 * plane + tile, r.3)
      target.set(4 * plane + tile, r.4)
      target.set(5 * plane + tile, r.5)
    }
  }

  static func output(
    _ products: UnsafePointer<Float>, plane: Int, _ target: UnsafeMutablePointer<Float>, step: Int
  ) {
    // Columns first: the rows of a column are six planes apart.
    @inline(__always) func column(_ j: Int) -> (SIMD4<Float>, SIMD4<Float>, SIMD4<Float>, SIMD4<Float>) {
      @inline(__always) func p(_ i: Int) -> SIMD4<Float> { products.lanes((i * 6 + j) * plane) }
      return a(p(0), p(1), p(2), p(3), p(4), p(5))
    }
    let (c0, c1, c2, c3, c4, c5) = (column(0), column(1), column(2), column(3), column(4), column(5))
    @inline(__always) func row(
      _ y: Int, _ p0: SIMD4<Float>, _ p1: SIMD4<Float>, _ p2: SIMD4<Float>, _ p3: SIMD4<Float>,
      _ p4: SIMD4<Float>, _ p5: SIMD4<Float>
    ) {
      let r = a(p0, p1, p2, p3, p4, p5)
      var (even, odd) = (SIMD8<Float>(), SIMD8<Float>())
      even.evenHalf = r.0
      even.oddHalf = r.2
      odd.evenHalf = r.1
      odd.oddHalf = r.3
      var line = SIMD16<Float>()
      line.evenHalf = even
      line.oddHalf = odd
      target.set(y * step, line)
    }
    row(0, c0.0, c1.0, c2.0, c3.0, c4.0, c5.0)
    row(1, c0.1, c1.1, c2.1, c3.1, c4.1, c5.1)
    row(2, c0.2, c1.2, c2.2, c3.2, c4.2, c5.2)
    row(3, c0.3, c1.3, c2.3, c3.3, c4.3, c5.3)
  }
}
