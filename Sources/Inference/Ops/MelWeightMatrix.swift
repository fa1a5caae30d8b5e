internal import Glibc
internal import ONNXGraph

/// y[f, m] = the weight of frequency f in band m: a triangle over the bins p[m] to p[m + 2], with 1 at p[m + 1]
///
/// p[k] = ⌊(N + 1) · hz[k] / rate⌋, where hz[k] is k/(bands + 2) of the way from the lower to the upper edge on the mel
/// scale, 2595 · log₁₀(1 + hz/700). bands, N, rate: one INT32 or INT64; edges in hertz: one float → y: `output_datatype`
/// (1: FLOAT), numbers of any kind, [⌊N/2⌋ + 1, bands]. Source: ONNX `MelWeightMatrix`, version 17; the scale's text
/// leaves the division by bands + 2, not bands + 1, to its evaluator.
enum MelWeightMatrix: Operator {
  static var since: Int { 17 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    guard let bands = try call.integer(0), let length = try call.integer(1), let rate = try call.integer(2),
      let lower = try call.scalar(3), let upper = try call.scalar(4), bands >= 0, length >= 0, rate >= 1
    else {
      throw OperatorError(
        "bands and a length of 0 or more, a rate of 1 or more, and two edges", found: "others")
    }
    let type = try call.type("output_datatype") ?? .float
    let bins = length / 2 + 1
    let y = try call.zeros(.double, [bins, bands])
    let (low, high) = (mel(lower), mel(upper))
    func point(_ k: Int) throws(OperatorError) -> Int {
      let hertz = 700 * expm1((low + Double(k) * (high - low) / Double(bands + 2)) / 2595 * M_LN10)
      let bin = ((Double(length) + 1) * hertz / Double(rate)).rounded(.down)
      guard bin >= 0, bin < Double(bins) else {
        throw OperatorError("edges that lie in \(bins) bins", found: "\(lower) to \(upper) hertz")
      }
      return Int(bin)
    }
    try call.budget.spend(y.count)
    let values = y.values(Double.self)
    for band in 0..<bands {
      let (first, middle, last) = (try point(band), try point(band + 1), try point(band + 2))
      for bin in first..<max(first, middle) {
        values[bin * bands + band] = Double(bin - first) / Double(middle - first)
      }
      values[middle * bands + band] = 1
      for bin in (middle + 1)..<max(middle + 1, last) {
        values[bin * bands + band] = Double(last - bin) / Double(last - middle)
      }
    }
    return [try Casting.cast(call, y, to: type)]
  }

  private static func mel(_ hertz: Double) -> Double { 2595 * log10(1 + hertz / 700) }
}
