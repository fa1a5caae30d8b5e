internal import ONNXGraph
internal import Synchronization

/// Counts the multiply-adds of products and convolutions instead of doing them; what they would make is zeros.
///
/// Shapes then come out of the operators' own rules. Small products of whole numbers are computed all the same, because
/// models compute shapes with them.
struct CountingBackend: Backend {
  let tally: MultiplyAddTally

  private static let smallLimit = 1 << 20

  var fuses: Bool { false }
  var vectorises: Bool { false }
  var threads: Int { 1 }

  func multiply(_ product: MatrixProduct) throws(OperatorError) {
    let count = tally.add([product.rows, product.columns, product.depth])
    if !product.y.type.isFloatingPoint, count <= Self.smallLimit {
      return try ReferenceBackend(threads: 1).multiply(product)
    }
    // A product is a part of y; one that keeps what is there leaves it.
    if product.keep != 0 { return }
    let width = product.y.type.width
    clear(product.y, from: product.yOffset * width, count: product.rows * product.columns * width)
  }

  func convolve(_ convolution: Convolution) throws(OperatorError) {
    // Each element of y: the weights of its group, w: [K, C/groups, kernel…].
    let count = tally.add([convolution.y.count] + convolution.w.shape.dropFirst())
    if !convolution.y.type.isFloatingPoint, count <= Self.smallLimit {
      return try ReferenceBackend(threads: 1).convolve(convolution)
    }
    clear(convolution.y)
  }

  func convolveTransposed(_ convolution: Convolution) throws(OperatorError) {
    // Each element of x: the weights of its channel, w: [C, K/groups, kernel…].
    let count = tally.add([convolution.x.count] + convolution.w.shape.dropFirst())
    if !convolution.y.type.isFloatingPoint, count <= Self.smallLimit {
      return try ReferenceBackend(threads: 1).convolveTransposed(convolution)
    }
    clear(convolution.y)
  }

  func scale(_ scaling: ChannelScaling) throws(OperatorError) { clear(scaling.y) }

  func pool(_ pooling: Pooling) throws(OperatorError) {
    // The places of greatest elements are whole numbers that others may compute with.
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

/// How many multiply-adds a run would have done.
final class MultiplyAddTally: Sendable {
  private let sum = Atomic(0)

  var count: Int { sum.load(ordering: .relaxed) }

  /// The operators have asked the budget for this product, so that it fits.
  @discardableResult
  func add(_ factors: [Int]) -> Int {
    let count = factors.reduce(1, &*)
    sum.add(count, ordering: .relaxed)
    return count
  }
}
