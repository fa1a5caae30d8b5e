/// The positions of a convolution's or pooling's windows, in any number of spatial dimensions.
///
/// Along a dimension, output o and kernel element k use input o·stride − pad + k·dilation.
struct Windows {
  let input: [Int]
  let kernel: [Int]
  let strides: [Int]
  let dilations: [Int]
  let padsBegin: [Int]
  let padsEnd: [Int]
  let output: [Int]

  /// A kernel element whose input position is inside the input: its flat position in the kernel, and the flat position
  /// of the input.
  struct Tap {
    let kernel: Int
    let input: Int
  }

  /// Along one dimension, the first input position of the window, and the kernel elements whose positions are inside
  /// the input.
  private func range(_ axis: Int, _ output: Int) -> (start: Int, kernels: Range<Int>) {
    let start = output * strides[axis] - padsBegin[axis]
    let dilation = dilations[axis]
    let first = start < 0 ? (-start + dilation - 1) / dilation : 0
    let end = start >= input[axis] ? 0 : min(kernel[axis], (input[axis] - 1 - start) / dilation + 1)
    return (start, min(first, max(end, 0))..<max(end, 0))
  }

  /// Along one dimension, the outputs for which kernel element k is inside the input, and the input position of k for
  /// output 0.
  func outputs(along axis: Int, of k: Int, in outputs: Range<Int>) -> (start: Int, inside: Range<Int>) {
    let (start, step, length) = (k * dilations[axis] - padsBegin[axis], strides[axis], input[axis])
    let low = start < 0 ? (-start + step - 1) / step : 0
    let high = start >= length ? 0 : (length - 1 - start) / step + 1
    let first = min(max(low, outputs.lowerBound), outputs.upperBound)
    return (start, first..<max(first, min(high, outputs.upperBound)))
  }

  /// Replaces the contents of `taps` with the taps of the window at an output position, in C order.
  func taps(at position: [Int], into taps: inout [Tap]) {
    taps.removeAll(keepingCapacity: true)
    taps.append(Tap(kernel: 0, input: 0))
    for axis in input.indices {
      let (start, kernels) = range(axis, position[axis])
      if kernels.isEmpty {
        taps.removeAll(keepingCapacity: true)
        return
      }
      let known = taps
      taps.removeAll(keepingCapacity: true)
      for tap in known {
        for k in kernels {
          taps.append(
            Tap(
              kernel: tap.kernel * kernel[axis] + k,
              input: tap.input * input[axis] + start + k * dilations[axis]))
        }
      }
    }
  }

  /// The number of kernel elements of a window that are in the input or in its padding.
  func paddedCount(at position: [Int]) -> Double {
    input.indices.reduce(1.0) { $0 * Double(count($1, position[$1], withPadding: true)) }
  }

  /// The number of kernel elements of one dimension that are in the input (or in its padding), at an output position.
  func count(_ axis: Int, _ output: Int, withPadding: Bool) -> Int {
    if !withPadding { return range(axis, output).kernels.count }
    let start = output * strides[axis] - padsBegin[axis]
    let room = input[axis] + padsEnd[axis] - start
    return max(0, min(kernel[axis], (room - 1) / dilations[axis] + 1))
  }

  /// The most taps that a window can have.
  var tapLimit: Int { zip(input, kernel).reduce(1) { $0 &* min($1.0, $1.1) } }

  /// Runs `body`, which lists the taps of one window at a time in each of at most `parts` parts, while the memory for the
  /// lists is reserved.
  func listing(
    _ call: OperatorCall, parts: Int, _ body: () throws(OperatorError) -> Void
  ) throws(OperatorError) {
    let lists = max(1, min(parts, call.backend.threads))
    // Each list has a second one, without the last dimension. The product fits: a tensor has at most 2³¹ elements, and
    // a backend few threads.
    let bytes = tapLimit &* (2 * MemoryLayout<Tap>.stride * lists)
    try call.budget.take(bytes: bytes)
    defer { call.budget.release(bytes: bytes) }
    try body()
  }

  /// The spatial indices of output number `number`, in C order.
  func position(_ number: Int) -> [Int] {
    var rest = number
    var position = [Int](repeating: 0, count: output.count)
    for axis in output.indices.reversed() {
      position[axis] = rest % output[axis]
      rest /= output[axis]
    }
    return position
  }
}

/// `kernel_shape`, `strides`, `dilations`, `pads`, `auto_pad` and `ceil_mode` of Conv and the pooling operators.
struct WindowAttributes {
  let kernel: [Int]
  let strides: [Int]
  let dilations: [Int]
  let pads: [Int]
  let autoPad: String
  let isCeiling: Bool

  /// Far more than any real network has, and so small that no sum or product below overflows.
  static let limit = 1 << 30

  init(_ call: OperatorCall, kernel: [Int], hasCeiling: Bool = false) throws(OperatorError) {
    let rank = kernel.count
    func list(_ name: String, count: Int, least: Int) throws(OperatorError) -> [Int] {
      let list = try call.ints(name) ?? [Int](repeating: least, count: count)
      guard list.count == count, list.allSatisfy({ $0 >= least && $0 <= Self.limit }) else {
        throw OperatorError(
          "\(count) numbers of \(least) to \(Self.limit)", found: shapeText(list),
          subject: "attribute '\(name)'")
      }
      return list
    }
    guard rank >= 1, kernel.allSatisfy({ $0 >= 1 && $0 <= Self.limit }) else {
      throw OperatorError("a kernel of extents of 1 to \(Self.limit)", found: shapeText(kernel))
    }
    self.kernel = kernel
    strides = try list("strides", count: rank, least: 1)
    dilations = try list("dilations", count: rank, least: 1)
    pads = try list("pads", count: 2 * rank, least: 0)
    autoPad = try call.word(
      "auto_pad", ["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"], default: "NOTSET")
    isCeiling = hasCeiling ? try call.flag("ceil_mode") : false
  }

  /// The windows over an input with these spatial extents.
  func windows(_ input: [Int]) throws(OperatorError) -> Windows {
    guard input.count == kernel.count else {
      throw OperatorError("\(kernel.count) spatial dimensions, as the kernel has", found: "\(input.count)")
    }
    guard input.allSatisfy({ $0 <= Self.limit }) else {
      throw OperatorError("extents of at most \(Self.limit)", found: shapeText(input))
    }
    var (begin, end, output): ([Int], [Int], [Int]) = ([], [], [])
    for axis in input.indices {
      let reach = (kernel[axis] - 1) * dilations[axis] + 1
      switch autoPad {
      case "SAME_UPPER", "SAME_LOWER":
        let count = (input[axis] + strides[axis] - 1) / strides[axis]
        let total = max(0, (count - 1) * strides[axis] + reach - input[axis])
        begin.append(autoPad == "SAME_UPPER" ? total / 2 : total - total / 2)
        end.append(total - begin[axis])
        output.append(count)
      default:
        let isValid = autoPad == "VALID"
        begin.append(isValid ? 0 : pads[axis])
        end.append(isValid ? 0 : pads[kernel.count + axis])
        output.append(
          WindowCount.count(
            input[axis], padding: (begin[axis], end[axis]), reach: reach, stride: strides[axis],
            isCeiling: isCeiling))
      }
    }
    return Windows(
      input: input, kernel: kernel, strides: strides, dilations: dilations, padsBegin: begin, padsEnd: end,
      output: output)
  }

}

package enum WindowCount {
  /// The windows along an axis: ⌊room / stride⌋ + 1, or with `isCeiling` ⌈room / stride⌉ + 1, where `room` is the length of
  /// the padded input without one window; at least 0.
  ///
  /// - Parameters:
  ///   - padding: the padding before and after the input.
  ///   - reach: the length of a window with its dilation.
  package static func count(
    _ input: Int, padding: (begin: Int, end: Int), reach: Int, stride: Int, isCeiling: Bool
  ) -> Int {
    let room = input + padding.begin + padding.end - reach
    guard isCeiling else { return room < 0 ? 0 : room / stride + 1 }
    // A window that ends after the padding counts too, so it may be longer than the padded input. The division of a
    // negative number rounds up.
    let count = max(0, (room < 0 ? room : room + stride - 1) / stride + 1)
    // A window that would begin in the padding after the input is left out.
    return (count - 1) * stride >= input + padding.begin ? count - 1 : count
  }
}
