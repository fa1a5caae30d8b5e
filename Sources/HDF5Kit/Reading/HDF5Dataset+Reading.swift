extension HDF5Dataset {
  /// Fills `buffer` with the dataset's logical bytes from `offset` on.
  ///
  /// Contiguous data goes straight from the file into the buffer. Small chunks are decoded whole and kept for a while,
  /// large ones in pieces. Reading a dataset from start to end decodes each byte once. Reading several parts of it by
  /// turns does too, except for the bytes before the start of each part.
  package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int = 0) throws(HDF5Error) {
    let count = buffer.count
    guard offset >= 0, offset <= byteCount, count <= byteCount - offset else {
      throw .outside(file: context.source.name, path: path, offset: offset, count: count, size: byteCount)
    }
    if let refused = datatype.refusedClass { throw context.unsupported(refused) }
    if count == 0 { return }
    switch storage {
    case .unallocated: fill(buffer, at: offset)
    case .compact(let bytes):
      bytes.withUnsafeBytes { buffer.copyMemory(from: .init(rebasing: $0[offset..<offset + count])) }
    case .contiguous(let address, _):
      try context.read(at: address + offset, into: buffer, in: "contiguous data")
    case .chunked(let layout): try readChunks(layout, into: buffer, at: offset)
    }
  }

  /// `count` logical bytes from `offset` on; if `count` is nil, all to the end.
  ///
  /// Refuses more than the reader's byte budget, or a shape that its stored bytes cannot fill, before memory is
  /// allocated.
  package func readBytes(offset: Int = 0, count: Int? = nil) throws(HDF5Error) -> [UInt8] {
    guard offset >= 0, offset <= byteCount, count.map({ $0 >= 0 && $0 <= byteCount - offset }) ?? true else {
      throw .outside(
        file: context.source.name, path: path, offset: offset, count: count ?? 0, size: byteCount)
    }
    let count = count ?? byteCount - offset
    guard count <= context.limits.byteBudget else {
      throw context.limit("\(context.limits.byteBudget.grouped) bytes in one read", found: count.grouped)
    }
    // Only its index tells how much a chunked dataset stores; the index has its own bounds.
    if case .chunked(let layout) = storage { try checkRatio(chunkIndex(layout)) }
    var failure: HDF5Error?
    let result = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      do throws(HDF5Error) {
        try read(into: .init(UnsafeMutableBufferPointer(rebasing: buffer[..<count])), at: offset)
        filled = count
      } catch {
        failure = error
        filled = 0
      }
    }
    if let failure { throw failure }
    return result
  }

  /// Fills the buffer with the fill value, as data that begins at byte `offset`.
  func fill(_ buffer: UnsafeMutableRawBufferPointer, at offset: Int) {
    guard let fillValue else {
      buffer.initializeMemory(as: UInt8.self, repeating: 0)
      return
    }
    var position = offset % fillValue.count
    for index in buffer.indices {
      buffer[index] = fillValue[position]
      position = position + 1 == fillValue.count ? 0 : position + 1
    }
  }
}
