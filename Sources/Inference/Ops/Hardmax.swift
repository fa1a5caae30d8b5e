/// y = 1 for the first greatest element along `axis`, 0 for all others
///
/// x: floats. Since version 13, along one axis (default: −1); before, along `axis` (default: 1) and all axes after it.
/// y: the type and shape of x. Source: ONNX `Hardmax`, versions 1, 11, 13.
enum Hardmax: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Lines.map(call) { line in
      var best = 0
      for index in line.indices where line[index] > line[best] { best = index }
      for index in line.indices { line[index] = index == best ? 1 : 0 }
    }
  }
}
