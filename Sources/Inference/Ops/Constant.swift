internal import ONNXGraph

/// y = the value in the attributes
///
/// One of value, sparse_value, value_float, value_floats, value_int, value_ints, value_string and value_strings → y:
/// that value. It is read once, together with the model. Source: ONNX `Constant`, versions 1, 9, 11, 12, 13, 19, 21,
/// 23, 24, 25.
enum Constant: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    throw OperatorError("a constant that was read with the model", found: "one that was not")
  }
}

/// Reads a `Constant` node's value, while the model is read.
struct ConstantNode {
  let node: Node
  let loader: ConstantLoader

  func tensor() throws(OperatorError) -> Tensor {
    for (name, value) in node.attributes {
      switch (name, value) {
      case ("value", .tensor(let tensor)):
        do { return try loader.tensor(tensor) } catch { throw OperatorError(inner: error) }
      case ("sparse_value", .sparse(let tensor)):
        do { return try loader.tensor(tensor) } catch { throw OperatorError(inner: error) }
      case ("value_float", .float(let number)): return try make(.float, [], [number])
      case ("value_floats", .floats(let numbers)): return try make(.float, [numbers.count], numbers)
      case ("value_int", .int(let number)): return try make(.int64, [], [number])
      case ("value_ints", .ints(let numbers)): return try make(.int64, [numbers.count], numbers)
      case ("value_string", .string(let text)): return try make(.string, [], [try number(text)])
      case ("value_strings", .strings(let texts)):
        var numbers: [Int64] = []
        for text in texts { numbers.append(try number(text)) }
        return try make(.string, [texts.count], numbers)
      default: continue
      }
    }
    throw OperatorError("a value among the attributes", found: "none")
  }

  private func number(_ text: [UInt8]) throws(OperatorError) -> Int64 {
    try loader.strings.number(of: String(decoding: text, as: UTF8.self))
  }

  private func make<T: BitwiseCopyable>(
    _ type: ElementType, _ shape: [Int], _ elements: [T]
  ) throws(OperatorError) -> Tensor {
    let tensor = try Tensor(type, shape, loader.budget)
    for (index, element) in elements.enumerated() { tensor.values(T.self)[index] = element }
    return tensor
  }
}
