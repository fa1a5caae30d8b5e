extension TensorConstant {
  /// The tensor of a number, or a list of numbers, in an attribute of a `Constant` node.
  ///
  /// - Parameter position: the attribute's position in the file; it gives the tensor's place in the order of all
  ///   tensors.
  /// - Returns: nil for any other attribute.
  init?(_ attribute: String, _ value: AttributeValue, at position: Int) {
    switch (attribute, value) {
    case ("value_float", .float(let number)): self.init(.float, [], [number.bitPattern], position)
    case ("value_floats", .floats(let numbers)):
      self.init(.float, [numbers.count], numbers.map(\.bitPattern), position)
    case ("value_int", .int(let number)): self.init(.int64, [], [number], position)
    case ("value_ints", .ints(let numbers)): self.init(.int64, [numbers.count], numbers, position)
    default: return nil
    }
  }

  private init<Number: FixedWidthInteger>(
    _ type: ElementType, _ shape: [Int], _ numbers: [Number], _ position: Int
  ) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(numbers.count * MemoryLayout<Number>.size)
    for number in numbers { withUnsafeBytes(of: number.littleEndian) { bytes += $0 } }
    self.init(
      name: "", type: type, shape: shape, elementCount: numbers.count, payload: .held(bytes),
      message: position..<position)
  }
}

extension Node {
  /// Gives every `Constant` node the same form: a tensor, however the file stores its value.
  ///
  /// - Parameter positions: the attributes' positions in the file.
  mutating func unifyConstant(_ positions: [String: Int]) {
    guard operation == "Constant", domain.isEmpty, attributes.count == 1,
      let (name, value) = attributes.first,
      let tensor = TensorConstant(name, value, at: positions[name] ?? 0)
    else { return }
    attributes = ["value": .tensor(tensor)]
  }
}
