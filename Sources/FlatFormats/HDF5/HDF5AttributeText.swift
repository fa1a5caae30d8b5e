internal import HDF5Kit
internal import Tensors

/// The value of an attribute as text.
enum HDF5AttributeText {
  /// Numbers of a list that are shown.
  private static let shown = 64

  /// One text as it is; lists as `[a, b]`; other values as a description of their type.
  static func text(_ attribute: HDF5Attribute) throws(HDF5Error) -> String {
    if attribute.dataspace.kind == .null { return "(no value)" }
    if let texts = try attribute.texts() {
      let words = texts.map { String(decoding: $0, as: UTF8.self) }
      if attribute.shape.isEmpty, let word = words.first { return word }
      return "[" + words.map { TensorName($0).quoted }.joined(separator: ", ") + "]"
    }
    let element: HDF5Element
    do throws(HDF5Element.Unreadable) {
      element = try HDF5Element(attribute.datatype, named: nil, assumed: nil)
    } catch { return "(\(error.words))" }
    guard element.extents.isEmpty, let width = element.dtype.bytes else {
      return "(\(element.dtype.rawValue))"
    }
    let bytes = try attribute.bytes()
    let words = stride(from: 0, to: bytes.count - width + 1, by: width).prefix(shown).map { start in
      number(bytes[start..<start + width], element)
    }
    if attribute.shape.isEmpty, let word = words.first { return word }
    let count = attribute.dataspace.elementCount
    return "[" + words.joined(separator: ", ") + (count > shown ? ", … (\(count.grouped) numbers)]" : "]")
  }

  private static func number(_ bytes: ArraySlice<UInt8>, _ element: HDF5Element) -> String {
    if [.c64, .c128].contains(element.dtype) {
      let part = HDF5Element(element.dtype == .c64 ? .f32 : .f64, swapWidth: element.swapWidth)
      let middle = bytes.startIndex + bytes.count / 2
      return "\(number(bytes[..<middle], part))+\(number(bytes[middle...], part))i"
    }
    let ordered = element.swapWidth > 1 ? Array(bytes) : bytes.reversed()
    let bits = ordered.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    switch element.dtype {
    case .f64: return "\(Double(bitPattern: bits))"
    case .f32: return "\(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))"
    case .bf16: return "\(Float(bitPattern: UInt32(truncatingIfNeeded: bits) << 16))"
    case .f16: return HalfText.text(UInt16(truncatingIfNeeded: bits))
    case .i64: return "\(Int64(bitPattern: bits))"
    case .i32: return "\(Int32(truncatingIfNeeded: bits))"
    case .i16: return "\(Int16(truncatingIfNeeded: bits))"
    case .i8: return "\(Int8(truncatingIfNeeded: bits))"
    case .bool: return bits == 0 ? "false" : "true"
    default: return "\(bits)"
    }
  }
}

/// A binary16 number as text; `Float16` is missing on some platforms.
private enum HalfText {
  static func text(_ bits: UInt16) -> String {
    let (exponent, fraction) = (Int(bits >> 10 & 31), Float(bits & 1023))
    let sign: Float = bits >> 15 == 1 ? -1 : 1
    switch exponent {
    case 31: return fraction == 0 ? "\(sign * .infinity)" : "nan"
    case 0: return "\(sign * fraction * 0x1p-24)"
    default:
      return "\(sign * (1 + fraction / 1024) * Float(sign: .plus, exponent: exponent - 15, significand: 1))"
    }
  }
}
