/// y = x with each block of b² channels as b × b pixels
///
/// x: [N, C·b², H, W] → y: [N, C, H·b, W·b], b = `blocksize`. Mode DCR (the only one before version 11) reads channels
/// as [b, b, C], CRD as [C, b, b]. Source: ONNX `DepthToSpace`, versions 1, 11, 13, 28.
enum DepthToSpace: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0, rank: 4)
    guard let block = try call.int("blocksize"), block >= 1, block <= 1 << 20,
      x.shape[1] % (block * block) == 0
    else {
      throw call.wrong(0, "channels that are a multiple of the squared blocksize", found: shapeText(x.shape))
    }
    let (n, c, h, w) = (x.shape[0], x.shape[1] / (block * block), x.shape[2], x.shape[3])
    let isDCR = try call.word("mode", ["DCR", "CRD"], default: "DCR") == "DCR"
    let plane = h * w
    // Strides in x of [N, C, H, b, W, b].
    let channel = isDCR ? plane : plane * block * block
    let row = isDCR ? plane * c * block : plane * block
    let column = isDCR ? plane * c : plane
    let y = try StridedCopy.gathered(
      call, x, shape: [n, c, h, block, w, block], offset: 0,
      strides: [x.shape[1] * plane, channel, w, row, 1, column])
    return [try y.reshaped([n, c, h * block, w * block])]
  }
}
