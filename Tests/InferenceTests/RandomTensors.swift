import Glibc
import ONNXGraph
import TestSupport

@testable import Inference

/// Seeded tensors, and convolutions and poolings of them.
struct RandomTensors {
  private var generator: SeededGenerator
  private let budget: RunBudget

  init(seed: UInt64, _ limits: RunLimits = RunLimits()) {
    generator = SeededGenerator(seed: seed)
    budget = RunBudget(limits)
  }

  mutating func number(_ range: ClosedRange<Int>) -> Int { generator.number(in: range) }

  mutating func one(of numbers: [Int]) -> Int { numbers[generator.number(in: 0...(numbers.count - 1))] }

  /// A tensor that is still to be written, filled with NaN.
  func empty(_ shape: [Int]) throws -> Tensor {
    let tensor = try Tensor(.float, shape, budget)
    tensor.values(Float.self).update(repeating: .nan)
    return tensor
  }

  /// Numbers between −1 and 1.
  mutating func tensor(_ shape: [Int]) throws -> Tensor {
    let tensor = try Tensor(.float, shape, budget)
    for index in 0..<tensor.count {
      tensor.values(Float.self)[index] = Float.random(in: -1...1, using: &generator)
    }
    return tensor
  }

  mutating func convolution(_ kind: FastKernelTests.Kind) throws -> Convolution {
    var groups = one(of: [1, 1, 2, 3])
    var (channels, outputs) = (number(1...20), number(1...20))
    let rank = kind == .gathered || kind == .spread ? number(1...3) : kind == .depthwise ? number(1...2) : 2
    var kernel = (0..<rank).map { _ in number(1...(rank == 3 ? 3 : 5)) }
    var strides = (0..<rank).map { _ in number(1...3) }
    var dilations = (0..<rank).map { _ in number(1...2) }
    switch kind {
    case .winograd:
      (channels, outputs) = (number(24...40), number(24...40))
      groups = number(1...2)
      (kernel, strides, dilations) = ([3, 3], [1, 1], [1, 1])
    case .depthwise:
      (groups, channels, outputs) = (number(2...9), 1, number(1...3))
    case .pointwise: (kernel, strides) = ([1, 1], [1, 1])
    case .gathered, .spread: break
    }
    let input = kernel.indices.map { axis in
      (kernel[axis] - 1) * dilations[axis] + 1
        + number(kind == .winograd ? 9...30 : kind == .pointwise ? 0...40 : 0...(rank == 3 ? 6 : 15))
    }
    let pads =
      kind == .pointwise ? [0, 0, 0, 0] : kernel.map { number(0...$0) } + kernel.map { number(0...$0) }
    return try convolution(
      groups: groups, channels: channels, outputs: outputs, input: input, kernel: kernel, strides: strides,
      dilations: dilations, pads: pads, isTransposed: kind == .spread, ends: kind != .spread)
  }

  /// `channels` and `outputs` are those of one group.
  mutating func convolution(
    groups: Int = 1, channels: Int, outputs: Int, input: [Int], kernel: [Int], strides: [Int]? = nil,
    dilations: [Int]? = nil, pads: [Int], isTransposed: Bool = false, ends: Bool = false
  ) throws -> Convolution {
    let rank = input.count
    let (strides, dilations) = (
      strides ?? [Int](repeating: 1, count: rank), dilations ?? [Int](repeating: 1, count: rank)
    )
    let output = input.indices.map { axis in
      (input[axis] + pads[axis] + pads[rank + axis] - (kernel[axis] - 1) * dilations[axis] - 1)
        / strides[axis] + 1
    }
    let windows = Windows(
      input: input, kernel: kernel, strides: strides, dilations: dilations, padsBegin: Array(pads[..<rank]),
      padsEnd: Array(pads[rank...]), output: output)
    let batch = number(1...3)
    let (wide, narrow) = ([batch, groups * channels] + input, [batch, groups * outputs] + output)
    let w = try tensor([groups * outputs, channels] + kernel)
    if isTransposed {
      return Convolution(
        x: try tensor(narrow), w: w, bias: try tensor([groups * channels]), y: try empty(wide),
        windows: windows,
        groups: groups, weightsStay: true)
    }
    let epilogue = Epilogue(
      residual: number(0...1) == 0 ? nil : try tensor(narrow),
      activation: Self.activations[number(0...(Self.activations.count - 1))].0)
    return Convolution(
      x: try tensor(wide), w: w, bias: number(0...1) == 0 ? nil : try tensor([groups * outputs]),
      y: try empty(narrow), windows: windows, groups: groups, weightsStay: true,
      epilogue: ends ? epilogue : .none)
  }

  mutating func pooling(greatest: Bool, countsPadding: Bool) throws -> Pooling {
    let rank = number(1...2)
    let kernel = (0..<rank).map { _ in number(1...4) }
    let pads = kernel.map { number(0...($0 - 1)) }
    let convolution = try convolution(
      channels: 1, outputs: 1, input: kernel.map { $0 + number(0...20) }, kernel: kernel,
      strides: kernel.map { number(1...$0) }, pads: pads + pads)
    let windows = convolution.windows
    let planes = [number(1...3), number(1...9)]
    return Pooling(
      x: try tensor(planes + windows.input), y: try empty(planes + windows.output), windows: windows,
      kind: greatest ? .greatest(indices: nil, isColumnMajor: false) : .mean(countsPadding: countsPadding))
  }

  /// Activations with their definitions.
  static let activations: [(LaneFunction, @Sendable (Float) -> Float)] = [
    (.identity, { $0 }), (.relu, { max($0, 0) }), (.clamp(low: -0.5, high: 1), { min(max($0, -0.5), 1) }),
    (.leaky(slope: 0.1), { $0 < 0 ? 0.1 * $0 : $0 }), (.hardSwish, { $0 * min(max($0 / 6 + 0.5, 0), 1) }),
    (.sigmoid, { 1 / (1 + exp(-$0)) }), (.swish(scale: 1), { $0 / (1 + exp(-$0)) }), (.tanh, { tanh($0) }),
    (.gelu, { $0 / 2 * (1 + erf($0 / Float(2).squareRoot())) }),
  ]

  /// The reference's result for the convolution, with the epilogue computed by its definition; and the largest number
  /// before the epilogue, which scales the error bound.
  func judged(_ convolution: Convolution, isTransposed: Bool) throws -> (values: [Float], greatest: Float) {
    let plain = convolution.with(y: try empty(convolution.y.shape))
    let reference = ReferenceBackend(threads: 2)
    if isTransposed { try reference.convolveTransposed(plain) } else { try reference.convolve(plain) }
    let residual = convolution.epilogue.residual?.floats
    let definition = Self.activations.first { $0.0 == convolution.epilogue.activation }?.1 ?? { $0 }
    let values = plain.y.floats.enumerated().map { index, sum in
      definition(sum + (residual?[index] ?? 0))
    }
    return (values, Self.greatest(plain.y.floats))
  }

  static func greatest(_ numbers: [Float]) -> Float {
    numbers.reduce(Float(0)) { $1.isFinite ? max($0, $1.magnitude) : $0 }
  }

  /// Whether |a − b| ≤ 1e-5 · `scale` + 1e-6 (`scale`: max |b|), and NaN meets NaN.
  static func isClose(_ a: [Float], _ b: [Float], scale: Float? = nil) -> Bool {
    let bound = 1e-5 * (scale ?? greatest(b)) + 1e-6
    return a.count == b.count
      && zip(a, b).allSatisfy { ($0.isNaN && $1.isNaN) || $0 == $1 || ($0 - $1).magnitude <= bound }
  }
}

extension Tensor {
  var floats: [Float] { Array(values(Float.self).prefix(count)) }
}

extension Convolution {
  func with(y: Tensor? = nil, epilogue: Epilogue? = nil) -> Convolution {
    Convolution(
      x: x, w: w, bias: bias, y: y ?? self.y, windows: windows, groups: groups, weightsStay: weightsStay,
      epilogue: epilogue ?? self.epilogue)
  }
}
