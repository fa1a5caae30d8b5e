/// Writes bytes one after another into an `AtomicFile`. Small pieces are collected, large ones are written directly.
package final class SequentialWriter {
  /// Pieces of at least this many bytes are not copied.
  private static let direct = 128 << 10
  fileprivate static let capacity = 512 << 10
  /// Bytes written before the kernel is asked to start writing them to disk.
  private static let writebackStep = 8 << 20

  package let file: AtomicFile
  /// The position of the next byte.
  package private(set) var position = 0
  private let memory: GatherMemory
  private var gathered: UnsafeMutableRawBufferPointer { memory.bytes }
  private var gatheredCount = 0
  private var announced = 0

  package init(path: String) throws(FileError) {
    file = try AtomicFile(path: path)
    memory = GatherMemory()
  }

  /// Writes into a file that has been begun, with memory that no other writer uses at the same time.
  package init(_ file: AtomicFile, memory: GatherMemory) {
    self.file = file
    self.memory = memory
  }

  package func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    if bytes.count >= Self.direct {
      try flush()
      try file.write(bytes, at: position)
      position += bytes.count
    } else {
      if bytes.count > Self.capacity - gatheredCount { try flush() }
      // At most `direct` bytes, and at least that much is free after a flush.
      UnsafeMutableRawBufferPointer(rebasing: gathered[gatheredCount...]).copyMemory(from: bytes)
      gatheredCount += bytes.count
      position += bytes.count
    }
    if position - gatheredCount - announced >= Self.writebackStep {
      file.startWriteback(from: announced, count: position - gatheredCount - announced)
      announced = position - gatheredCount
    }
  }

  package func append(_ bytes: [UInt8]) throws(FileError) {
    try bytes.withUnsafeBytes { buffer in
      Result { () throws(FileError) in try append(buffer) }
    }.get()
  }

  /// Overwrites `bytes.count` bytes at `offset` that were appended before.
  package func patch(_ bytes: [UInt8], at offset: Int) throws(FileError) {
    let inGathered = offset - (position - gatheredCount)
    if inGathered >= 0, inGathered + bytes.count <= gatheredCount {
      UnsafeMutableRawBufferPointer(rebasing: gathered[inGathered..<(inGathered + bytes.count)])
        .copyBytes(from: bytes)
      return
    }
    try flush()
    try file.write(bytes, at: offset)
  }

  /// Writes everything to disk and renames the file to its path.
  package func commit() throws(FileError) {
    try flush()
    try file.commit()
  }

  /// The file before it is renamed, with all bytes that were appended.
  package func readable() throws(FileError) -> ReadableFile {
    try flush()
    return try file.readable()
  }

  private func flush() throws(FileError) {
    if gatheredCount == 0 { return }
    let bytes = UnsafeRawBufferPointer(rebasing: gathered[..<gatheredCount])
    try file.write(bytes, at: position - gatheredCount)
    gatheredCount = 0
  }
}

/// The memory in which a writer collects small pieces.
///
/// Writers of many files, one after another, share it. Memory allocated for each file left a hole in the heap each
/// time, between small objects that stay: half a gigabyte for a thousand shards.
package final class GatherMemory {
  let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: SequentialWriter.capacity, alignment: 64)

  package init() {}

  deinit { bytes.deallocate() }
}
