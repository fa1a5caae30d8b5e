internal import Glibc
internal import ONNXGraph

/// Plain loops with binary64 sums (64-bit sums for integers), each written like its formula.
struct ReferenceBackend: Backend {
  /// The number of threads that share rows, positions and windows. No sum is split, so results do not depend on this
  /// number.
  let threads: Int

  var fuses: Bool { false }
  var vectorises: Bool { false }

  func multiply(_ product: MatrixProduct) throws(OperatorError) {
    try product.y.type.visit(Multiply(product: product, threads: threads))
  }

  func convolve(_ convolution: Convolution) throws(OperatorError) {
    try convolution.y.type.visit(Convolve(convolution: convolution, threads: threads))
  }

  func convolveTransposed(_ convolution: Convolution) throws(OperatorError) {
    try convolution.y.type.visitFloats(ConvolveTransposed(convolution: convolution, threads: threads))
  }

  func contract(_ contraction: Contraction) throws(OperatorError) { try contraction.run() }

  func scale(_ scaling: ChannelScaling) throws(OperatorError) {
    try scaling.y.type.visitFloats(Scale(scaling: scaling))
  }

  func pool(_ pooling: Pooling) throws(OperatorError) {
    try pooling.y.type.visit(Pool(pooling: pooling, threads: threads))
  }
}

/// y[i, j] = scale · Σ_k a[i, k] · b[k, j] + keep · y[i, j]
private struct Multiply: ElementVisitor {
  let product: MatrixProduct
  let threads: Int

  func visit<T: Element>(_: T.Type) {
    let (a, b) = (product.a, product.b)
    let left = a.tensor.values(T.self)
    let right = b.tensor.values(T.self)
    let y = product.y.values(T.self)
    let (depth, columns) = (product.depth, product.columns)
    let scale = T.Wide(clamping: product.scale)
    let keep = T.Wide(clamping: product.keep)
    Parallel.split(product.rows, threads: depth * columns < 4096 ? 1 : threads) { rows in
      // The sums of one row; if the rows of b are contiguous, b is then read along its rows.
      var sums = [T.Wide](repeating: .zero, count: columns)
      for i in rows {
        for j in 0..<columns { sums[j] = .zero }
        for k in 0..<depth {
          let factor = left[a.offset + i * a.rowStride + k * a.columnStride].wide
          let row = b.offset + k * b.rowStride
          for j in 0..<columns {
            sums[j] = sums[j].adding(factor.multiplied(by: right[row + j * b.columnStride].wide))
          }
        }
        let place = product.yOffset + i * product.yStride
        for j in 0..<columns {
          let kept = product.keep == 0 ? T.Wide.zero : keep.multiplied(by: y[place + j].wide)
          y[place + j] = T(narrowing: scale.multiplied(by: sums[j]).adding(kept))
        }
      }
    }
  }
}

/// y[n, k, o] = b[k] + Σ_{c, t} w[k, c, t] · x[n, group(k)·C/g + c, o·stride − pad + t·dilation]
private struct Convolve: ElementVisitor {
  let convolution: Convolution
  let threads: Int

  func visit<T: Element>(_: T.Type) {
    let windows = convolution.windows
    let x = convolution.x.values(T.self)
    let w = convolution.w.values(T.self)
    let y = convolution.y.values(T.self)
    let bias = convolution.bias?.values(T.self)
    let (batch, outputs) = (convolution.y.shape[0], convolution.y.shape[1])
    let (channels, groups) = (convolution.w.shape[1], convolution.groups)
    let kernel = windows.kernel.product
    let (inputSize, outputSize) = (windows.input.product, windows.output.product)
    Parallel.split(outputSize, threads: threads) { positions in
      var taps: [Windows.Tap] = []
      for position in positions {
        windows.taps(at: windows.position(position), into: &taps)
        for n in 0..<batch {
          for k in 0..<outputs {
            let group = k / (outputs / groups)
            var sum = bias.map { $0[k].wide } ?? T.Wide.zero
            for c in 0..<channels {
              let plane = (n * channels * groups + group * channels + c) * inputSize
              let weights = (k * channels + c) * kernel
              for tap in taps {
                sum = sum.adding(w[weights + tap.kernel].wide.multiplied(by: x[plane + tap.input].wide))
              }
            }
            y[(n * outputs + k) * outputSize + position] = T(narrowing: sum)
          }
        }
      }
    }
  }
}

/// y[n, k, i] = b[k] + Σ_{c, o, t: o·stride − pad + t·dilation = i} w[c, k, t] · x[n, c, o]
private struct ConvolveTransposed: FloatVisitor {
  let convolution: Convolution
  let threads: Int

  func visit<T: Element>(_: T.Type) where T.Wide == Double {
    let windows = convolution.windows
    let x = convolution.x.values(T.self)
    let w = convolution.w.values(T.self)
    let y = convolution.y.values(T.self)
    let bias = convolution.bias?.values(T.self)
    let (channels, groups) = (convolution.x.shape[1], convolution.groups)
    let perGroup = convolution.w.shape[1]
    let outputs = perGroup * groups
    let kernel = windows.kernel.product
    let (wide, narrow) = (windows.input.product, windows.output.product)
    // One plane of y at a time, with sums in binary64; each x is added to all positions of its window.
    Parallel.split(convolution.y.shape[0] * outputs, threads: threads) { planes in
      var sums = [Double](repeating: 0, count: wide)
      var taps: [Windows.Tap] = []
      for plane in planes {
        let (n, k) = (plane / outputs, plane % outputs)
        let group = k / perGroup
        let start = bias.map { $0[k].wide } ?? 0
        for i in 0..<wide { sums[i] = start }
        for o in 0..<narrow {
          windows.taps(at: windows.position(o), into: &taps)
          for c in (group * channels / groups)..<((group + 1) * channels / groups) {
            let value = x[(n * channels + c) * narrow + o].wide
            let weights = (c * perGroup + k % perGroup) * kernel
            for tap in taps { sums[tap.input] += w[weights + tap.kernel].wide * value }
          }
        }
        for i in 0..<wide { y[plane * wide + i] = T(narrowing: sums[i]) }
      }
    }
  }
}

/// y[n, c, i] = (x[n, c, i] − mean[c]) · factor[c] + shift[c]
private struct Scale: FloatVisitor {
  let scaling: ChannelScaling

  func visit<T: Element>(_: T.Type) where T.Wide == Double {
    let (from, to) = (scaling.x.values(T.self), scaling.y.values(T.self))
    let plane = scaling.plane
    for start in stride(from: 0, to: scaling.x.count, by: plane) {
      let channel = start / plane % scaling.factors.count
      let (centre, factor, offset) = (scaling.mean[channel], scaling.factors[channel], scaling.shift[channel])
      for index in start..<(start + plane) {
        to[index] = T(narrowing: (from[index].wide - centre) * factor + offset)
      }
    }
  }
}

/// The greatest element, the mean, or the norm of each window.
private struct Pool: ElementVisitor {
  let pooling: Pooling
  let threads: Int

  func visit<T: Element>(_: T.Type) {
    let windows = pooling.windows
    let x = pooling.x.values(T.self)
    let y = pooling.y.values(T.self)
    let planes = pooling.y.shape[0] * pooling.y.shape[1]
    let (inputSize, outputSize) = (windows.input.product, windows.output.product)
    let kind = pooling.kind
    Parallel.split(outputSize, threads: threads) { positions in
      var taps: [Windows.Tap] = []
      for position in positions {
        let place = windows.position(position)
        windows.taps(at: place, into: &taps)
        for plane in 0..<planes {
          let (start, target) = (plane * inputSize, plane * outputSize + position)
          switch kind {
          case .greatest(let indices, let isColumnMajor):
            var best: (value: T.Wide, tap: Int)?
            for tap in taps {
              let value = x[start + tap.input].wide
              if best.map({ value > $0.value || (value.isNotANumber && !$0.value.isNotANumber) }) ?? true {
                best = (value, tap.input)
              }
            }
            y[target] = T(narrowing: best?.value ?? T.Wide.lowest)
            if let indices {
              let found = best?.tap ?? 0
              indices.values(Int64.self)[target] = Int64(
                start + (isColumnMajor ? Self.columnMajor(found, windows.input) : found))
            }
          case .mean(let countsPadding):
            var sum = T.Wide.zero
            for tap in taps { sum = sum.adding(x[start + tap.input].wide) }
            let count = countsPadding ? windows.paddedCount(at: place) : Double(taps.count)
            y[target] = T(narrowing: T.Wide(clamping: count == 0 ? 0 : sum.asDouble / count))
          case .norm(let p):
            let sum = taps.reduce(0) { $0 + pow(x[start + $1.input].wide.asDouble.magnitude, p) }
            y[target] = T(narrowing: T.Wide(clamping: pow(sum, 1 / p)))
          }
        }
      }
    }
  }

  /// The position of an element in a plane if the first dimension varies fastest.
  private static func columnMajor(_ place: Int, _ shape: [Int]) -> Int {
    var (rest, result, factor) = (place, 0, 1)
    var indices: [Int] = []
    for extent in shape.reversed() {
      indices.insert(rest % extent, at: 0)
      rest /= extent
    }
    for (index, extent) in zip(indices, shape) {
      result += index * factor
      factor *= extent
    }
    return result
  }
}
