internal import ONNXGraph

/// Sums of products of I32 modulo 2³², which vectors compute without wider numbers.
enum IntegerKernels {
  /// y ← a · b + keep · y for I32; false for other types, scales or strides.
  static func multiply(_ product: MatrixProduct, threads: Int) -> Bool {
    let (a, b) = (product.a, product.b)
    guard product.y.type == .int32, product.scale == 1, product.keep == 0 || product.keep == 1,
      b.columnStride == 1
    else { return false }
    let (left, right) = (a.tensor.values(Int32.self), b.tensor.values(Int32.self))
    let y = product.y.values(Int32.self)
    let (depth, columns) = (product.depth, product.columns)
    Parallel.split(product.rows, threads: depth * columns < 4096 ? 1 : threads) { rows in
      for i in rows {
        let sums = y.base + product.yOffset + i * columns
        if product.keep == 0 { sums.update(repeating: 0, count: columns) }
        for k in 0..<depth {
          add(
            left[a.offset + i * a.rowStride + k * a.columnStride], right.base + b.offset + k * b.rowStride,
            step: 1, to: sums, count: columns)
        }
      }
    }
    return true
  }

  /// y ← x ⋆ w + bias for I32; false for other types and empty tensors.
  static func convolve(_ convolution: Convolution, threads: Int) -> Bool {
    guard convolution.y.type == .int32, convolution.y.count > 0, convolution.x.count > 0,
      convolution.w.count > 0
    else { return false }
    let (windows, groups) = (convolution.windows, convolution.groups)
    let (x, w) = (convolution.x.values(Int32.self), convolution.w.values(Int32.self))
    let (y, bias) = (convolution.y.values(Int32.self), convolution.bias?.values(Int32.self))
    let (outputs, channels) = (convolution.w.shape[0], convolution.w.shape[1])
    let (inputSize, outputSize, kernel) = (
      windows.input.product, windows.output.product, windows.kernel.product
    )
    let last = windows.output.count - 1
    let (length, across, width) = (windows.input[last], windows.output[last], windows.kernel[last])
    let step = windows.strides[last]
    let gathered = GatheredRows(windows)
    Parallel.split(outputSize / across, threads: threads) { outputRows in
      for outputRow in outputRows {
        let rows = gathered.inputRows(outputRow)
        for plane in 0..<(convolution.y.shape[0] * outputs) {
          let (sample, output) = (plane / outputs, plane % outputs)
          let sums = y.base + plane * outputSize + outputRow * across
          sums.update(repeating: bias?[output] ?? 0, count: across)
          let first = (sample * groups + output / (outputs / groups)) * channels
          for channel in 0..<channels {
            let from = x.base + (first + channel) * inputSize
            for (tap, row) in rows.enumerated() where row >= 0 {
              let weights = (output * channels + channel) * kernel + tap * width
              for k in 0..<width {
                let (start, inside) = windows.outputs(along: last, of: k, in: 0..<across)
                if inside.isEmpty { continue }
                add(
                  w[weights + k], from + row * length + start + inside.lowerBound * step, step: step,
                  to: sums + inside.lowerBound, count: inside.count)
              }
            }
          }
        }
      }
    }
    return true
  }

  /// sums[i] ← sums[i] + factor · numbers[i · step]
  @inline(__always)
  private static func add(
    _ factor: Int32, _ numbers: UnsafePointer<Int32>, step: Int, to sums: UnsafeMutablePointer<Int32>,
    count: Int
  ) {
    // The compiler makes vectors only of a loop whose step it knows.
    if step == 1 {
      for index in 0..<count { sums[index] &+= factor &* numbers[index] }
    } else {
      for index in 0..<count { sums[index] &+= factor &* numbers[index * step] }
    }
  }
}
