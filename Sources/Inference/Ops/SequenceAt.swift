/// x = the tensor at `position` of s
///
/// s: a sequence of n tensors; position: one I32 or I64 of −n to n − 1, counted from the back if it is negative → x: the
/// tensor. Source: ONNX `SequenceAt`, version 11.
enum SequenceAt: ValueOperator {
  static var since: Int { 11 }

  static func values(_ call: OperatorCall) throws(OperatorError) -> [Value] {
    let sequence = try call.sequence(0)
    guard let place = try call.place(1, in: sequence, atMost: sequence.count - 1) else {
      throw OperatorError("a position", found: "none")
    }
    return [.tensor(sequence[place])]
  }
}

extension OperatorCall {
  /// An optional input that is one place in a sequence, counted from the front.
  func place(
    _ index: Int, in sequence: TensorSequence, atMost last: Int
  ) throws(OperatorError) -> Int? {
    guard let numbers = try integers(index) else { return nil }
    guard numbers.count == 1, let place = numbers.first, place >= -sequence.count, place <= last else {
      throw wrong(
        index, "a position of -\(sequence.count) to \(last)",
        found: numbers.count == 1 ? "\(numbers[0])" : "\(numbers.count) numbers")
    }
    return place < 0 ? place + sequence.count : place
  }
}
