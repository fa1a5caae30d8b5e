import CKernels
import TestSupport
import Testing

@testable import Inference

/// The kernels that change how numbers are stored or where they are, on every kind of processor, compared with their
/// definitions bit for bit. Inputs and outputs end at a page that cannot be accessed.
@Suite("Form kernels")
struct FormKernelTests {
  /// The bits per number of the forms that `widen` reads.
  private static let forms: [(tessera_form, bits: Int)] = [
    (tessera_float16, 16), (tessera_bfloat16, 16), (tessera_coded, 8), (tessera_int8, 8), (tessera_uint8, 8),
    (tessera_int4, 4), (tessera_uint4, 4), (tessera_int2, 2), (tessera_uint2, 2),
  ]

  private static func number(_ form: tessera_form, _ bytes: [UInt8], _ place: Int, _ table: [Float]) -> Float
  {
    func packed(_ bits: Int) -> Int { Int(bytes[place * bits / 8]) >> (place * bits % 8) & ((1 << bits) - 1) }
    func signed(_ value: Int, _ bits: Int) -> Int { value < 1 << (bits - 1) ? value : value - (1 << bits) }
    let pair = place * 2 + 1 < bytes.count ? UInt16(bytes[place * 2]) | UInt16(bytes[place * 2 + 1]) << 8 : 0
    switch form {
    case tessera_float16: return Float(Float16(bitPattern: pair))
    case tessera_bfloat16: return Float(bitPattern: UInt32(pair) << 16)
    case tessera_coded: return table[Int(bytes[place])]
    case tessera_int8: return Float(signed(packed(8), 8))
    case tessera_uint8: return Float(packed(8))
    case tessera_int4: return Float(signed(packed(4), 4))
    case tessera_uint4: return Float(packed(4))
    case tessera_int2: return Float(signed(packed(2), 2))
    default: return Float(packed(2))
    }
  }

  @Test("stored numbers become binary32", arguments: KernelTests.kinds)
  func widen(kind: tessera_kind) throws {
    let kernels = try KernelTests.kernels(kind)
    var generator = SeededGenerator(seed: 31)
    let table = KernelTests.random(256, &generator)
    for (form, bits) in Self.forms {
      for first in [0, 1, 2, 3, 7] {
        for count in Array(1...40) + [64, 65, 127] {
          let bytes = generator.bytes(((first + count) * bits + 7) / 8)
          let x = GuardedNumbers(bytes)
          let y = GuardedFloats(repeating: 7, count: count)
          kernels.widen(form, x.base, first, table, y.base, count)
          let wanted = (0..<count).map { Self.number(form, bytes, first + $0, table) }
          let isSame = FunctionKernelTests.isSame(y.numbers, wanted)
          #expect(isSame, "\(kind.rawValue): form \(form.rawValue), \(count) from \(first) on")
        }
      }
    }
  }

  /// Every half, numbers halfway between two of them, their neighbours, and any bits.
  private static func floats(_ form: tessera_form, _ generator: inout SeededGenerator) -> [Float] {
    let halves: [Float] = stride(from: 0, to: 1 << 16, by: 37).map {
      form == tessera_float16
        ? Float(Float16(bitPattern: UInt16($0))) : Float(bitPattern: UInt32($0) << 16)
    }
    let middles = zip(halves, halves.dropFirst()).map { ($0 + $1) / 2 }
    let ties = halves.filter(\.isFinite).map { number in
      form == tessera_float16
        ? (number + Float(Float16(number).nextUp)) / 2 : Float(bitPattern: number.bitPattern | 0x8000)
    }
    let any = (0..<1000).map { _ in Float(bitPattern: UInt32(truncatingIfNeeded: generator.next())) }
    return halves + middles + ties + ties.map(\.nextUp) + ties.map(\.nextDown) + any
  }

  @Test("numbers are rounded to nearest, ties to even", arguments: KernelTests.kinds)
  func narrow(kind: tessera_kind) throws {
    let kernels = try KernelTests.kernels(kind)
    var generator = SeededGenerator(seed: 32)
    for form in [tessera_float16, tessera_bfloat16] {
      let numbers = Self.floats(form, &generator)
      func rounded(_ x: Float) -> Float {
        form == tessera_float16
          ? Float(Float16(x)) : Float(bitPattern: UInt32(BFloat16(narrowing: Double(x)).bits) << 16)
      }
      for count in Array(1...40) + [numbers.count] {
        let start = generator.number(in: 0...(numbers.count - count))
        let x = GuardedFloats(Array(numbers[start..<(start + count)]))
        let wanted = x.numbers.map(rounded)
        let halves = GuardedNumbers<UInt16>(repeating: 7, count: count)
        kernels.narrow(form, x.base, halves.base, count)
        let found = halves.numbers.map {
          form == tessera_float16 ? Float(Float16(bitPattern: $0)) : Float(bitPattern: UInt32($0) << 16)
        }
        let isSame = FunctionKernelTests.isSame(found, wanted)
        #expect(isSame, "\(kind.rawValue): form \(form.rawValue), \(count) narrowed")
        kernels.round(form, x.base, count)
        let isRounded = FunctionKernelTests.isSame(x.numbers, wanted)
        #expect(isRounded, "\(kind.rawValue): form \(form.rawValue), \(count) rounded")
      }
    }
  }

  @Test("numbers are shifted and scaled by rows, blocks or one by one", arguments: KernelTests.kinds)
  func rescale(kind: tessera_kind) throws {
    let kernels = try KernelTests.kernels(kind)
    var generator = SeededGenerator(seed: 33)
    for number in 0..<600 {
      let (count, first) = (generator.number(in: 1...70), generator.number(in: 0...40))
      let (step, block) = (number % 3 == 0 ? 0 : 1, number % 3 == 1 ? 1 : generator.number(in: 1...20))
      let places = step == 0 ? 1 : (first + count - 1) / block + 1
      let scale = GuardedFloats(KernelTests.random(places, &generator))
      let zero = number % 2 == 0 ? nil : GuardedFloats(KernelTests.random(places, &generator))
      let x = KernelTests.random(count, &generator)
      let y = GuardedFloats(x)
      kernels.rescale(y.base, count, scale.base, zero.map { UnsafePointer($0.base) }, first, block, step)
      let wanted = (0..<count).map { place in
        let part = (first + place) / block * step
        return (x[place] - (zero?[part] ?? 0)) * scale[part]
      }
      #expect(
        y.numbers == wanted, "\(kind.rawValue): \(count) from \(first) on, blocks of \(block) · \(step)")
    }
  }

  @Test("inputs of windows are gathered, with zeros in the padding", arguments: KernelTests.kinds)
  func gather(kind: tessera_kind) throws {
    let kernels = try KernelTests.kernels(kind)
    var generator = SeededGenerator(seed: 34)
    for number in 0..<400 {
      func any(_ range: ClosedRange<Int>) -> Int { generator.number(in: range) }
      let (length, lines, channels) = (any(1...40), any(1...5), any(1...4))
      var g = tessera_gather()
      (g.first, g.count, g.rows, g.kernel) = (any(0...20), any(1...40), any(1...3), any(1...4))
      (g.from, g.to) = (any(0...(channels - 1)), channels)
      (g.length, g.plane) = (length, length * lines)
      (g.step, g.dilation, g.pad, g.width) = (any(1...3), any(1...3), any(0...6), g.count + any(0...3))
      let rows = (0..<g.rows).map { _ in any(-1...(lines - 1)) }
      let x = GuardedFloats(KernelTests.random(channels * lines * length, &generator))
      let y = GuardedFloats(repeating: 7, count: channels * g.rows * g.kernel * g.width)
      kernels.gather(&g, x.base, rows, y.base)
      let wanted = (0..<y.count).map { place -> Float in
        let (line, column) = (place / g.width, place % g.width)
        let (channel, row, k) = (line / g.kernel / g.rows, line / g.kernel % g.rows, line % g.kernel)
        if channel < g.from || column >= g.count { return 7 }
        let input = (g.first + column) * g.step - g.pad + k * g.dilation
        if rows[row] < 0 || !(0..<length).contains(input) { return 0 }
        return x[(channel * lines + rows[row]) * length + input]
      }
      #expect(y.numbers == wanted, "\(kind.rawValue) \(number): \(g)")
    }
  }
}
