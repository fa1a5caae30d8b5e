package import ByteFiles
internal import Deflate
internal import Tensors

/// The unpacked bytes of a zip member, from first to last. After the last one, size and CRC-32 are checked.
package final class ZipMemberStream {
  package let entry: ZipEntry
  /// Unpacked bytes delivered so far.
  package private(set) var position = 0
  private let file: ReadableFile
  private var crc = CRC32()
  private let inflater: Inflater?
  private let input: UnsafeMutableRawBufferPointer
  /// The range of `input` that is filled and not used yet.
  private var pending = 0..<0
  private var fileOffset: Int
  private var ended = false

  /// The caller must have checked that the member may be read.
  fileprivate init(unchecked file: ReadableFile, entry: ZipEntry) {
    self.file = file
    self.entry = entry
    fileOffset = entry.dataStart
    let isDeflated = entry.method == .deflated
    inflater = isDeflated ? Inflater(.raw) : nil
    input = .allocate(byteCount: isDeflated ? max(1, min(128 << 10, entry.compressedSize)) : 1, alignment: 16)
  }

  package convenience init(file: ReadableFile, entry: ZipEntry) throws(ZipError) {
    self.init(unchecked: file, entry: entry)
    if entry.size == 0 { try finish() }
  }

  deinit { input.deallocate() }

  /// Fills all of `buffer` with the next bytes.
  package func read(into buffer: UnsafeMutableRawBufferPointer) throws(ZipError) {
    guard buffer.count <= entry.size - position else {
      throw refusal(
        .readPastEnd, "a read of the \((entry.size - position).grouped) bytes left",
        "one of \(buffer.count.grouped)")
    }
    if buffer.isEmpty { return }
    if entry.method == .deflated {
      try inflated(into: buffer)
    } else {
      try asZip { () throws(FileError) in try file.read(at: fileOffset, into: buffer) }
      fileOffset += buffer.count
    }
    crc.update(UnsafeRawBufferPointer(buffer))
    position += buffer.count
    if position == entry.size { try finish() }
  }

  /// Skips `count` bytes, which are unpacked and checked like all others.
  package func skip(_ count: Int) throws(ZipError) {
    let size = min(count, 256 << 10)
    if size <= 0 { return }
    let waste = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
    defer { waste.deallocate() }
    var left = count
    while left > 0 {
      let step = min(left, size)
      try read(into: UnsafeMutableRawBufferPointer(rebasing: waste[..<step]))
      left -= step
    }
  }

  /// The next `count` bytes as an array; the caller must limit `count`.
  package func bytes(_ count: Int) throws(ZipError) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: count)
    try result.withUnsafeMutableBytes { buffer in
      Result { () throws(ZipError) in try read(into: buffer) }
    }.get()
    return result
  }

  private func inflated(into buffer: UnsafeMutableRawBufferPointer) throws(ZipError) {
    var done = 0
    while done < buffer.count {
      let written = try inflateOnce(into: UnsafeMutableRawBufferPointer(rebasing: buffer[done...]))
      done += written
      if ended, done < buffer.count {
        throw refusal(.short, "\(entry.size.grouped) bytes unpacked", "\((position + done).grouped)")
      }
    }
  }

  /// One step of zlib. Each step uses input, gives output, or throws.
  private func inflateOnce(into output: UnsafeMutableRawBufferPointer) throws(ZipError) -> Int {
    guard let inflater else { throw refusal(.deflate, "memory for inflating", "too little") }
    if pending.isEmpty { try refill() }
    let (read, written, outcome) = inflater.step(
      UnsafeRawBufferPointer(rebasing: input[pending]), output)
    pending = (pending.lowerBound + read)..<pending.upperBound
    switch outcome {
    case .damaged(let words): throw refusal(.deflate, "deflated data", words)
    case .ended: ended = true
    case .unfinished where read == 0 && written == 0:
      throw refusal(
        .deflate, "deflated data to their end", "only their first \(entry.compressedSize.grouped) bytes")
    case .unfinished: break
    }
    return written
  }

  private func refill() throws(ZipError) {
    let count = min(input.count, entry.dataStart + entry.compressedSize - fileOffset)
    if count == 0 {
      pending = 0..<0
      return
    }
    try asZip { () throws(FileError) in
      try file.read(at: fileOffset, into: UnsafeMutableRawBufferPointer(rebasing: input[..<count]))
    }
    pending = 0..<count
    fileOffset += count
  }

  /// After the last byte, checks that the stream ends here, that all of it was used, and that the CRC-32 is correct.
  private func finish() throws(ZipError) {
    if entry.method == .deflated {
      var extra: UInt8 = 0
      while !ended {
        let written = try withUnsafeMutableBytes(of: &extra) { room in
          Result { () throws(ZipError) in try inflateOnce(into: room) }
        }.get()
        if written > 0 { throw refusal(.long, "\(entry.size.grouped) bytes unpacked", "more") }
      }
      if !pending.isEmpty || fileOffset != entry.dataStart + entry.compressedSize {
        throw refusal(.deflate, "deflated data of \(entry.compressedSize.grouped) bytes", "an earlier end")
      }
    }
    guard crc.value == entry.crc else {
      throw refusal(
        .crc, "the CRC-32 0x" + String(entry.crc, radix: 16), "0x" + String(crc.value, radix: 16))
    }
  }

  private func refusal(_ rule: ZipRule, _ expected: String, _ found: String) -> ZipError {
    .refused(
      rule, path: file.path, place: "member " + TensorName(entry.name).quoted, expected: expected,
      found: found)
  }
}
