internal import ONNXGraph

/// y[k] = Σ_n x[n] · e^(−2πi·kn/N) along `axis`; with `inverse` 1 (0), (1/N) · Σ_n x[n] · e^(2πi·kn/N)
///
/// x: floats, [.., n, .., 1] real or [.., n, .., 2] complex; N: one INT32 or INT64 (n), for which x is cut or padded with
/// zeros → y: as x, [.., N, .., 2]. With `onesided` 1 (0), a real x gives k of 0 to ⌊N/2⌋ only; with `inverse`, a complex x
/// has only these (N: 2·(n − 1)) and y is real, [.., N, .., 1]. `axis`: an attribute (1) before version 20, then an input
/// (−2). Source: ONNX `DFT`, versions 17, 20.
enum DFT: Operator {
  static var since: Int { 17 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let given = try call.input(0)
    guard given.type.isFloat else { throw call.wrong(0, "floating-point elements", found: given.type.name) }
    let isInverse = try call.flag("inverse")
    let isOneSided = try call.flag("onesided")
    let parts = isOneSided ? [isInverse ? 2 : 1] : [1, 2]
    guard given.rank >= 2, parts.contains(given.shape[given.rank - 1]) else {
      throw call.wrong(
        0, "a last dimension of \(parts.map(String.init).joined(separator: " or "))",
        found: shapeText(given.shape))
    }
    let stated = call.opset < 20 ? try call.int("axis") ?? 1 : try call.integer(2) ?? -2
    let axis = try call.axis(stated, rank: given.rank)
    guard axis < given.rank - 1 else {
      throw OperatorError("an axis before the last", found: "\(stated)")
    }
    let isHalved = isInverse && isOneSided
    let known = given.shape[axis]
    let length = try call.integer(1) ?? (isHalved ? 2 * (known - 1) : known)
    guard length >= 1 else { throw OperatorError("a length of 1 or more", found: "\(length)") }
    var shape = given.shape
    shape[axis] = isOneSided && !isInverse ? length / 2 + 1 : length
    shape[given.rank - 1] = isHalved ? 1 : 2
    let y = try call.make(.double, shape)
    if y.count == 0 { return [try Casting.cast(call, y, to: given.type)] }
    let x = try Casting.cast(call, given, to: .double)
    let lines = y.count / shape[axis] / shape[given.rank - 1]
    try call.budget.take(bytes: FourierTransform.bytes(length))
    defer { call.budget.release(bytes: FourierTransform.bytes(length)) }
    let transform = try FourierTransform(length, count: lines, call.budget)
    let (source, target) = (ComplexLines(x, axis), ComplexLines(y, axis))
    var line = [Complex](repeating: Complex(re: 0, im: 0), count: length)
    for number in 0..<lines {
      for k in 0..<length {
        // The second half of a spectrum of real numbers mirrors the first.
        let isMirrored = isHalved && k > length / 2
        let place = isMirrored ? length - k : k
        let value = place < known ? source[number, place] : Complex(re: 0, im: 0)
        line[k] = isMirrored ? value.conjugate : value
      }
      transform.transform(&line, isInverse: isInverse)
      for k in 0..<shape[axis] { target[number, k] = line[k] }
    }
    return [try Casting.cast(call, y, to: given.type)]
  }
}

/// The lines along one axis of a tensor of binary64 whose last dimension is 1 (real) or 2 (complex).
private struct ComplexLines {
  private let values: Elements<Double>
  private let parts: Int
  private let extent: Int
  /// The numbers between neighbours of a line.
  private let inner: Int

  init(_ tensor: Tensor, _ axis: Int) {
    values = tensor.values(Double.self)
    parts = tensor.shape[tensor.rank - 1]
    extent = tensor.shape[axis]
    inner = tensor.shape[(axis + 1)...].dropLast().product
  }

  subscript(_ line: Int, _ index: Int) -> Complex {
    get {
      let place = place(line, index)
      return Complex(re: values[place], im: parts == 2 ? values[place + 1] : 0)
    }
    nonmutating set {
      let place = place(line, index)
      values[place] = newValue.re
      if parts == 2 { values[place + 1] = newValue.im }
    }
  }

  private func place(_ line: Int, _ index: Int) -> Int {
    ((line / inner * extent + index) * inner + line % inner) * parts
  }
}
