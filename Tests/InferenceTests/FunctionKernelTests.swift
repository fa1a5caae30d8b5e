import CKernels
import Glibc
import TestSupport
import Testing

/// A function of one number: its kernel, its definition, and how far the kernel may be from it.
struct KernelFunction: Sendable {
  let name: String
  let kernel: tessera_function
  var p: Float = 0
  var q: Float = 0
  let exact: @Sendable (Double) -> Double
  /// Units in the last place of the exact result, and of x for results that are a difference of larger numbers.
  var units = 0.0
  var unitsOfX = 0.0
  /// Units for each unit of |x|: the rounding of p · x in an exponent.
  var unitsForEach = 0.0

  private static func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
  private static func clamp(_ x: Double, _ low: Double, _ high: Double) -> Double {
    x < low ? low : x > high ? high : x
  }

  static let all: [KernelFunction] = [
    .init(name: "identity", kernel: tessera_identity) { $0 },
    .init(name: "clamp", kernel: tessera_clamp, p: -0.5, q: 6) { clamp($0, -0.5, 6) },
    .init(name: "relu", kernel: tessera_clamp, p: 0, q: .infinity) { clamp($0, 0, .infinity) },
    .init(
      name: "leaky", kernel: tessera_leaky, p: 0.01, exact: { $0 < 0 ? $0 * Double(Float(0.01)) : $0 },
      units: 0.5),
    .init(
      name: "hard swish", kernel: tessera_hard_swish, exact: { $0 * clamp($0 / 6 + 0.5, 0, 1) }, units: 2,
      unitsOfX: 1),
    .init(
      name: "hard sigmoid", kernel: tessera_hard_sigmoid, p: 0.25, q: 0.5,
      exact: { clamp($0 * 0.25 + 0.5, 0, 1) }, units: 1, unitsOfX: 1),
    .init(name: "exp", kernel: tessera_exp, exact: { exp($0) }, units: 3),
    .init(name: "tanh", kernel: tessera_tanh, exact: { tanh($0) }, units: 3),
    .init(name: "erf", kernel: tessera_erf, exact: { erf($0) }, units: 3),
    .init(name: "sigmoid", kernel: tessera_sigmoid, exact: { sigmoid($0) }, units: 4),
    .init(
      name: "swish", kernel: tessera_swish, p: 1.5, exact: { $0 * sigmoid(1.5 * $0) }, units: 6,
      unitsForEach: 1.5),
    .init(
      name: "gelu", kernel: tessera_gelu, exact: { $0 / 2 * (1 + erf($0 * 0.5.squareRoot())) }, units: 4,
      unitsOfX: 2),
    .init(
      name: "gelu by tanh", kernel: tessera_gelu_tanh,
      exact: { $0 / 2 * (1 + tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0))) }, units: 4,
      unitsOfX: 2),
    .init(name: "sqrt", kernel: tessera_sqrt, exact: { $0.squareRoot() }, units: 0.5),
    .init(name: "reciprocal", kernel: tessera_reciprocal, exact: { 1 / $0 }, units: 0.5),
    .init(name: "negative", kernel: tessera_negative) { -$0 },
    .init(name: "absolute", kernel: tessera_absolute) { $0.magnitude },
    .init(name: "square", kernel: tessera_square, exact: { $0 * $0 }, units: 0.5),
  ]

  /// Whether a kernel's result is close enough.
  func isClose(_ found: Float, _ x: Float) -> Bool {
    let wanted = exact(Double(x))
    let rounded = Float(wanted)
    if wanted.isNaN || rounded.isInfinite || x.isInfinite {
      return found == rounded || (found.isNaN && rounded.isNaN)
    }
    let all = units + unitsForEach * Double(x.magnitude)
    let bound = all * Double(rounded.ulp) + unitsOfX * Double(x.ulp)
    return found.isFinite && (Double(found) - wanted).magnitude <= bound
  }
}

@Suite("Kernels of functions")
struct FunctionKernelTests {
  private static let special: [Float] = [
    0, -0.0, .infinity, -.infinity, .nan, .leastNonzeroMagnitude, -.leastNonzeroMagnitude,
    .leastNormalMagnitude, -.leastNormalMagnitude, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 1, -1,
    88.7, 88.8, 89, 90, -87, -87.4, -88, -100, -103, -103.9, -104, -105, 0.625, -0.625, 0.9375, -0.9375, 4,
    -4, 3, -3,
    9, -9, 1e-4, -1e-4, 1e-10, -1e-10,
  ]

  /// Numbers of all sizes; most are between −20 and 20.
  private static func arguments() -> [Float] {
    var generator = SeededGenerator(seed: 7)
    let small = (0..<4000).map { _ in Float.random(in: -20...20, using: &generator) }
    let any = (0..<2000).map { _ in Float(bitPattern: UInt32(truncatingIfNeeded: generator.next())) }
    return special + small + (0..<500).map { Float($0) * 0.25 - 60 } + any
  }

  @Test("functions of one number", arguments: KernelTests.kinds)
  func map(kind: tessera_kind) throws {
    let kernels = try KernelTests.kernels(kind)
    let x = GuardedFloats(Self.arguments())
    for function in KernelFunction.all {
      let y = GuardedFloats(repeating: .nan, count: x.count)
      kernels.map(function.kernel, function.p, function.q, x.base, y.base, x.count)
      let wrong = (0..<x.count).first { !function.isClose(y[$0], x[$0]) }
      #expect(
        wrong == nil,
        "\(kind.rawValue) \(function.name): \(wrong.map { "\(x[$0]) gives \(y[$0]), expected \(function.exact(Double(x[$0])))" } ?? "")"
      )
      // A number's result does not depend on its place, and y may be x.
      for count in 1...40 {
        let part = GuardedFloats(Array(x.numbers.prefix(count)))
        kernels.map(function.kernel, function.p, function.q, part.base, part.base, count)
        #expect(
          Self.isSame(part.numbers, Array(y.numbers.prefix(count))),
          "\(kind.rawValue) \(function.name) \(count)")
      }
    }
  }

  @Test("the last pass adds, and then gives what the function gives", arguments: KernelTests.kinds)
  func finish(kind: tessera_kind) throws {
    let kernels = try KernelTests.kernels(kind)
    var generator = SeededGenerator(seed: 8)
    for function in KernelFunction.all {
      for count in 1...40 {
        for (hasResidual, bias) in [(false, Float(0.25)), (true, -1.5)] {
          let old = KernelTests.random(count, &generator).map { $0 * 8 }
          let y = GuardedFloats(old)
          let residual = GuardedFloats(KernelTests.random(count, &generator))
          let sums = GuardedFloats((0..<count).map { old[$0] + bias + (hasResidual ? residual[$0] : 0) })
          kernels.map(function.kernel, function.p, function.q, sums.base, sums.base, count)
          kernels.finish(
            y.base, count, bias, hasResidual ? UnsafePointer(residual.base) : nil, function.kernel,
            function.p, function.q)
          #expect(
            Self.isSame(y.numbers, sums.numbers),
            "\(kind.rawValue) \(function.name): \(count), \(hasResidual)")
        }
      }
    }
  }

  @Test("operators on two numbers are rounded once", arguments: KernelTests.kinds)
  func combine(kind: tessera_kind) throws {
    let kernels = try KernelTests.kernels(kind)
    let operators: [(tessera_operator, (Float, Float) -> Float)] = [
      (tessera_add, { $0 + $1 }), (tessera_subtract, { $0 - $1 }), (tessera_multiply, { $0 * $1 }),
      (tessera_divide, { $0 / $1 }), (tessera_maximum, { $0.isNaN || $0 > $1 ? $0 : $1 }),
      (tessera_minimum, { $0.isNaN || $0 < $1 ? $0 : $1 }),
    ]
    var generator = SeededGenerator(seed: 9)
    for (operation, exact) in operators {
      for count in Array(1...40) + [500] {
        for (aStep, bStep) in [(1, 1), (1, 0), (0, 1), (0, 0)] {
          func side(_ step: Int) -> GuardedFloats {
            GuardedFloats(
              (0..<(step == 0 ? 1 : count)).map { _ in
                generator.number(in: 0...2) == 0
                  ? Self.special[generator.number(in: 0...(Self.special.count - 1))]
                  : Float.random(in: -4...4, using: &generator)
              })
          }
          let (a, b) = (side(aStep), side(bStep))
          let y = GuardedFloats(repeating: 3, count: count)
          kernels.combine(operation, a.base, aStep, b.base, bStep, y.base, count)
          let wanted = (0..<count).map { exact(a[$0 * aStep], b[$0 * bStep]) }
          #expect(
            Self.isSame(y.numbers, wanted),
            "\(kind.rawValue) \(operation.rawValue): \(count), \(aStep), \(bStep)")
        }
      }
    }
  }

  /// e^x of a rounded difference d is off by |d| units, the function by 3, the sum of n by n, the quotient by 2; all in
  /// units of 2⁻²³. Logarithms are off by as much, absolutely, and by the roundings of x and of the result.
  @Test("softmax and its logarithm", arguments: KernelTests.kinds)
  func softmax(kind: tessera_kind) throws {
    let kernels = try KernelTests.kernels(kind)
    var generator = SeededGenerator(seed: 10)
    for count in Array(1...70) + [1000] {
      for scale in [Float(1), 30] {
        for isLog in [false, true] {
          let x = GuardedFloats(KernelTests.random(count, &generator).map { $0 * scale })
          let y = GuardedFloats(repeating: .nan, count: count)
          kernels.softmax(x.base, y.base, count, isLog ? 1 : 0)
          let greatest = Double(x.numbers.max() ?? 0)
          let sum = x.numbers.reduce(0.0) { $0 + exp(Double($1) - greatest) }
          for place in 0..<count {
            let d = Double(x[place]) - greatest
            let wanted = isLog ? d - log(sum) : exp(d) / sum
            let bound = (d.magnitude + Double(count) + 8) * 0x1p-23 * (isLog ? 1 : wanted) + 0x1p-148
            let isClose = (Double(y[place]) - wanted).magnitude <= bound
            #expect(isClose, "\(kind.rawValue): \(count), \(isLog): \(y[place]), expected \(wanted)")
          }
          let same = GuardedFloats(x.numbers)
          kernels.softmax(same.base, same.base, count, isLog ? 1 : 0)
          #expect(Self.isSame(same.numbers, y.numbers), "\(kind.rawValue): \(count), in place")
        }
      }
      let odd = GuardedFloats((0..<count).map { $0 == count / 2 ? .nan : 1 })
      kernels.softmax(odd.base, odd.base, count, 0)
      let isAllNaN = odd.numbers.allSatisfy(\.isNaN)
      #expect(isAllNaN, "\(kind.rawValue): \(count), NaN")
      let excluded = GuardedFloats((0..<count).map { $0 == count - 1 ? 2 : -.infinity })
      kernels.softmax(excluded.base, excluded.base, count, 0)
      #expect(
        excluded.numbers == (0..<count).map { $0 == count - 1 ? 1 : 0 }, "\(kind.rawValue): \(count), −∞")
    }
  }

  /// Sums of n numbers are off by at most n units of 2⁻²⁴ of the sum of their magnitudes. The numbers are between 2 and
  /// 4, and their deviation is above 0.3 but for few numbers, so the mean's error counts ten times.
  @Test("normalisation", arguments: KernelTests.kinds)
  func normalise(kind: tessera_kind) throws {
    let kernels = try KernelTests.kernels(kind)
    var generator = SeededGenerator(seed: 11)
    for count in Array(1...70) + [1000] {
      for (centres, hasShift) in [(true, true), (true, false), (false, true), (false, false)] {
        let x = GuardedFloats(KernelTests.random(count, &generator).map { $0 + 3 })
        let (scale, shift) = (
          GuardedFloats(KernelTests.random(count, &generator)),
          GuardedFloats(KernelTests.random(count, &generator))
        )
        let (y, mean, factor) = (
          GuardedFloats(repeating: .nan, count: count), GuardedFloats([.nan]), GuardedFloats([.nan])
        )
        let epsilon: Float = 0.125
        kernels.normalise(
          x.base, y.base, count, scale.base, hasShift ? UnsafePointer(shift.base) : nil, epsilon,
          centres ? 1 : 0,
          mean.base, factor.base)
        let numbers = x.numbers.map(Double.init)
        let middle = centres ? numbers.reduce(0, +) / Double(count) : 0
        let variance = numbers.reduce(0) { $0 + ($1 - middle) * ($1 - middle) } / Double(count)
        let stretch = 1 / (variance + Double(epsilon)).squareRoot()
        let bound = Double(count + 8) * 0x1p-24 * 16
        #expect(
          (Double(mean[0]) - middle).magnitude <= bound * 4
            && (Double(factor[0]) - stretch).magnitude <= bound * stretch)
        for place in 0..<count {
          let wanted =
            (numbers[place] - middle) * stretch * Double(scale[place]) + (hasShift ? Double(shift[place]) : 0)
          let isClose = (Double(y[place]) - wanted).magnitude <= bound * 4
          #expect(isClose, "\(kind.rawValue): \(count): \(y[place]), expected \(wanted)")
        }
      }
    }
  }

  /// Whether all numbers are equal; NaN equals NaN, and 0 equals −0.
  static func isSame(_ a: [Float], _ b: [Float]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) }
  }
}
