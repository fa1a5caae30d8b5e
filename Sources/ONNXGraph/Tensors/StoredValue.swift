package import ByteFiles

/// A value in the form in which ONNX stores its test data: `TensorProto`, `SequenceProto`, `MapProto` or
/// `OptionalProto` (onnx-data.proto). Elements of tensors are not read.
package indirect enum StoredValue: Sendable {
  case tensor(TensorConstant)
  case sequence([StoredValue])
  /// A value for each key.
  case map(StoredKeys, [StoredValue])
  /// An optional without an element. One with an element is the element.
  case empty
}

/// The keys of a map, in the order of the file.
package enum StoredKeys: Sendable {
  case numbers([Int64])
  case texts([String])
}

extension StoredValue {
  /// The only value in a file, whose message is that of `type`; a type that is not declared is a tensor.
  package init(message file: ReadableFile, _ type: ValueType?) throws(GraphError) {
    let decoder = MessageDecoder(wire: WireFile(file), place: "value")
    self = try StoredValueDecoder(counter: ItemCounter())
      .value(type ?? .tensor(nil, shape: nil), 0..<file.size, decoder)
  }
}

/// Decodes values by their declared type.
private struct StoredValueDecoder {
  let counter: ItemCounter

  func value(
    _ type: ValueType, _ range: Range<Int>, _ outer: MessageDecoder
  ) throws(GraphError) -> StoredValue {
    try counter.add(1, outer)
    let decoder = try outer.within(outer.place, deeper: 1)
    switch type {
    case .tensor: return .tensor(try TensorDecoder(decoder: decoder, counter: counter).tensor(range))
    case .sequence(let inner): return .sequence(try elements(inner, range, decoder))
    case .optional(let inner):
      let elements = try elements(inner, range, decoder)
      guard elements.count <= 1 else {
        throw decoder.refusal(.data, "at most one element of an optional", "\(elements.count)")
      }
      return elements.first ?? .empty
    case .map(let key, let inner): return try map(key, inner, range, decoder)
    case .other:
      throw decoder.refusal(.dtype, "a tensor, a sequence, a map or an optional", "another type of value")
    }
  }

  /// The elements of a sequence or an optional. Both messages have a field for each type of elements.
  private func elements(
    _ type: ValueType, _ range: Range<Int>, _ decoder: MessageDecoder
  ) throws(GraphError) -> [StoredValue] {
    let (number, code): (Int, Int64)
    switch type {
    case .tensor: (number, code) = (3, 1)
    case .sequence: (number, code) = (5, 3)
    case .map: (number, code) = (6, 4)
    case .optional: (number, code) = (7, 5)
    case .other: (number, code) = (4, 2)
    }
    var elements: [StoredValue] = []
    var found: Int64 = 0
    try decoder.forEachField(range) { field throws(GraphError) in
      switch field.number {
      case 2: found = try decoder.int(field)
      case number: elements.append(try value(type, try decoder.range(field), decoder))
      case 3...7:
        throw decoder.refusal(.data, "elements in field \(number)", "one in field \(field.number)")
      default: break
      }
    }
    // Writers leave out the type if there are no elements.
    guard found == code || found == 0 && elements.isEmpty else {
      throw decoder.refusal(.dtype, "elements of type \(code)", "\(found)")
    }
    return elements
  }

  private func map(
    _ key: ElementType?, _ type: ValueType, _ range: Range<Int>, _ decoder: MessageDecoder
  ) throws(GraphError) -> StoredValue {
    var numbers: [Int64] = []
    var texts: [String] = []
    var values: [StoredValue] = []
    var found: Int64 = 0
    try decoder.forEachField(range) { field throws(GraphError) in
      switch field.number {
      case 2: found = try decoder.int(field)
      case 3: try decoder.appendInts(field, to: &numbers, counter)
      case 4:
        try counter.add(1, decoder)
        texts.append(try decoder.text(field))
      case 5: values += try elements(type, try decoder.range(field), decoder)
      default: break
      }
    }
    guard let type = ElementType(rawValue: Int(truncatingIfNeeded: found)), key == nil || key == type else {
      throw decoder.refusal(.dtype, "keys of \(key?.name ?? "a type")", "type \(found)")
    }
    let keys = type == .string ? StoredKeys.texts(texts) : .numbers(numbers)
    guard type == .string ? numbers.isEmpty : texts.isEmpty,
      values.count == (type == .string ? texts.count : numbers.count)
    else {
      throw decoder.refusal(.data, "a value for each key", "\(values.count) values")
    }
    return .map(keys, values)
  }
}
