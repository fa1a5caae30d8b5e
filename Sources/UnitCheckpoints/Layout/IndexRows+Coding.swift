/// How the rows are laid down: little-endian, member after member, as their HDF5 types say.
extension TensorRow {
  func encode(into writer: inout ByteWriter) {
    writer.append(name)
    writer.append(Array(dtype.utf8), padded: 16)
    writer.append(firstDimension)
    writer.append(rank)
    writer.append(firstDataset)
    writer.append(datasetCount)
    writer.append(UInt64(bitPattern: tiedTo))
    writer.append(bytes)
    writer.append(sha256, padded: 32)
  }

  init(from cursor: inout ByteCursor) {
    name = cursor.word()
    dtype = cursor.text(16)
    firstDimension = cursor.word()
    rank = cursor.word()
    firstDataset = cursor.word()
    datasetCount = cursor.word()
    tiedTo = Int64(bitPattern: cursor.word())
    bytes = cursor.word()
    sha256 = cursor.bytes(32)
  }
}

extension DimensionRow {
  func encode(into writer: inout ByteWriter) {
    writer.append(size)
    writer.append(UInt64(bitPattern: cut))
  }

  init(from cursor: inout ByteCursor) {
    size = cursor.word()
    cut = Int64(bitPattern: cursor.word())
  }
}

extension CutRow {
  func encode(into writer: inout ByteWriter) {
    writer.append(firstPart)
    writer.append(partCount)
    writer.append(firstSegment)
    writer.append(segmentCount)
  }

  init(from cursor: inout ByteCursor) {
    firstPart = cursor.word()
    partCount = cursor.word()
    firstSegment = cursor.word()
    segmentCount = cursor.word()
  }
}

extension PartRow {
  func encode(into writer: inout ByteWriter) {
    writer.append(UInt64(bitPattern: unit))
    writer.append(UInt64(bitPattern: axis))
  }

  init(from cursor: inout ByteCursor) {
    unit = Int64(bitPattern: cursor.word())
    axis = Int64(bitPattern: cursor.word())
  }
}

extension SegmentRow {
  func encode(into writer: inout ByteWriter) {
    writer.append(part)
    writer.append(length)
  }

  init(from cursor: inout ByteCursor) {
    part = cursor.word()
    length = cursor.word()
  }
}

extension DatasetRow {
  func encode(into writer: inout ByteWriter) {
    writer.append(tensor)
    writer.append(UInt64(bitPattern: owner))
    writer.append(address)
    writer.append(bytes)
    writer.append(contiguous)
    writer.append(firstBlock)
    writer.append(blockCount)
  }

  init(from cursor: inout ByteCursor) {
    tensor = cursor.word()
    owner = Int64(bitPattern: cursor.word())
    address = cursor.word()
    bytes = cursor.word()
    contiguous = cursor.word()
    firstBlock = cursor.word()
    blockCount = cursor.word()
  }
}

extension BlockRow {
  func encode(into writer: inout ByteWriter) {
    writer.append(offset)
    writer.append(bytes)
    writer.append(xxh3)
    writer.append(firstCoordinate)
    writer.append(coordinateCount)
  }

  init(from cursor: inout ByteCursor) {
    offset = cursor.word()
    bytes = cursor.word()
    xxh3 = cursor.word()
    firstCoordinate = cursor.word()
    coordinateCount = cursor.word()
  }
}

extension SealRow {
  func encode(into writer: inout ByteWriter) {
    writer.append(fileEnd)
    writer.append(restXXH3)
    writer.append(modelSHA256, padded: 32)
    writer.append(indexXXH3)
  }

  init(from cursor: inout ByteCursor) {
    fileEnd = cursor.word()
    restXXH3 = cursor.word()
    modelSHA256 = cursor.bytes(32)
    indexXXH3 = cursor.word()
  }
}
