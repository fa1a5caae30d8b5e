import Inference
import ONNXGraph

/// The bound of the difference between outputs and expected values.
enum Closeness {
  /// |a − b| ≤ 1e-7 + 1e-3 · |b| for every element, and for BF16 1e-7 + 2⁻⁶ · |b|: the bounds of the conformance suites.
  case perElement
  /// |a − b| ≤ 1e-4 · max |b| + 1e-6: sums in another order differ by their largest terms, not by the remainder.
  case perTensor
  /// As `perTensor`, but for F16 2⁻⁷ · max |b| + 1e-6, which the rounding of some nodes can add up to.
  case perGraph

  /// The first difference of two values, in words; nil if they are of one kind and their elements are close enough.
  func difference(_ found: Value, _ expected: Value, _ session: Session) -> String? {
    switch (found, expected) {
    case (.tensor(let a), .tensor(let b)): return difference(a, b, session)
    case (.empty, .empty): return nil
    case (.sequence(let a), .sequence(let b)): return difference(a, b, session)
    case (.map(let keys, let values), .map(let otherKeys, let otherValues)):
      return difference(keys, otherKeys, session) ?? difference(values, otherValues, session)
    case (.maps(_, let a), .maps(_, let b)) where a.count == 0 && b.count == 0: return nil
    case (.maps(let keys, let a), .maps(let otherKeys, let b)):
      return difference(keys, otherKeys, session) ?? difference(a, b, session)
    default: return "another kind of value"
    }
  }

  private func difference(_ found: TensorSequence, _ expected: TensorSequence, _ session: Session) -> String?
  {
    if found.type != expected.type { return "tensors of \(found.type.name), expected \(expected.type.name)" }
    if found.count != expected.count { return "\(found.count) tensors, expected \(expected.count)" }
    for place in 0..<found.count {
      if let problem = difference(found[place], expected[place], session) {
        return "tensor \(place): \(problem)"
      }
    }
    return nil
  }

  /// The first difference, in words; nil if every element is close enough.
  func difference(_ found: Tensor, _ expected: Tensor, _ session: Session) -> String? {
    if found.type != expected.type { return "type \(found.type.name), expected \(expected.type.name)" }
    if found.shape != expected.shape { return "shape \(found.shape), expected \(expected.shape)" }
    if found.type == .string {
      let (a, b) = (session.texts(found), session.texts(expected))
      // Swift's == would ignore how accents are encoded.
      return a.map { Array($0.utf8) } == b.map { Array($0.utf8) } ? nil : "\(a), expected \(b)"
    }
    let relative = found.type == .bfloat16 ? 1.0 / 64 : 1e-3
    let wanted = Self.numbers(expected)
    let greatest = wanted.reduce(0) { $1.isFinite ? max($0, $1.magnitude) : $0 }
    for (index, (a, b)) in zip(Self.numbers(found), wanted).enumerated() {
      let share = self == .perGraph && found.type == .float16 ? 1.0 / 128 : 1e-4
      let bound = self == .perElement ? 1e-7 + relative * b.magnitude : share * greatest + 1e-6
      if a == b || (a.isNaN && b.isNaN) || (a - b).magnitude <= bound { continue }
      return "[\(index)] is \(a), expected \(b)"
    }
    return nil
  }

  /// Every element as a real number.
  static func numbers(_ tensor: Tensor) -> [Double] {
    func all<T: BitwiseCopyable>(_: T.Type, _ number: (T) -> Double) -> [Double] {
      tensor.withBytes { bytes in
        (0..<tensor.count).map {
          number(bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<T>.size, as: T.self))
        }
      }
    }
    return switch tensor.type {
    case .float: all(Float.self) { Double($0) }
    case .double: all(Double.self) { $0 }
    case .float16: all(Float16.self) { Double($0) }
    case .int64: all(Int64.self) { Double($0) }
    case .int32: all(Int32.self) { Double($0) }
    case .int16: all(Int16.self) { Double($0) }
    case .int8, .int4, .int2: all(Int8.self) { Double($0) }
    case .uint64: all(UInt64.self) { Double($0) }
    case .uint32: all(UInt32.self) { Double($0) }
    case .uint16: all(UInt16.self) { Double($0) }
    case .bfloat16, .float8E4M3FN, .float8E4M3FNUZ, .float8E5M2, .float8E5M2FNUZ, .float8E8M0, .float4E2M1,
      .float6E2M3, .float6E3M2:
      tensor.reals ?? []
    default: all(UInt8.self) { Double($0) }
    }
  }
}
