internal import Tensors

/// Decodes `TensorProto` without reading its elements.
struct TensorDecoder {
  let decoder: MessageDecoder
  let counter: ItemCounter

  /// More dimensions than any framework allows (NumPy allows 64).
  static let rankLimit = 64

  private struct Fields {
    var dims: [Int64] = []
    var type: Int64 = 0
    var name = ""
    var raw: Range<Int>?
    /// The numbers of the typed fields that occur, with the bytes of their elements.
    var typed: [Int: Int] = [:]
    var external = ExternalData()
    var isExternal = false
  }

  func tensor(_ range: Range<Int>) throws(GraphError) -> TensorConstant {
    var fields = Fields()
    try decoder.forEachField(range) { field throws(GraphError) in try note(field, &fields) }
    let named = try decoder.within(
      fields.name.isEmpty ? decoder.place : "tensor \(quoted(fields.name))")
    guard let type = ElementType(rawValue: Int(truncatingIfNeeded: fields.type)) else {
      throw named.refusal(.dtype, "a data type of 1 to \(ElementType.allCases.count)", "\(fields.type)")
    }
    let (shape, count) = try Self.shape(fields.dims, type, named)
    return TensorConstant(
      name: fields.name, type: type, shape: shape, elementCount: count,
      payload: try payload(fields, type, count, named), message: range)
  }

  private func note(_ field: WireField, _ fields: inout Fields) throws(GraphError) {
    switch field.number {
    case 1: try decoder.appendInts(field, to: &fields.dims, counter)
    case 2: fields.type = try decoder.int(field)
    case 3: throw decoder.refusal(.segment, "a whole tensor", "a segment of one")
    case 8: fields.name = try decoder.text(field)
    case 9: fields.raw = try decoder.range(field)
    case 4, 5, 6, 7, 10, 11:
      let size: Int
      switch field.value {
      case .bytes(let range): size = range.count
      case .varint: size = 1
      case .fixed32: size = 4
      case .fixed64: size = 8
      }
      fields.typed[field.number, default: 0] += size
    case 13: try noteExternal(field, &fields.external)
    case 14: fields.isExternal = try decoder.int(field) == 1
    default: break
    }
  }

  private func noteExternal(_ field: WireField, _ data: inout ExternalData) throws(GraphError) {
    let entry = try decoder.entry(try decoder.range(field))
    func number() throws(GraphError) -> Int {
      // Only digits are allowed; Int(_:) would also accept a sign.
      guard entry.value.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = Int(entry.value) else {
        throw decoder.refusal(
          .external, "a number of bytes as the \(entry.key) of external data", quoted(entry.value))
      }
      return value
    }
    switch entry.key {
    case "location": data.location = entry.value
    case "offset": data.offset = try number()
    case "length": data.length = try number()
    // The checksum (SHA-1, optional) is not checked; other keys have no meaning in the format.
    default: break
    }
  }

  /// The extents and their product, which does not overflow for elements of `type`.
  static func shape(
    _ dims: [Int64], _ type: ElementType, _ decoder: MessageDecoder
  ) throws(GraphError) -> (shape: [Int], count: Int) {
    guard dims.count <= rankLimit else {
      throw decoder.refusal(.shape, "at most \(rankLimit) dimensions", "\(dims.count)")
    }
    let shape = dims.map { Int($0) }
    if let negative = shape.first(where: { $0 < 0 }) {
      throw decoder.refusal(.shape, "dimensions of 0 or more", "\(negative)")
    }
    if shape.contains(0) { return (shape, 0) }
    var bits = max(8, type.bits ?? 8)
    for extent in shape {
      let (product, overflow) = bits.multipliedReportingOverflow(by: extent)
      if overflow {
        throw decoder.refusal(.shape, "dimensions whose product fits 63 bits", "\(shape)")
      }
      bits = product
    }
    return (shape, shape.reduce(1, *))
  }

  private func payload(
    _ fields: Fields, _ type: ElementType, _ count: Int, _ named: MessageDecoder
  ) throws(GraphError) -> TensorPayload {
    let typed = fields.typed.filter { $0.value > 0 }
    let stored = (fields.raw == nil ? 0 : 1) + (typed.isEmpty ? 0 : 1) + (fields.isExternal ? 1 : 0)
    guard stored <= 1, typed.count <= 1 else {
      throw named.refusal(.data, "the elements in one place", "them in several")
    }
    if fields.isExternal {
      guard type != .string else { throw named.refusal(.dtype, "numbers in external data", "text") }
      return .external(fields.external)
    }
    // The caller's check of the shape limits this product.
    let byteCount = (count * (type.bits ?? 0) + 7) / 8
    if let raw = fields.raw {
      guard type != .string else { throw named.refusal(.dtype, "text in string_data", "it in raw_data") }
      guard raw.count == byteCount else {
        throw named.refusal(.data, "\(byteCount.grouped) bytes of raw_data", "\(raw.count.grouped)")
      }
      return .raw(raw)
    }
    let field = type.typedField
    if let other = typed.keys.first(where: { $0 != field }) {
      throw named.refusal(.data, "\(type.name) elements in field \(field)", "some in field \(other)")
    }
    let found = typed[field] ?? 0
    // Elements of 4 and 8 bytes have this size in the file too. Others are counted when they are read, but each takes
    // at least a byte.
    switch type {
    case .float, .complex64, .double, .complex128:
      guard found == byteCount else {
        throw named.refusal(.data, "\(byteCount.grouped) bytes of elements", "\(found.grouped)")
      }
    case .string: break
    default:
      let least =
        type == .uint4 || type == .int4 || type == .float4E2M1 || type == .uint2 || type == .int2
        ? byteCount : count
      guard found >= least, found <= 10 * max(1, least) else {
        throw named.refusal(.data, "\(count) elements", "\(found.grouped) bytes of them")
      }
    }
    return .typed(field: field)
  }
}

extension MessageDecoder {
  /// A `StringStringEntryProto`.
  func entry(_ range: Range<Int>) throws(GraphError) -> (key: String, value: String) {
    var key = ""
    var value = ""
    try forEachField(range) { field throws(GraphError) in
      switch field.number {
      case 1: key = try text(field)
      case 2: value = try text(field)
      default: break
      }
    }
    return (key, value)
  }
}
