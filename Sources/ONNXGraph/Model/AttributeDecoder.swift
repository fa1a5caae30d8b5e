internal import Tensors

/// Decodes `AttributeProto`.
struct AttributeDecoder {
  let decoder: MessageDecoder
  let model: ModelDecoder

  private struct Fields {
    var name = ""
    var type: Int64 = 0
    var reference = ""
    /// The number of the last field with a value. In files of IR version 1, which lack `type`, it gives the type.
    var lastNumber = 0
    var float: Float = 0
    var int: Int64 = 0
    var string: [UInt8] = []
    var single: [Int: Range<Int>] = [:]
    var floats: [Float] = []
    var ints: [Int64] = []
    var strings: [[UInt8]] = []
    var tensors: [TensorConstant] = []
    var graphs: [Graph] = []
  }

  func attribute(_ range: Range<Int>) throws(GraphError) -> (name: String, value: AttributeValue) {
    var fields = Fields()
    try decoder.forEachField(range) { field throws(GraphError) in try note(field, &fields) }
    guard !fields.name.isEmpty else {
      throw decoder.refusal(.attribute, "attributes with names", "one without")
    }
    if !fields.reference.isEmpty { return (fields.name, .reference(fields.reference)) }
    return (fields.name, try value(fields, range))
  }

  private func note(_ field: WireField, _ fields: inout Fields) throws(GraphError) {
    switch field.number {
    case 1: fields.name = try decoder.text(field)
    case 20: fields.type = try decoder.int(field)
    case 21: fields.reference = try decoder.text(field)
    case 2: fields.float = try decoder.float(field)
    case 3: fields.int = try decoder.int(field)
    case 4: fields.string = try bytes(field)
    case 5, 6, 14, 22:
      guard fields.single.updateValue(try decoder.range(field), forKey: field.number) == nil else {
        throw decoder.refusal(.attribute, "one value of attribute \(quoted(fields.name))", "two")
      }
    case 7: try model.appendFloats(field, to: &fields.floats, decoder)
    case 8: try model.appendInts(field, to: &fields.ints, decoder)
    case 9:
      try model.count(1, decoder)
      fields.strings.append(try bytes(field))
    case 10: fields.tensors.append(try model.tensor(try decoder.range(field), decoder))
    case 11: fields.graphs.append(try model.graph(try decoder.range(field), decoder))
    default: return
    }
    if ![1, 20, 21].contains(field.number) { fields.lastNumber = field.number }
  }

  private func bytes(_ field: WireField) throws(GraphError) -> [UInt8] {
    let range = try decoder.range(field)
    let limit = 16 << 20
    guard range.count <= limit else {
      throw decoder.refusal(
        .text, "text of at most \(limit.grouped) bytes in an attribute", "\(range.count.grouped)")
    }
    return try decoder.wire.bytes(range)
  }

  /// The field number of each `AttributeType`.
  private static let fieldOfType: [Int64: Int] = [
    1: 2, 2: 3, 3: 4, 4: 5, 5: 6, 6: 7, 7: 8, 8: 9, 9: 10, 10: 11, 11: 22, 12: 23, 13: 14, 14: 15,
  ]

  private func value(_ fields: Fields, _ message: Range<Int>) throws(GraphError) -> AttributeValue {
    let number = fields.type == 0 ? fields.lastNumber : Self.fieldOfType[fields.type] ?? 0
    func single() throws(GraphError) -> Range<Int> {
      guard let range = fields.single[number] else {
        throw decoder.refusal(.attribute, "a value of attribute \(quoted(fields.name))", "none")
      }
      return range
    }
    switch number {
    case 2: return .float(fields.float)
    case 3: return .int(fields.int)
    case 4: return .string(fields.string)
    case 5: return .tensor(try model.tensor(try single(), decoder))
    case 6: return .graph(try model.graph(try single(), decoder))
    case 7: return .floats(fields.floats)
    case 8: return .ints(fields.ints)
    case 9: return .strings(fields.strings)
    case 10: return .tensors(fields.tensors)
    case 11: return .graphs(fields.graphs)
    case 14: return .type(try model.type(try single(), decoder))
    case 22: return .sparse(try model.sparse(try single(), decoder))
    case 15, 23: return .other(message)
    default:
      throw decoder.refusal(
        .attribute, "a type of attribute \(quoted(fields.name))", "\(fields.type)")
    }
  }
}
