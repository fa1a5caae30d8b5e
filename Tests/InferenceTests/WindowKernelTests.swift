import CKernels
import TestSupport
import Testing

/// Windows over planes, on the kernels of every kind of processor, compared with their definition in binary64. Planes are
/// between pages that cannot be accessed.
@Suite("Window kernels")
struct WindowKernelTests {
  /// A window by one of the ways that the kernel has, with outputs that fit one vector, several, and parts of one.
  private static func window(_ number: Int, _ generator: inout SeededGenerator) -> tessera_window {
    var window = tessera_window()
    func any(_ range: ClosedRange<Int>) -> Int { generator.number(in: range) }
    if number % 2 == 0 {
      // Every square kernel up to 7 with every stride up to 13; half of them with small strides, as kernels of their own.
      let (size, stride) = (number / 2 % 7 + 1, number % 4 == 0 ? any(1...2) : number / 14 % 13 + 1)
      (window.kernel_rows, window.kernel_columns, window.row_stride, window.column_stride) = (
        size, size, stride, stride
      )
      (window.row_dilation, window.column_dilation) = (1, 1)
    } else {
      (window.kernel_rows, window.kernel_columns) = (any(1...4), any(1...9))
      (window.row_stride, window.column_stride) = (any(1...3), any(1...3))
      (window.row_dilation, window.column_dilation) = (any(1...3), any(1...5))
    }
    (window.input_rows, window.input_columns) = (any(1...9), [1, 3, 7, 15, 16, 17, 40, 75][any(0...7)])
    // Padding can be greater than the plane, so that windows miss it.
    (window.pad_top, window.pad_left) = (any(0...4), number % 5 == 0 ? any(0...40) : any(0...3))
    (window.rows, window.columns) = (any(1...6), [1, 2, 7, 8, 15, 16, 17, 33, 70][any(0...8)])
    return window
  }

  /// The inputs of an output of a plane with their kernel elements.
  private static func taps(_ g: tessera_window, _ row: Int, _ column: Int) -> [(input: Int, kernel: Int)] {
    var taps: [(input: Int, kernel: Int)] = []
    for i in 0..<g.kernel_rows {
      for k in 0..<g.kernel_columns {
        let (r, c) = (
          row * g.row_stride - g.pad_top + i * g.row_dilation,
          column * g.column_stride - g.pad_left + k * g.column_dilation
        )
        if (0..<g.input_rows).contains(r), (0..<g.input_columns).contains(c) {
          taps.append((r * g.input_columns + c, i * g.kernel_columns + k))
        }
      }
    }
    return taps
  }

  /// The sum of the taps is within the bound of a product (`KernelTests.products`).
  @Test("kernels of one channel", arguments: KernelTests.kinds)
  func filters(kind: tessera_kind) throws {
    let kernels = try KernelTests.kernels(kind)
    var generator = SeededGenerator(seed: 3)
    for number in 0..<1_400 {
      var window = Self.window(number, &generator)
      let planes = generator.number(in: 1...3)
      let (inputs, outputs) = (window.input_rows * window.input_columns, window.rows * window.columns)
      let size = window.kernel_rows * window.kernel_columns
      let x = GuardedFloats(KernelTests.random(planes * inputs, &generator))
      let w = GuardedFloats(KernelTests.random(planes * size, &generator))
      let y = GuardedFloats(repeating: .nan, count: planes * outputs)
      let bias = GuardedFloats(KernelTests.random(planes, &generator))
      let residual = GuardedFloats(KernelTests.random(y.count, &generator))
      let end = ProductEnd(number: number / 3)
      end.with(bias, residual) { kernels.windows(&window, planes, x.base, w.base, y.base, $0) }
      for place in 0..<y.count {
        let (plane, position) = (place / outputs, place % outputs)
        var (sum, total) = (0.0, 0.0)
        for tap in Self.taps(window, position / window.columns, position % window.columns) {
          let term = Double(x[plane * inputs + tap.input]) * Double(w[plane * size + tap.kernel])
          (sum, total) = (sum + term, total + term.magnitude)
        }
        end.apply(bias[plane], residual[place], to: &sum, &total)
        let isClose = (Double(y[place]) - sum).magnitude <= 2 * Double(size + 4) * KernelTests.unit * total
        if !isClose {
          Issue.record(
            "\(kind.rawValue) \(number): \(window), \(end): [\(place)] is \(y[place]), expected \(sum)")
          break
        }
      }
    }
  }

  @Test("the greatest number of a window, and NaN", arguments: KernelTests.kinds)
  func greatest(kind: tessera_kind) throws {
    let kernels = try KernelTests.kernels(kind)
    var generator = SeededGenerator(seed: 4)
    var empty = 0
    for number in 0..<1_400 {
      var window = Self.window(number, &generator)
      let planes = generator.number(in: 1...3)
      let (inputs, outputs) = (window.input_rows * window.input_columns, window.rows * window.columns)
      var numbers = KernelTests.random(planes * inputs, &generator)
      if generator.number(in: 0...3) == 0 { numbers[generator.number(in: 0...numbers.count - 1)] = .nan }
      if generator.number(in: 0...7) == 0 {
        numbers[generator.number(in: 0...numbers.count - 1)] = -.infinity
      }
      let x = GuardedFloats(numbers)
      let y = GuardedFloats(repeating: 7, count: planes * outputs)
      kernels.windows(&window, planes, x.base, nil, y.base, nil)
      for place in 0..<y.count {
        let (plane, position) = (place / outputs, place % outputs)
        let found = Self.taps(window, position / window.columns, position % window.columns).map {
          x[plane * inputs + $0.input]
        }
        if found.isEmpty { empty += 1 }
        let isNaN = found.contains { $0.isNaN }
        let wanted = found.max() ?? -.infinity
        if isNaN ? !y[place].isNaN : y[place] != wanted {
          Issue.record("\(kind.rawValue) \(number): \(window): [\(place)] is \(y[place]), expected \(wanted)")
          break
        }
      }
    }
    #expect(empty > 100)
  }
}
