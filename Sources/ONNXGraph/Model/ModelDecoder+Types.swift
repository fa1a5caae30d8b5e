/// `ValueInfoProto` and `TypeProto`.
extension ModelDecoder {
  func valueInfo(_ range: Range<Int>, _ decoder: MessageDecoder) throws(GraphError) -> ValueInfo {
    try count(1, decoder)
    var name = ""
    var type: Range<Int>?
    try decoder.forEachField(range) { field throws(GraphError) in
      switch field.number {
      case 1: name = try decoder.text(field)
      case 2: type = try decoder.range(field)
      default: break
      }
    }
    guard let type else { return ValueInfo(name: name, type: nil) }
    return ValueInfo(
      name: name, type: try self.type(type, try decoder.within("value \(quoted(name))")))
  }

  func type(_ range: Range<Int>, _ outer: MessageDecoder) throws(GraphError) -> ValueType {
    let decoder = try outer.within(outer.place, deeper: 1)
    var type = ValueType.other
    try decoder.forEachField(range) { field throws(GraphError) in
      switch field.number {
      case 1: type = try tensorType(try decoder.range(field), decoder)
      case 4: type = .sequence(try elementType(try decoder.range(field), decoder))
      case 5: type = try mapType(try decoder.range(field), decoder)
      case 9: type = .optional(try elementType(try decoder.range(field), decoder))
      default: break
      }
    }
    return type
  }

  /// `elem_type` of a sequence or an optional.
  private func elementType(_ range: Range<Int>, _ decoder: MessageDecoder) throws(GraphError) -> ValueType {
    var type = ValueType.other
    try decoder.forEachField(range) { field throws(GraphError) in
      if field.number == 1 { type = try self.type(try decoder.range(field), decoder) }
    }
    return type
  }

  private func mapType(_ range: Range<Int>, _ decoder: MessageDecoder) throws(GraphError) -> ValueType {
    var key: ElementType?
    var type = ValueType.other
    try decoder.forEachField(range) { field throws(GraphError) in
      switch field.number {
      case 1: key = ElementType(rawValue: Int(truncatingIfNeeded: try decoder.int(field)))
      case 2: type = try self.type(try decoder.range(field), decoder)
      default: break
      }
    }
    return .map(key: key, type)
  }

  private func tensorType(_ range: Range<Int>, _ decoder: MessageDecoder) throws(GraphError) -> ValueType {
    var element: ElementType?
    var shape: [Extent]?
    try decoder.forEachField(range) { field throws(GraphError) in
      switch field.number {
      case 1: element = ElementType(rawValue: Int(truncatingIfNeeded: try decoder.int(field)))
      case 2:
        var extents: [Extent] = []
        try decoder.forEachField(try decoder.range(field)) { field throws(GraphError) in
          if field.number == 1 { extents.append(try extent(try decoder.range(field), decoder)) }
        }
        shape = extents
      default: break
      }
    }
    return .tensor(element, shape: shape)
  }

  private func extent(_ range: Range<Int>, _ decoder: MessageDecoder) throws(GraphError) -> Extent {
    try count(1, decoder)
    var extent = Extent.open
    try decoder.forEachField(range) { field throws(GraphError) in
      switch field.number {
      case 1:
        // Exporters write −1 or 0 for an open dimension.
        let value = try decoder.int(field)
        extent = value > 0 ? .fixed(Int(value)) : .open
      case 2: extent = .named(try decoder.text(field))
      default: break
      }
    }
    return extent
  }
}
