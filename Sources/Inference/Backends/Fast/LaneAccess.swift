internal import CKernels
internal import ONNXGraph

/// The elements of an F32, F16 or BF16 tensor as binary32 numbers, for kernels that compute some at a time.
struct LaneAccess: Sendable {
  /// Numbers that are widened at a time; three such pieces stay in the first cache.
  static let piece = 1024

  /// The form of the elements; nil for F32.
  let form: tessera_form?
  private let storage: Elements<UInt16>

  /// Returns nil for other types.
  init?(_ tensor: Tensor) {
    guard tensor.type == .float || tensor.type.half != nil else { return nil }
    form = tensor.type.half
    storage = tensor.values(UInt16.self)
  }

  private var floats: UnsafeMutablePointer<Float> {
    UnsafeMutableRawPointer(storage.base).assumingMemoryBound(to: Float.self)
  }

  /// The numbers from `index` on: in the tensor itself, or `count` of them in `scratch`.
  @inline(__always)
  func numbers(
    _ index: Int, count: Int, _ scratch: UnsafeMutablePointer<Float>
  ) -> UnsafeMutablePointer<Float> {
    guard let form else { return floats + index }
    Products.kernels.widen(form, storage.base, index, nil, scratch, count)
    return scratch
  }

  /// Where results for the elements from `index` on are computed: in the tensor itself, or in `scratch`.
  @inline(__always)
  func results(_ index: Int, _ scratch: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<Float> {
    form == nil ? floats + index : scratch
  }

  /// Rounds results in `scratch` to the elements from `index` on; does nothing for F32.
  @inline(__always)
  func finish(_ index: Int, count: Int, _ scratch: UnsafeMutablePointer<Float>) {
    if let form { Products.kernels.narrow(form, scratch, storage.base + index, count) }
  }

  /// Calls `body` for pieces of `count` elements, with memory for as many numbers of three operands; F32 is one piece,
  /// without memory.
  @inline(__always)
  func forEachPiece(
    of count: Int,
    _ body: (
      _ start: Int, _ count: Int, _ a: UnsafeMutablePointer<Float>, _ b: UnsafeMutablePointer<Float>,
      _ y: UnsafeMutablePointer<Float>
    ) -> Void
  ) {
    let piece = Self.piece
    if form == nil { return body(0, count, floats, floats, floats) }
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 3 * piece) { memory in
      guard let base = memory.baseAddress else { return }
      for start in stride(from: 0, to: count, by: piece) {
        body(start, min(piece, count - start), base, base + piece, base + 2 * piece)
      }
    }
  }
}
