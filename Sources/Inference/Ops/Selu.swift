internal import Glibc

/// y = gamma · x for x > 0, otherwise gamma · alpha · (eˣ − 1) (alpha: 1.67326, gamma: 1.0507)
///
/// x: floats of any shape → y: the same. Version 1 has alpha 1.6732 and gamma 1.0507, rounded. Source: ONNX `Selu`,
/// versions 1, 6, 22.
enum Selu: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    // The specification gives the defaults with the precision of binary32.
    let alpha = try call.float("alpha") ?? Double(call.opset < 6 ? 1.6732 : 1.673_263_2 as Float)
    let gamma = try call.float("gamma") ?? Double(call.opset < 6 ? 1.0507 : 1.050_701 as Float)
    return try Elementwise.map(call) { $0 > 0 ? gamma * $0 : gamma * alpha * expm1($0) }
  }
}
