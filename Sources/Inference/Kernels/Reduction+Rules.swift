/// The rules of the reducing operators.
extension Reduction.Rules {
  /// One rule for all kinds of numbers: a start value and a binary operator, without a final step.
  init<Op: BinaryArithmetic>(
    _: Op.Type, floats: Double, signed: Int64, unsigned: UInt64
  ) {
    self.init(
      floats: .init(start: floats, combine: Op.floats, finish: Self.same),
      signed: .init(start: signed, combine: { Op.integers($0, $1) }, finish: Self.same),
      unsigned: .init(start: unsigned, combine: { Op.integers($0, $1) }, finish: Self.same))
  }

  private static func same<W: WideNumber>(_ value: W, _: Int) throws(OperatorError) -> W { value }

  /// Sums of `term`, with a final step; both in binary64, even for integers.
  init(sumOf term: @escaping (Double) -> Double, _ finish: @escaping (Double, Int) -> Double) {
    self.init(
      floats: .init(
        start: 0, combine: { $0 + term($1) },
        finish: { value, count throws(OperatorError) in finish(value, count) }),
      signed: .init(
        start: 0, combine: { $0 &+ Int64(clamping: term(Double($1))) },
        finish: { value, count throws(OperatorError) in Int64(clamping: finish(Double(value), count)) }),
      unsigned: .init(
        start: 0, combine: { $0 &+ UInt64(clamping: term(Double($1))) },
        finish: { value, count throws(OperatorError) in UInt64(clamping: finish(Double(value), count)) }))
  }
}
