import CKernels
import TestSupport
import Testing

/// The kernels of every kind that this processor has, compared with their definitions in binary64. Inputs and outputs end
/// at a page that cannot be accessed.
@Suite("Kernels")
struct KernelTests {
  /// The kinds of this processor.
  static let kinds: [tessera_kind] = [tessera_plain, tessera_avx2, tessera_avx512].filter {
    tessera_kernels_of_kind($0) != nil
  }

  static func kernels(_ kind: tessera_kind) throws -> tessera_kernels {
    try #require(tessera_kernels_of_kind(kind)).pointee
  }

  static func random(_ count: Int, _ generator: inout SeededGenerator) -> [Float] {
    (0..<count).map { _ in Float.random(in: -1...1, using: &generator) }
  }

  /// Half a unit in the last place of 1: the greatest relative error of one rounding.
  static let unit = 0x1p-24

  private static let sizes = [1, 2, 3, 4, 5, 7, 8, 9, 13, 14, 15, 16, 17, 28, 31, 32, 33, 65]

  @Test("the plain kernels are there, and the best kind is one of the kinds")
  func plain() {
    #expect(Self.kinds.contains(tessera_plain))
    #expect(Self.kinds.contains { tessera_kernels_of_kind($0) == tessera_best_kernels() })
  }

  /// Sums of n products: any order of additions, fused or not, is within (n + 1) · 2⁻²⁴ · Σ |a · b| (Higham, "Accuracy and
  /// Stability of Numerical Algorithms", 3.1), doubled here for the second-order terms.
  @Test("products", arguments: kinds)
  func products(kind: tessera_kind) throws {
    let kernels = try Self.kernels(kind)
    var generator = SeededGenerator(seed: 1)
    var count = 0
    for rows in Self.sizes {
      for columns in Self.sizes {
        for isTransposed in [false, true] {
          let depth = [1, 2, 3, 16, 63, 64, 65, 255, 256, 257, 300][generator.number(in: 0...10)]
          // Rows that are 512 apart are copied by other code.
          let room = generator.number(in: 0...3) == 0 ? 512 : columns + generator.number(in: 0...3)
          let example = Product(
            rows: rows, columns: columns, depth: depth, bRow: isTransposed ? 1 : room,
            bColumn: isTransposed ? depth + generator.number(in: 0...3) : 1, cRow: columns + 3,
            keeps: generator.number(in: 0...1) == 1)
          if let problem = example.problem(kernels, &generator) {
            Issue.record("\(kind.rawValue) \(example): \(problem)")
          }
          count += 1
        }
      }
    }
    #expect(count == 2 * Self.sizes.count * Self.sizes.count)
  }

  @Test("products of one row", arguments: kinds)
  func vectorProducts(kind: tessera_kind) throws {
    let kernels = try Self.kernels(kind)
    var generator = SeededGenerator(seed: 2)
    for columns in Self.sizes + [127, 128, 129, 300] {
      for depth in [1, 2, 15, 16, 17, 63, 64, 65, 300] {
        for (isTransposed, keeps) in [(false, false), (false, true), (true, false), (true, true)] {
          var example = Product(
            rows: 1, columns: columns, depth: depth, bRow: isTransposed ? 1 : columns + 1,
            bColumn: isTransposed ? depth + 1 : 1, cRow: columns, keeps: keeps)
          example.isVector = true
          if let problem = example.problem(kernels, &generator) {
            Issue.record("\(kind.rawValue) \(example): \(problem)")
          }
        }
      }
    }
  }

  /// The sum of the taps is within the bound of a product.
  @Test("depthwise convolutions", arguments: kinds)
  func depthwise(kind: tessera_kind) throws {
    let kernels = try Self.kernels(kind)
    var generator = SeededGenerator(seed: 3)
    for rows in [1, 2, 3] {
      for columns in Self.sizes + [48, 49, 63, 64] {
        for tapCount in [1, 3, 9, 25] {
          let step = columns + generator.number(in: 0...4)
          let taps = (0..<tapCount).map { _ in generator.number(in: 0...20) }
          let end = (rows - 1) * step + (taps.max() ?? 0) + columns
          let x = GuardedFloats(Self.random(end, &generator), slack: 16)
          let w = GuardedFloats(Self.random(tapCount, &generator))
          let y = GuardedFloats(repeating: .nan, count: rows * columns)
          kernels.depthwise(rows, columns, x.base, step, taps, tapCount, w.base, y.base)
          for place in 0..<y.count {
            var (sum, size) = (0.0, 0.0)
            for (tap, offset) in taps.enumerated() {
              let term = Double(x[place / columns * step + offset + place % columns]) * Double(w[tap])
              (sum, size) = (sum + term, size + term.magnitude)
            }
            let isClose = (Double(y[place]) - sum).magnitude <= 2 * Double(tapCount + 1) * Self.unit * size
            #expect(isClose, "\(kind.rawValue): [\(rows), \(columns)], \(tapCount) taps, \(place)")
          }
        }
      }
    }
  }

  @Test("taking each n-th number", arguments: kinds)
  func take(kind: tessera_kind) throws {
    let kernels = try Self.kernels(kind)
    var generator = SeededGenerator(seed: 4)
    for step in 1...5 {
      for count in 1...70 {
        let x = GuardedFloats(Self.random((count - 1) * step + 1, &generator))
        let y = GuardedFloats(repeating: .nan, count: count)
        kernels.take(x.base, step, y.base, count)
        #expect(y.numbers == (0..<count).map { x[$0 * step] }, "\(kind.rawValue): \(count) by \(step)")
      }
    }
  }

  @Test("spreading a plane with its padding", arguments: kinds)
  func spread(kind: tessera_kind) throws {
    let kernels = try Self.kernels(kind)
    var generator = SeededGenerator(seed: 5)
    for number in 0..<300 {
      let (inputRows, inputColumns) = (generator.number(in: 1...5), generator.number(in: 1...40))
      let (top, left, step) = (
        generator.number(in: 0...3), generator.number(in: 0...40), generator.number(in: 1...4)
      )
      let (rows, used) = (generator.number(in: 1...9), generator.number(in: 1...30))
      let part = used + generator.number(in: 0...3)
      var plane = tessera_plane(
        rows: rows, input_rows: inputRows, input_columns: inputColumns, top: top, left: left, step: step,
        part: part, used: used)
      let x = GuardedFloats(Self.random(inputRows * inputColumns, &generator))
      let y = GuardedFloats(repeating: 7, count: rows * step * part)
      kernels.spread(&plane, x.base, y.base)
      let wanted = (0..<y.count).map { place -> Float in
        let (row, phase, column) = (place / part / step, place / part % step, place % part)
        let (i, j) = (row - top, column * step + phase - left)
        let isInside = (0..<inputRows).contains(i) && (0..<inputColumns).contains(j) && column < used
        return isInside ? x[i * inputColumns + j] : 7
      }
      #expect(y.numbers == wanted, "\(kind.rawValue): plane \(number)")
    }
  }

  @Test("tests for numbers that are infinite or NaN", arguments: kinds)
  func finite(kind: tessera_kind) throws {
    let kernels = try Self.kernels(kind)
    for count in 1...50 {
      let fine = GuardedFloats(repeating: -.greatestFiniteMagnitude, count: count)
      #expect(kernels.is_finite(fine.base, count) != 0 && kernels.has_no_nan(fine.base, count) != 0)
      for place in 0..<count {
        for number in [Float.infinity, -.infinity, .nan] {
          let x = GuardedFloats((0..<count).map { $0 == place ? number : .leastNonzeroMagnitude })
          #expect(
            kernels.is_finite(x.base, count) == 0, "\(kind.rawValue): \(number) at \(place) of \(count)")
          #expect((kernels.has_no_nan(x.base, count) == 0) == number.isNaN)
        }
      }
    }
  }
}

/// c = a · b, or c + a · b.
struct Product: CustomStringConvertible {
  let rows: Int
  let columns: Int
  let depth: Int
  let bRow: Int
  let bColumn: Int
  let cRow: Int
  let keeps: Bool
  var isVector = false

  var description: String {
    "[\(rows), \(depth)] · [\(depth), \(columns)], strides \(bRow) and \(bColumn), keeps: \(keeps)"
  }

  /// The first wrong number, in words; nil if all are right and no others were written.
  func problem(_ kernels: tessera_kernels, _ generator: inout SeededGenerator) -> String? {
    let a = KernelTests.random(rows * depth, &generator)
    let b = GuardedFloats(
      KernelTests.random((depth - 1) * bRow + (columns - 1) * bColumn + 1, &generator))
    let old = KernelTests.random((rows - 1) * cRow + columns, &generator)
    let c = GuardedFloats(old)
    let packed = GuardedFloats(repeating: 0, count: rows * depth, slack: isVector ? 0 : 16)
    if isVector {
      for (place, number) in a.enumerated() { packed.base[place] = number }
      kernels.vector_product(columns, depth, packed.base, b.base, bRow, bColumn, c.base, keeps ? 1 : 0)
    } else {
      // By columns half of the time, as for a transposed first factor.
      let isByColumns = generator.number(in: 0...1) == 1
      let given = GuardedFloats(
        isByColumns ? (0..<a.count).map { a[$0 % rows * depth + $0 / rows] } : a)
      tessera_pack(
        rows, depth, given.base, isByColumns ? 1 : depth, isByColumns ? rows : 1, kernels.panel, packed.base)
      kernels.product(
        rows, columns, depth, packed.base, b.base, bRow, bColumn, c.base, cRow, keeps ? 1 : 0, nil)
    }
    for place in 0..<c.count {
      let (i, j) = (place / cRow, place % cRow)
      if j >= columns {
        if c[place] != old[place] { return "writes at [\(i), \(j)]" }
        continue
      }
      var (sum, size) = keeps ? (Double(old[place]), Double(old[place].magnitude)) : (0, 0)
      for k in 0..<depth {
        let term = Double(a[i * depth + k]) * Double(b[k * bRow + j * bColumn])
        (sum, size) = (sum + term, size + term.magnitude)
      }
      let isClose = (Double(c[place]) - sum).magnitude <= 2 * Double(depth + 2) * KernelTests.unit * size
      if !isClose { return "[\(i), \(j)] is \(c[place]), expected \(sum)" }
    }
    return nil
  }
}
