internal import Glibc
internal import ONNXGraph

/// Code that `HannWindow`, `HammingWindow` and `BlackmanWindow` share.
enum CosineWindow {
  /// y[n] = Σ_k (−1)ᵏ · terms[k] · cos(2πkn / N), where N is the size, or with `periodic` 0 the size − 1.
  static func evaluate(_ call: OperatorCall, _ terms: [Double]) throws(OperatorError) -> [Tensor] {
    guard let size = try call.integer(0) else { throw OperatorError("a size", found: "none") }
    let type = try call.type("output_datatype") ?? .float
    let window = try call.make(.double, [size])
    let values = window.values(Double.self)
    // A symmetric window of one element is NaN, as ONNX's function says: 0 / 0.
    let period = try call.flag("periodic", default: true) ? size : size - 1
    for n in 0..<size {
      let angle = 2 * .pi * Double(n) / Double(period)
      // From the last term, because the middle is then exactly 1, which stays 1 as an integer.
      values[n] = terms.indices.reversed().reduce(0) { sum, k in
        sum + (k % 2 == 0 ? 1 : -1) * terms[k] * cos(Double(k) * angle)
      }
    }
    return [try Casting.cast(call, window, to: type)]
  }
}
