internal import ONNXGraph

/// The last pass of kernels: bias, residual and activation.
enum Finishing {
  /// y[i] ← activation(y[i] + bias + residual[i])
  static func apply(
    _ y: UnsafeMutablePointer<Float>, count: Int, bias: Float, residual: UnsafePointer<Float>?,
    _ activation: Activation
  ) {
    switch activation {
    case .identity:
      if bias == 0, residual == nil { return }
      run(Same(), y, count, bias, residual)
    case .clamp(let low, let high):
      if high == .infinity {
        run(Raised(low: low), y, count, bias, residual)
      } else {
        run(Clamp(low: low, high: high), y, count, bias, residual)
      }
    case .leaky(let slope): run(Leaky(slope: slope), y, count, bias, residual)
    case .hardSwish: run(HardSwishing(), y, count, bias, residual)
    }
  }

  /// y ← activation(y + residual), for a whole binary32 tensor.
  static func apply(_ epilogue: Epilogue, to y: Tensor) {
    guard y.type == .float else { return }
    apply(
      y.values(Float.self).base, count: y.count, bias: 0,
      residual: epilogue.residual.map { UnsafePointer($0.values(Float.self).base) }, epilogue.activation)
  }

  /// Whether all numbers are finite.
  static func isFinite(_ y: UnsafePointer<Float>, count: Int) -> Bool {
    // 0 · x is 0 if x is finite, and NaN otherwise.
    var sum = Lanes.zero
    let whole = count - count % 8
    for index in stride(from: 0, to: whole, by: 8) { sum += y.lanes(index, Lanes.self) * 0 }
    var rest: Float = 0
    for index in whole..<count { rest += y[index] * 0 }
    return sum.sum() + rest == 0
  }

  /// Whether no number is NaN.
  static func hasNoNaN(_ y: UnsafePointer<Float>, count: Int) -> Bool {
    let whole = count - count % 8
    var found = SIMDMask<SIMD8<Int32>>(repeating: false)
    for index in stride(from: 0, to: whole, by: 8) {
      let lanes = y.lanes(index, Lanes.self)
      found .|= lanes .!= lanes
    }
    var isClean = found == SIMDMask(repeating: false)
    for index in whole..<count where y[index].isNaN { isClean = false }
    return isClean
  }

  @inline(__always)
  private static func run<F: LaneFunction>(
    _ function: F, _ y: UnsafeMutablePointer<Float>, _ count: Int, _ bias: Float,
    _ residual: UnsafePointer<Float>?
  ) {
    let whole = count - count % 8
    if let residual {
      for index in stride(from: 0, to: whole, by: 8) {
        y.set(index, function.value(y.lanes(index, Lanes.self) + bias + residual.lanes(index)))
      }
      for index in whole..<count {
        y[index] = function.value(Lanes(repeating: y[index] + bias + residual[index]))[0]
      }
    } else {
      for index in stride(from: 0, to: whole, by: 8) {
        y.set(index, function.value(y.lanes(index, Lanes.self) + bias))
      }
      for index in whole..<count { y[index] = function.value(Lanes(repeating: y[index] + bias))[0] }
    }
  }
}

/// A function of lanes. Each function has a type of its own, so that the compiler makes a separate loop for it.
private protocol LaneFunction {
  func value(_ x: Lanes) -> Lanes
}

private struct Same: LaneFunction {
  @inline(__always) func value(_ x: Lanes) -> Lanes { x }
}

private struct Raised: LaneFunction {
  let low: Float
  @inline(__always) func value(_ x: Lanes) -> Lanes {
    x.replacing(with: low, where: x .< Lanes(repeating: low))
  }
}

private struct Clamp: LaneFunction {
  let low: Float
  let high: Float
  @inline(__always) func value(_ x: Lanes) -> Lanes {
    let raised = x.replacing(with: low, where: x .< Lanes(repeating: low))
    return raised.replacing(with: high, where: raised .> Lanes(repeating: high))
  }
}

private struct Leaky: LaneFunction {
  let slope: Float
  @inline(__always) func value(_ x: Lanes) -> Lanes { x.replacing(with: x * slope, where: x .< .zero) }
}

private struct HardSwishing: LaneFunction {
  @inline(__always) func value(_ x: Lanes) -> Lanes {
    let gate = x / 6 + 0.5
    let low = gate.replacing(with: 0, where: gate .< .zero)
    return x * low.replacing(with: 1, where: low .> Lanes(repeating: 1))
  }
}
