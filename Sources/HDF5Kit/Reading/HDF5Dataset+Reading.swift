extension HDF5Dataset {
  /// Fills `buffer` with the dataset's logical bytes from `offset` on.
  ///
  /// Contiguous data are read from the file directly into the buffer. Small chunks are decoded as a whole and kept for
  /// a while; large ones are decoded in pieces. Reading a dataset from start to end decodes each byte once. So does
  /// reading several parts of it alternately, except for the bytes before the start of each part.
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
  /// Before memory is allocated, refuses more than the reader's byte budget, or a shape that its stored bytes cannot
  /// fill.
  package func readBytes(offset: Int = 0, count: Int? = nil) throws(HDF5Error) -> [UInt8] {
    guard offset >= 0, offset <= byteCount, count.map({ $0 >= 0 && $0 <= byteCount - offset }) ?? true else {
      throw .outside(
        file: context.source.name, path: path, offset: offset, count: count ?? 0, size: byteCount)
    }
    let count = count ?? byteCount - offset
    guard count <= context.limits.byteBudget else {
      throw context.limit("\(context.limits.byteBudget.grouped) bytes in one read", found: count.grouped)
    }
    // Only the index shows how many bytes a chunked dataset stores; the index has limits of its own.
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

  /// Fills the buffer with the fill value; the buffer is the data from byte `offset` on.
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
