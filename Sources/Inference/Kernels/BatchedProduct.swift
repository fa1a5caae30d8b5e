internal import ONNXGraph

/// Products of the matrices of a: [.., M, K] with those of b: [.., K, N]; leading axes broadcast. A vector is a row on the
/// left and a column on the right, and the result lacks its axis.
struct BatchedProduct {
  /// The shapes of a and b, with two axes or more.
  let left: [Int]
  let right: [Int]
  /// The shape of the result before and after the axes of vectors are removed.
  let full: [Int]
  let shape: [Int]
  private let batch: [Int]

  /// - Parameter second: the number of the input that b comes from, for errors.
  init(_ call: OperatorCall, _ a: [Int], _ b: [Int], second: Int = 1) throws(OperatorError) {
    guard a.count >= 1, b.count >= 1 else { throw OperatorError("a dimension of both inputs", found: "none") }
    left = a.count == 1 ? [1] + a : a
    right = b.count == 1 ? b + [1] : b
    let (m, k, n) = (left[left.count - 2], left[left.count - 1], right[right.count - 1])
    guard right[right.count - 2] == k else { throw call.wrong(second, "\(k) rows", found: shapeText(b)) }
    batch = try Layout.broadcast([left.dropLast(2), right.dropLast(2)])
    full = batch + [m, n]
    shape = batch + (a.count == 1 ? [] : [m]) + (b.count == 1 ? [] : [n])
  }

  /// The products, in the shape `full`.
  func run(_ call: OperatorCall, _ a: Tensor, _ b: Tensor) throws(OperatorError) -> Tensor {
    try MatrixStack(try a.reshaped(left)).multiplied(call, by: MatrixStack(try b.reshaped(right)))
  }
}
