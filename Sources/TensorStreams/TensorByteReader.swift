internal import Tensors

/// The logical bytes of one tensor (C order, little-endian), from the first to the last.
public protocol TensorByteReader: AnyObject {
  /// The number of bytes that have not been read yet.
  var remaining: Int { get }
  /// The best size of the next read in bytes: at most `limit`, which is positive; 0 at the end.
  ///
  /// If a reader assembles bytes window by window, reading a whole window needs no copy.
  func nextStretch(limit: Int) -> Int
  /// Fills all of `buffer` with the next bytes; throws past the tensor's end. After an error, a reader returns
  /// undefined bytes.
  ///
  /// The call that returns the last byte also checks the container's record of the bytes: CRC-32 and size of a zip
  /// member, or checksums of a checkpoint's pages.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws
}

extension TensorByteReader {
  /// All remaining bytes, at most `limit`.
  public func nextStretch(limit: Int) -> Int { min(limit, remaining) }

  /// Fills all of `bytes` with the next bytes.
  package func read(into bytes: inout [UInt8]) throws {
    try bytes.withUnsafeMutableBytes { try read(into: $0) }
  }

  /// All remaining bytes, for tensors that are known to be small.
  package func rest() throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: remaining)
    if !bytes.isEmpty { try read(into: &bytes) }
    return bytes
  }

  /// Calls `body` with all remaining bytes, in order.
  ///
  /// - Parameters:
  ///   - limit: the most bytes at a time; positive.
  ///   - body: receives bytes that are valid until it returns.
  package func forEachWindow(limit: Int = 4 << 20, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    var memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    defer { memory.deallocate() }
    while case let count = nextStretch(limit: limit), count > 0 {
      if memory.isEmpty { memory = .allocate(byteCount: min(limit, remaining), alignment: 4096) }
      let window = UnsafeMutableRawBufferPointer(rebasing: memory[..<count])
      try read(into: window)
      try body(UnsafeRawBufferPointer(window))
    }
  }
}

/// Reads several tensors at the same positions: each window has the same elements of all of them.
package struct ParallelWindows {
  /// A tensor's reader, and the bytes of one element.
  package typealias Column = (reader: any TensorByteReader, width: Int)

  private let columns: [Column]
  private let limit: Int

  /// - Parameter limit: the most elements at a time; positive.
  package init(_ columns: [Column], limit: Int) {
    self.columns = columns
    self.limit = limit
  }

  /// Calls `body` with windows of the same elements of each tensor, in order, for `count` elements.
  package func forEach(of count: Int, _ body: ([UnsafeRawBufferPointer]) throws -> Void) throws {
    let memory = columns.map {
      UnsafeMutableRawBufferPointer.allocate(byteCount: $0.width * min(limit, count), alignment: 4096)
    }
    defer { for buffer in memory { buffer.deallocate() } }
    for start in stride(from: 0, to: count, by: limit) {
      let length = min(limit, count - start)
      var windows: [UnsafeRawBufferPointer] = []
      for (column, buffer) in zip(columns, memory) {
        let window = UnsafeMutableRawBufferPointer(rebasing: buffer[..<(length * column.width)])
        try column.reader.read(into: window)
        windows.append(UnsafeRawBufferPointer(window))
      }
      try body(windows)
    }
  }
}

/// The bytes of a tensor in memory.
package final class MemoryReader: TensorByteReader {
  private let memory: UnsafeMutableRawBufferPointer
  private let count: Int
  private var position = 0

  /// - Parameters:
  ///   - memory: allocated by the caller; this reader frees it.
  ///   - count: bytes of the tensor, from the start of the memory; all by default.
  package init(taking memory: UnsafeMutableRawBufferPointer, count: Int? = nil) {
    self.memory = memory
    self.count = count ?? memory.count
  }

  package convenience init(_ bytes: [UInt8]) {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 64)
    memory.copyBytes(from: bytes)
    self.init(taking: memory)
  }

  deinit { memory.deallocate() }

  package var remaining: Int { count - position }

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws {
    guard buffer.count <= remaining else {
      throw TensorStreamError.pastEnd(left: remaining, asked: buffer.count)
    }
    buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[position..<position + buffer.count]))
    position += buffer.count
  }
}
