internal import ONNXGraph

/// Computes no products and no convolutions; their results are zeros.
///
/// The operators' own code gives the shapes. Small products of whole numbers are computed, because models compute
/// shapes with them.
struct CountingBackend: Backend {
  private static let smallLimit = 1 << 20

  var fuses: Bool { false }
  var vectorises: Bool { false }
  var threads: Int { 1 }

  func multiply(_ product: MatrixProduct) throws(OperatorError) {
    if !product.y.type.isFloatingPoint, product.multiplyAdds <= Self.smallLimit {
      return try ReferenceBackend(threads: 1).multiply(product)
    }
    // The product adds to y; y stays as it is.
    if product.keep != 0 { return }
    let width = product.y.type.width
    for row in 0..<product.rows {
      clear(
        product.y, from: (product.yOffset + row * product.yStride) * width, count: product.columns * width)
    }
  }

  func convolve(_ convolution: Convolution) throws(OperatorError) {
    if !convolution.y.type.isFloatingPoint, convolution.multiplyAdds <= Self.smallLimit {
      return try ReferenceBackend(threads: 1).convolve(convolution)
    }
    clear(convolution.y)
  }

  func convolveTransposed(_ convolution: Convolution) throws(OperatorError) {
    if !convolution.y.type.isFloatingPoint, convolution.adjointMultiplyAdds <= Self.smallLimit {
      return try ReferenceBackend(threads: 1).convolveTransposed(convolution)
    }
    clear(convolution.y)
  }

  func contract(_ contraction: Contraction) throws(OperatorError) {
    // One sum over all letters; this takes more steps than products of pairs.
    let steps = contraction.equation.summed.reduce(contraction.y.count) {
      $0.multipliedReportingOverflow(by: contraction.equation.extent($1)).partialValue
    }
    if !contraction.y.type.isFloatingPoint, (0...Self.smallLimit).contains(steps) {
      return try ReferenceBackend(threads: 1).contract(contraction)
    }
    clear(contraction.y)
  }

  func scale(_ scaling: ChannelScaling) throws(OperatorError) { clear(scaling.y) }

  func pool(_ pooling: Pooling) throws(OperatorError) {
    // Later nodes may compute with the positions, which are whole numbers.
    if case .greatest(let indices?, _) = pooling.kind { clear(indices) }
    clear(pooling.y)
  }

  private func clear(_ tensor: Tensor) { clear(tensor, from: 0, count: tensor.count * tensor.type.width) }

  private func clear(_ tensor: Tensor, from start: Int, count: Int) {
    let bytes = UnsafeMutableRawBufferPointer(start: tensor.storage.base, count: tensor.storage.byteCount)
    UnsafeMutableRawBufferPointer(rebasing: bytes[start..<start + count]).initializeMemory(
      as: UInt8.self, repeating: 0)
  }
}
