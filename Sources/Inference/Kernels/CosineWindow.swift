internal import Glibc
internal import ONNXGraph

/// Code that `HannWindow`, `HammingWindow` and `BlackmanWindow` share.
enum CosineWindow {
  /// y[n] = Σ_k (−1)ᵏ · terms[k] · cos(2πkn / N), where N is the size, or with `periodic` 0 the size − 1.
  static func evaluate(_ call: OperatorCall, _ terms: [Double]) throws(OperatorError) -> [Tensor] {
    guard let size = try call.integer(0) else { throw OperatorError("a size", found: "none") }
    let type = try call.elementType("output_datatype") ?? .float
    let window = try call.make(.double, [size])
    let values = window.values(Double.self)
    // A symmetric window of one element is NaN, as ONNX's function says: 0 / 0.
    let period = try call.flag("periodic", default: true) ? size : size - 1
    for n in 0..<size {
      let angle = 2 * .pi * Double(n) / Double(period)
      var (sum, sign) = (0.0, 1.0)
      for (k, term) in terms.enumerated() {
        sum += sign * term * cos(Double(k) * angle)
        sign = -sign
      }
      values[n] = sum
    }
    return [try Casting.cast(call, window, to: type)]
  }
}
