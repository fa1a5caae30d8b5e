/// y = x with each b × b pixels as a block of b² channels
///
/// x: [N, C, H·b, W·b] → y: [N, b·b·C, H, W], b = `blocksize`. Mode DCR writes channels as [b, b, C], CRD (version 28)
/// as [C, b, b]. Source: ONNX `SpaceToDepth`, versions 1, 13, 28.
enum SpaceToDepth: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0, rank: 4)
    guard let block = try call.int("blocksize"), block >= 1, block <= 1 << 20, x.shape[2] % block == 0,
      x.shape[3] % block == 0
    else {
      throw call.wrong(0, "height and width that are multiples of the blocksize", found: shapeText(x.shape))
    }
    let (n, c, h, w) = (x.shape[0], x.shape[1], x.shape[2] / block, x.shape[3] / block)
    let (row, plane) = (x.shape[3], x.shape[2] * x.shape[3])
    let isDCR = try call.word("mode", ["DCR", "CRD"], default: "DCR") == "DCR"
    let y = try StridedCopy.gathered(
      call, x, shape: isDCR ? [n, block, block, c, h, w] : [n, c, block, block, h, w], offset: 0,
      strides: isDCR
        ? [c * plane, row, 1, plane, row * block, block] : [c * plane, plane, row, 1, row * block, block])
    return [try y.reshaped([n, block * block * c, h, w])]
  }
}
