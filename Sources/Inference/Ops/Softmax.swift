internal import Glibc

/// y = eˣ / Σ eˣ along `axis`
///
/// x: floats. Since version 13, the sum is along one axis (default: −1); before, along `axis` (default: 1) and all axes
/// after it. y: the type and shape of x. Source: ONNX `Softmax`, versions 1, 11, 13.
enum Softmax: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Lines.map(call, normalise)
  }

  /// Replaces the numbers of a line by eˣ / Σ eˣ.
  static func normalise(_ line: inout [Double]) {
    let greatest = line.max() ?? 0
    var sum = 0.0
    for index in line.indices {
      line[index] = exp(line[index] - greatest)
      sum += line[index]
    }
    for index in line.indices { line[index] /= sum }
  }
}
