extension HDF5Dataset {
  /// Fills `buffer` with the dataset's logical bytes from `offset` on.
  ///
  /// Contiguous data goes straight from the file into the buffer. Small chunks are decoded whole and kept for a while,
  /// large ones in pieces: reading a dataset from its start to its end decodes each byte once, and so does, but for the
  /// way to where each begins, reading several parts of it by turns.
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

  /// `count` logical bytes from `offset` on; all from there when `count` is nil.
  ///
  /// More than the reader's byte budget, or a shape that no stored byte stands behind, is refused before
  /// memory is asked for.
  package func readBytes(offset: Int = 0, count: Int? = nil) throws(HDF5Error) -> [UInt8] {
    guard offset >= 0, offset <= byteCount, count.map({ $0 >= 0 && $0 <= byteCount - offset }) ?? true else {
      throw .outside(
        file: context.source.name, path: path, offset: offset, count: count ?? 0, size: byteCount)
    }
    let count = count ?? byteCount - offset
    guard count <= context.limits.byteBudget else {
      throw context.limit("\(context.limits.byteBudget) bytes in one read", found: "\(count)")
    }
    // What a chunked dataset stores is known only from its index, which has its own bounds.
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

  /// Repeats the fill value as if the buffer stood at `offset` of the data.
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
