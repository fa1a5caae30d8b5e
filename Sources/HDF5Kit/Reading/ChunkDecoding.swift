internal import Deflate

extension HDF5FilterPipeline {
  /// The filters that were applied to a chunk; its mask gives the skipped filters.
  func applied(to chunk: StoredChunk) -> [Filter] {
    filters.enumerated().filter { chunk.mask >> UInt32($0.offset) & 1 == 0 }.map(\.element)
  }

  /// Undoes the filters of one chunk, last one first.
  ///
  /// - Parameters:
  ///   - stored: the chunk's bytes in the file.
  ///   - byteCount: the size of the decoded chunk. Nothing larger than this and the checksums is allocated.
  func decode(
    _ stored: [UInt8], chunk: StoredChunk, byteCount: Int, _ context: FileContext
  ) throws(HDF5Error) -> [UInt8] {
    var bytes = stored
    let applied = applied(to: chunk)
    guard applied.count(where: { $0.known == .deflate }) <= 1 else {
      // The size between the two filters is unknown, so it could not be limited.
      throw context.unsupported("two deflate filters in one pipeline", in: "chunk", at: chunk.offset)
    }
    for index in applied.indices.reversed() {
      let filter = applied[index]
      switch filter.known {
      case .deflate:
        // Checksums added before the compression are part of the compressed data.
        let checksums = applied[..<index].count { $0.known == .fletcher32 }
        bytes = try inflate(bytes, to: byteCount + 4 * checksums, context, at: chunk.offset)
      case .shuffle:
        guard let size = filter.parameters.first, size > 0 else {
          throw context.malformed(
            "filter pipeline", at: nil, expected: "shuffle with an element size", found: "none")
        }
        bytes = ByteShuffle.unshuffled(bytes, elementSize: Int(size))
      case .fletcher32: bytes = try checkFletcher32(bytes, context, at: chunk.offset)
      case nil: throw context.unsupported("filter \(filter.title)", in: "chunk", at: chunk.offset)
      }
    }
    guard bytes.count == byteCount else {
      throw context.malformed(
        "chunk", at: chunk.offset, expected: "\(byteCount.grouped) bytes", found: bytes.count.grouped)
    }
    return bytes
  }
}
