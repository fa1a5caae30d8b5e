extension RowRange {
  init(from cursor: inout ByteCursor) {
    first = cursor.u32()
    count = cursor.u32()
  }
}

extension ByteWriter {
  mutating func append(_ value: Int32) { append(UInt32(bitPattern: value)) }

  mutating func append(_ rows: RowRange) {
    append(rows.first)
    append(rows.count)
  }

  mutating func append(dtype: String) { append(Array(dtype.utf8), padded: 12) }
}

extension TensorRow {
  func encode(into writer: inout ByteWriter) {
    writer.append(name)
    writer.append(dtype: dtype)
    writer.append(dimensions)
    writer.append(tiedTo)
    writer.append(scope)
    writer.append(units)
    writer.append(sha256, padded: 32)
  }

  init(from cursor: inout ByteCursor) {
    name = cursor.u32()
    dtype = cursor.text(12)
    dimensions = RowRange(from: &cursor)
    tiedTo = cursor.i32()
    scope = cursor.i32()
    units = RowRange(from: &cursor)
    sha256 = cursor.bytes(32)
  }
}

extension DimensionRow {
  func encode(into writer: inout ByteWriter) {
    writer.append(size)
    writer.append(cut)
    writer.append(firstAxis)
  }

  init(from cursor: inout ByteCursor) {
    size = cursor.word()
    cut = cursor.i32()
    firstAxis = cursor.u32()
  }
}

extension AxisRow {
  func encode(into writer: inout ByteWriter) {
    writer.append(name)
    writer.append(cut)
  }

  init(from cursor: inout ByteCursor) {
    name = cursor.u32()
    cut = cursor.u32()
  }
}

extension CutRow {
  func encode(into writer: inout ByteWriter) { writer.append(segments) }

  init(from cursor: inout ByteCursor) { segments = RowRange(from: &cursor) }
}

extension SegmentRow {
  func encode(into writer: inout ByteWriter) {
    writer.append(length)
    writer.append(unit)
    writer.append(slot)
  }

  init(from cursor: inout ByteCursor) {
    length = cursor.word()
    unit = cursor.i32()
    slot = cursor.u32()
  }
}

extension TaskRow {
  func encode(into writer: inout ByteWriter) {
    writer.append(name)
    writer.append(networks)
  }

  init(from cursor: inout ByteCursor) {
    name = cursor.u32()
    networks = RowRange(from: &cursor)
  }
}

extension NetworkRow {
  func encode(into writer: inout ByteWriter) {
    writer.append(name)
    writer.append(units)
  }

  init(from cursor: inout ByteCursor) {
    name = cursor.i32()
    units = RowRange(from: &cursor)
  }
}

extension AxisUnitsRow {
  func encode(into writer: inout ByteWriter) {
    writer.append(network)
    writer.append(axis)
    writer.append(units)
  }

  init(from cursor: inout ByteCursor) {
    network = cursor.u32()
    axis = cursor.u32()
    units = RowRange(from: &cursor)
  }
}

extension ScopeRow {
  func encode(into writer: inout ByteWriter) { writer.append(networks) }

  init(from cursor: inout ByteCursor) { networks = RowRange(from: &cursor) }
}

extension ViewRow {
  func encode(into writer: inout ByteWriter) {
    writer.append(tensor)
    writer.append(networks)
    writer.append(name)
    writer.append(mask)
  }

  init(from cursor: inout ByteCursor) {
    tensor = cursor.u32()
    networks = RowRange(from: &cursor)
    name = cursor.i32()
    mask = cursor.i32()
  }
}

extension OwnedRow {
  func encode(into writer: inout ByteWriter) {
    writer.append(tensor)
    writer.append(map)
    writer.append(unit)
    writer.append(elements)
  }

  init(from cursor: inout ByteCursor) {
    tensor = cursor.u32()
    map = cursor.u32()
    unit = cursor.i32()
    elements = cursor.word()
  }
}

extension ReorderedRow {
  func encode(into writer: inout ByteWriter) {
    writer.append(tensor)
    writer.append(dimension)
    writer.append(axis)
    writer.append(inner)
    writer.append(outer)
  }

  init(from cursor: inout ByteCursor) {
    tensor = cursor.u32()
    dimension = cursor.u32()
    axis = cursor.u32()
    inner = cursor.word()
    outer = cursor.word()
  }
}

extension SectionRow {
  func encode(into writer: inout ByteWriter) {
    writer.append(kind)
    writer.append(tensor)
    writer.append(scope)
    writer.append(units)
    writer.append(dtype: dtype)
    writer.append(address)
    writer.append(bytes)
  }

  init(from cursor: inout ByteCursor) {
    kind = cursor.u32()
    tensor = cursor.i32()
    scope = cursor.i32()
    units = RowRange(from: &cursor)
    dtype = cursor.text(12)
    address = cursor.word()
    bytes = cursor.word()
  }
}

extension SealRow {
  func encode(into writer: inout ByteWriter) {
    writer.append(fileEnd)
    writer.append(pageBytes)
    writer.append(restXXH3)
    writer.append(headersXXH3)
    writer.append(modelSHA256, padded: 32)
    writer.append(indexXXH3)
  }

  init(from cursor: inout ByteCursor) {
    fileEnd = cursor.word()
    pageBytes = cursor.word()
    restXXH3 = cursor.word()
    headersXXH3 = cursor.word()
    modelSHA256 = cursor.bytes(32)
    indexXXH3 = cursor.word()
  }
}
