internal import ONNXGraph

/// Attributes, read as the type that the operator needs.
extension OperatorCall {
  func int(_ name: String) throws(OperatorError) -> Int? {
    switch node.attributes[name] {
    case nil: return nil
    case .int(let value): return Int(value)
    default: throw wrongAttribute(name, "a whole number")
    }
  }

  func flag(_ name: String, default value: Bool = false) throws(OperatorError) -> Bool {
    try int(name).map { $0 != 0 } ?? value
  }

  func float(_ name: String) throws(OperatorError) -> Double? {
    switch node.attributes[name] {
    case nil: return nil
    case .float(let value): return Double(value)
    default: throw wrongAttribute(name, "a number")
    }
  }

  /// `epsilon` of a normalisation (1e-5, or another binary32).
  func epsilon(default value: Float = 1e-5) throws(OperatorError) -> Double {
    try float("epsilon") ?? Double(value)
  }

  func ints(_ name: String) throws(OperatorError) -> [Int]? {
    switch node.attributes[name] {
    case nil: return nil
    case .ints(let values): return values.map { Int($0) }
    default: throw wrongAttribute(name, "whole numbers")
    }
  }

  func floats(_ name: String) throws(OperatorError) -> [Double]? {
    switch node.attributes[name] {
    case nil: return nil
    case .floats(let values): return values.map { Double($0) }
    default: throw wrongAttribute(name, "numbers")
    }
  }

  func string(_ name: String) throws(OperatorError) -> String? {
    switch node.attributes[name] {
    case nil: return nil
    case .string(let bytes): return String(decoding: bytes, as: UTF8.self)
    default: throw wrongAttribute(name, "text")
    }
  }

  func strings(_ name: String) throws(OperatorError) -> [String]? {
    switch node.attributes[name] {
    case nil: return nil
    case .strings(let all): return all.map { String(decoding: $0, as: UTF8.self) }
    default: throw wrongAttribute(name, "texts")
    }
  }

  /// A text attribute that must be one of `words`.
  func word(_ name: String, _ words: [String], default value: String) throws(OperatorError) -> String {
    let word = try string(name) ?? value
    guard words.contains(word) else {
      throw OperatorError(
        words.joined(separator: " or "), found: quoted(word), subject: "attribute \(quoted(name))")
    }
    return word
  }

  /// An attribute that names a type of elements, by number or, before version 6, also by text ("FLOAT16"); nil if it is
  /// not given, or 0.
  func type(_ name: String) throws(OperatorError) -> ElementType? {
    if opset < 6, case .string(let text)? = node.attributes[name] {
      let word = String(decoding: text, as: UTF8.self).lowercased()
      guard let type = ElementType.allCases.first(where: { "\($0)".lowercased() == word }) else {
        throw wrongAttribute(name, "a data type")
      }
      return type
    }
    guard let number = try int(name), number != 0 else { return nil }
    guard let type = ElementType(rawValue: number) else { throw wrongAttribute(name, "a data type") }
    return type
  }

  /// An attribute that is a tensor.
  func tensor(_ name: String) throws(OperatorError) -> Tensor? {
    switch node.attributes[name] {
    case nil: return nil
    case .tensor(let constant):
      try budget.spend(constant.elementCount)
      do { return try run.constants.tensor(constant) } catch { throw OperatorError(inner: error) }
    default: throw wrongAttribute(name, "a tensor")
    }
  }

  /// A required attribute of 1 or more, or one with a default value.
  func count(_ name: String, default value: Int? = nil) throws(OperatorError) -> Int {
    guard let number = try int(name) ?? value else { throw wrongAttribute(name, "a number of 1 or more") }
    guard number >= 1 else {
      throw OperatorError("a number of 1 or more", found: "\(number)", subject: "attribute \(quoted(name))")
    }
    return number
  }

  func wrongAttribute(_ name: String, _ expected: String) -> OperatorError {
    OperatorError(
      expected, found: node.attributes[name] == nil ? "none" : "a value of another type",
      subject: "attribute \(quoted(name))")
  }

  /// An error about the value of an attribute.
  func wrongAttribute(_ name: String, _ expected: String, found: String) -> OperatorError {
    OperatorError(expected, found: found, subject: "attribute \(quoted(name))")
  }

  /// Converts an axis of −rank to rank − 1 to one counted from the front.
  func axis(_ axis: Int, rank: Int) throws(OperatorError) -> Int {
    guard axis >= -rank, axis < rank else {
      throw OperatorError("an axis of -\(rank) to \(rank - 1)", found: "\(axis)")
    }
    return axis < 0 ? axis + rank : axis
  }

  /// Axes counted from the front; each may occur once.
  func axes(_ list: [Int], rank: Int) throws(OperatorError) -> [Int] {
    var result: [Int] = []
    for axis in list { result.append(try self.axis(axis, rank: rank)) }
    guard Set(result).count == result.count else {
      throw OperatorError("every axis once", found: shapeText(list))
    }
    return result
  }
}
