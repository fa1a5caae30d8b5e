internal import ONNXGraph

/// y[b, f, k] = Σ_n window[n] · x[b, f·step + n] · e^(−2πi·kn/N)
///
/// x: floats, [B, n, 1] real or [B, n, 2] complex; step: one INT32 or INT64; window: as x, [N] (ones); N: one INT32 or
/// INT64 (the window's length, or n) → y: as x, [B, ⌊(n − N)/step⌋ + 1, bins, 2], with ⌊N/2⌋ + 1 bins if `onesided` is 1
/// (1), else N. Source: ONNX `STFT`, version 17.
enum STFT: Operator {
  static var since: Int { 17 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    var given = try call.input(0)
    guard given.type.isFloat else { throw call.wrong(0, "floating-point elements", found: given.type.name) }
    // PyTorch's exporter leaves out the last dimension of a real signal.
    if given.rank == 2 { given = try given.reshaped(given.shape + [1]) }
    guard given.rank == 3, given.shape[2] == 1 || given.shape[2] == 2 else {
      throw call.wrong(0, "[B, n, 1] or [B, n, 2]", found: shapeText(given.shape))
    }
    let (batch, extent, parts) = (given.shape[0], given.shape[1], given.shape[2])
    let step = try call.integer(1) ?? 0
    guard step >= 1 else { throw call.wrong(1, "a step of 1 or more", found: "\(step)") }
    let length = try call.integer(3) ?? call.optional(2)?.count ?? extent
    guard length >= 1, length <= extent else {
      throw OperatorError("frames of 1 to \(extent) elements", found: "\(length)")
    }
    try call.budget.take(bytes: FourierTransform.bytes(length))
    defer { call.budget.release(bytes: FourierTransform.bytes(length)) }
    let window =
      call.optional(2) == nil
      ? [Double](repeating: 1, count: length) : try call.reals(2, count: length)
    let frames = (extent - length) / step + 1
    let bins = try call.flag("onesided", default: true) ? length / 2 + 1 : length
    let y = try call.make(.double, [batch, frames, bins, 2])
    let x = try Casting.cast(call, given, to: .double).values(Double.self)
    let transform = try FourierTransform(length, count: batch * frames, call.budget)
    let to = y.values(Double.self)
    var line = [Complex](repeating: Complex(re: 0, im: 0), count: length)
    for number in 0..<batch * frames {
      let start = (number / frames * extent + number % frames * step) * parts
      for n in 0..<length {
        let place = start + n * parts
        line[n] = Complex(re: x[place], im: parts == 2 ? x[place + 1] : 0) * window[n]
      }
      transform.transform(&line, isInverse: false)
      for k in 0..<bins {
        to[(number * bins + k) * 2] = line[k].re
        to[(number * bins + k) * 2 + 1] = line[k].im
      }
    }
    return [try Casting.cast(call, y, to: given.type)]
  }
}
