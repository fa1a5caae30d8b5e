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
            keeps: generator.number(in: 0...1) == 1, end: ProductEnd(number: generator.number(in: 0...7)))
          if let problem = example.problem(kernels, &generator) {
            Issue.record("\(kind.rawValue) \(example): \(problem)")
          }
          count += 1
        }
      }
    }
    #expect(count == 2 * Self.sizes.count * Self.sizes.count)
  }

  @Test("NaN stays NaN in a product with bounds", arguments: kinds)
  func boundedNaN(kind: tessera_kind) throws {
    let kernels = try Self.kernels(kind)
    for columns in [1, 3, 16, 17, 40] {
      let b = GuardedFloats((0..<columns).map { $0 % 3 == 1 ? .nan : Float($0) })
      let packed = GuardedFloats(repeating: 1, count: 1, slack: 16)
      let c = GuardedFloats(repeating: 7, count: columns)
      var end = tessera_end(bias: nil, residual: nil, low: 0, high: 6)
      kernels.product(1, columns, 1, packed.base, b.base, columns, 1, c.base, columns, 0, &end)
      for place in 0..<columns {
        let isRight = place % 3 == 1 ? c[place].isNaN : c[place] == min(Float(place), 6)
        #expect(isRight, "\(kind.rawValue): [\(place)] of \(columns) is \(c[place])")
      }
    }
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
  var end = ProductEnd(number: 0)
  var isVector = false

  var description: String {
    "[\(rows), \(depth)] · [\(depth), \(columns)], strides \(bRow) and \(bColumn), keeps: \(keeps), \(end)"
  }

  /// The first wrong number, in words; nil if all are right and no others were written.
  func problem(_ kernels: tessera_kernels, _ generator: inout SeededGenerator) -> String? {
    let a = KernelTests.random(rows * depth, &generator)
    let b = GuardedFloats(
      KernelTests.random((depth - 1) * bRow + (columns - 1) * bColumn + 1, &generator))
    let old = KernelTests.random((rows - 1) * cRow + columns, &generator)
    let c = GuardedFloats(old)
    let packed = GuardedFloats(repeating: 0, count: rows * depth, slack: isVector ? 0 : 16)
    let bias = GuardedFloats(KernelTests.random(rows, &generator))
    let residual = GuardedFloats(KernelTests.random(old.count, &generator))
    if isVector {
      for (place, number) in a.enumerated() { packed.base[place] = number }
      kernels.vector_product(columns, depth, packed.base, b.base, bRow, bColumn, c.base, keeps ? 1 : 0)
    } else {
      // By columns half of the time, as for a transposed first factor.
      let isByColumns = generator.number(in: 0...1) == 1
      let given = GuardedFloats(
        isByColumns ? (0..<a.count).map { a[$0 % rows * depth + $0 / rows] } : a)
      kernels.pack(
        rows, depth, given.base, isByColumns ? 1 : depth, isByColumns ? rows : 1, packed.base)
      end.with(bias, residual) {
        kernels.product(
          rows, columns, depth, packed.base, b.base, bRow, bColumn, c.base, cRow, keeps ? 1 : 0, $0)
      }
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
      end.apply(bias[i], residual[place], to: &sum, &size)
      let isClose = (Double(c[place]) - sum).magnitude <= 2 * Double(depth + 4) * KernelTests.unit * size
      if !isClose { return "[\(i), \(j)] is \(c[place]), expected \(sum)" }
    }
    return nil
  }
}

/// Which parts of a `tessera_end` there are, by the bits of a number; 0: no end.
struct ProductEnd: CustomStringConvertible {
  let hasBias: Bool
  let hasResidual: Bool
  let clamps: Bool

  init(number: Int) {
    hasBias = number & 1 != 0
    hasResidual = number & 2 != 0
    clamps = number & 4 != 0
  }

  var description: String { "bias: \(hasBias), residual: \(hasResidual), clamp: \(clamps)" }

  private static let (low, high): (Float, Float) = (-0.25, 0.5)

  func with(_ bias: GuardedFloats, _ residual: GuardedFloats, _ body: (UnsafePointer<tessera_end>?) -> Void) {
    var end = tessera_end(
      bias: hasBias ? UnsafePointer(bias.base) : nil,
      residual: hasResidual ? UnsafePointer(residual.base) : nil,
      low: clamps ? Self.low : -.infinity, high: clamps ? Self.high : .infinity)
    if hasBias || hasResidual || clamps { body(&end) } else { body(nil) }
  }

  /// The same in binary64; the size of the terms grows with them.
  func apply(_ bias: Float, _ residual: Float, to sum: inout Double, _ size: inout Double) {
    let terms = [hasBias ? Double(bias) : 0, hasResidual ? Double(residual) : 0]
    sum += terms[0] + terms[1]
    size += terms[0].magnitude + terms[1].magnitude
    if clamps { sum = min(max(sum, Double(Self.low)), Double(Self.high)) }
  }
}
