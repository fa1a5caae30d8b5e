internal import TensorStreams
internal import Tensors

/// Puts a tensor together from parts that divide one of its axes: a run of bytes of each part in turn, again and again.
///
/// If the parts divide the first axis, each one is a single run, and only one of them is open at a time.
final class JoinedReader: TensorByteReader {
  /// The most parts that are open at the same time.
  static let openLimit = 4096
  /// The bytes of all buffers together.
  private static let memory = 16 << 20

  /// One part: its bytes in each turn, and how to open it.
  struct Part {
    let run: Int
    let open: () throws(FlatFormatError) -> any TensorByteReader
  }

  private let name: TensorName
  private let path: String
  private let parts: [Part]
  private var buffers: [Int: Buffer] = [:]
  private let capacity: Int
  private var current = 0
  private var left = 0
  private(set) var remaining: Int

  /// - Parameters:
  ///   - turns: the number of runs of each part; at most `openLimit` parts may have more than one.
  ///   - parts: not empty; their runs, taken `turns` times, are all bytes of the tensor.
  init(_ name: TensorName, in path: String, turns: Int, parts: [Part], byteCount: Int) {
    self.name = name
    self.path = path
    self.parts = parts
    remaining = byteCount
    capacity = turns == 1 ? 0 : max(4096, min(1 << 20, Self.memory / max(1, parts.count)))
    left = parts.first?.run ?? 0
  }

  func read(into target: UnsafeMutableRawBufferPointer) throws {
    guard target.count <= remaining else {
      throw FlatFormatError.readPastEnd(of: name, in: path, left: remaining, asked: target.count)
    }
    var done = 0
    while done < target.count {
      while left == 0 {
        current = current + 1 == parts.count ? 0 : current + 1
        left = parts[current].run
      }
      let count = min(left, target.count - done)
      let buffer = try buffer(of: current)
      try buffer.read(into: UnsafeMutableRawBufferPointer(rebasing: target[done..<(done + count)]))
      if buffer.isEmpty { buffers[current] = nil }
      left -= count
      done += count
      remaining -= count
    }
  }

  private func buffer(of part: Int) throws -> Buffer {
    if let known = buffers[part] { return known }
    let buffer = Buffer(try parts[part].open(), capacity: capacity)
    buffers[part] = buffer
    return buffer
  }

  /// A part with the bytes that were read ahead, so that short runs do not cost a read of the file each.
  private final class Buffer {
    private let reader: any TensorByteReader
    private let capacity: Int
    private var bytes: [UInt8] = []
    private var position = 0

    init(_ reader: any TensorByteReader, capacity: Int) {
      self.reader = reader
      self.capacity = capacity
    }

    var isEmpty: Bool { position == bytes.count && reader.remaining == 0 }

    func read(into target: UnsafeMutableRawBufferPointer) throws {
      var done = 0
      while done < target.count {
        if position == bytes.count {
          if target.count - done >= capacity {
            return try reader.read(into: UnsafeMutableRawBufferPointer(rebasing: target[done...]))
          }
          bytes = [UInt8](repeating: 0, count: min(capacity, reader.remaining))
          position = 0
          try reader.read(into: &bytes)
        }
        let count = min(bytes.count - position, target.count - done)
        guard count > 0 else {
          return try reader.read(into: UnsafeMutableRawBufferPointer(rebasing: target[done...]))
        }
        UnsafeMutableRawBufferPointer(rebasing: target[done...]).copyBytes(
          from: bytes[position..<(position + count)])
        position += count
        done += count
      }
    }
  }
}
