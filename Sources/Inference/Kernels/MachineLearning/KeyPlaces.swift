internal import ONNXGraph

/// The positions of keys in a list, for elements of the same type.
///
/// Every NaN is the same key, and −0 is 0.
struct KeyPlaces {
  /// The steps for reading or writing one entry of a dictionary.
  static let cost = 32

  private let type: ElementType
  private var places: [Int64: Int64] = [:]

  /// - Parameter takesLast: of equal keys, whether the last one counts, not the first.
  init(_ call: OperatorCall, _ keys: Tensor, takesLast: Bool) throws(OperatorError) {
    type = keys.type
    try call.budget.spend(keys.count, Self.cost)
    try call.budget.take(bytes: keys.count * 48)
    defer { call.budget.release(bytes: keys.count * 48) }
    let codes = try Self.codes(call, keys).values(Int64.self)
    for place in 0..<keys.count where takesLast || places[codes[place]] == nil {
      places[codes[place]] = Int64(place)
    }
  }

  /// For each element of an input, the position of its key, or −1 if it is not in the list.
  func places(_ call: OperatorCall, of x: Tensor) throws(OperatorError) -> Tensor {
    guard x.type == type else {
      throw call.wrong(0, "\(type.name) elements, as the keys", found: x.type.name)
    }
    try call.budget.spend(x.count, Self.cost)
    let result = try call.make(.int64, x.shape)
    let (codes, to) = (try Self.codes(call, x).values(Int64.self), result.values(Int64.self))
    for place in 0..<x.count { to[place] = places[codes[place]] ?? -1 }
    return result
  }

  /// Numbers that are equal for equal keys.
  private static func codes(_ call: OperatorCall, _ keys: Tensor) throws(OperatorError) -> Tensor {
    if keys.type == .string { return keys.reinterpreted(as: .int64) }
    if !keys.type.isFloat { return try Casting.cast(call, keys, to: .int64) }
    let reals = try Casting.cast(call, keys, to: .double).values(Double.self)
    let codes = try call.make(.int64, keys.shape)
    for place in 0..<keys.count {
      let key = reals[place].isNaN ? .nan : reals[place] == 0 ? 0 : reals[place]
      codes.values(Int64.self)[place] = Int64(bitPattern: key.bitPattern)
    }
    return codes
  }
}

extension OperatorCall {
  /// The values at `places`, in the same shape; `other` where a place is −1.
  func picked(_ values: Tensor, at places: Tensor, else other: Tensor) throws(OperatorError) -> Tensor {
    let y = try make(values.type, places.shape)
    try StridedCopy.fill(y, with: other)
    StridedCopy.pick(places.values(Int64.self), count: places.count, from: values, to: y)
    return y
  }

  /// A vector of FLOAT.
  func make(floats numbers: [Double]) throws(OperatorError) -> Tensor {
    let tensor = try make(.float, [numbers.count])
    for (place, number) in numbers.enumerated() { tensor.values(Float.self)[place] = Float(number) }
    return tensor
  }

  /// A vector of texts.
  func make(texts: [String]) throws(OperatorError) -> Tensor {
    let tensor = try make(.string, [texts.count])
    for (place, text) in texts.enumerated() {
      try budget.spend(text.utf8.count + KeyPlaces.cost)
      tensor.values(Int64.self)[place] = try run.strings.number(of: text)
    }
    return tensor
  }
}
