internal import Glibc

/// y = x − ln Σ eˣ along `axis`
///
/// x: floats. Since version 13, the sum is along one axis (default: −1); before, along `axis` (default: 1) and all axes
/// after it. y: the type and shape of x. Source: ONNX `LogSoftmax`, versions 1, 11, 13.
enum LogSoftmax: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Lines.map(call, kernel: .logSoftmax, apply)
  }

  static func apply(_ line: inout [Double]) {
    let greatest = line.max() ?? 0
    let sum = log(line.reduce(0) { $0 + exp($1 - greatest) })
    for index in line.indices { line[index] = line[index] - greatest - sum }
  }
}
