internal import ByteFiles
package import TensorStreams
internal import Tensors

/// A sink that receives the bytes of tied tensors once, and writes them for each of their names.
///
/// Formats without aliases store every name in full, and tied names may be far apart in the order. The bytes are kept
/// in a temporary file in the destination's folder, so a sub-network is read from its checkpoint only once.
package final class TiedSink: TensorSink {
  private let sink: any TensorSink
  private let sizes: [Int]
  /// For each tensor, the number of the tensor whose bytes it has; its own number if it is not tied.
  private let roots: [Int]
  package let order: [Int]
  /// The place in the sink's order that gets the next byte, and the number of bytes missing there.
  private var place = -1
  private var left = 0
  private let isRepeated: Set<Int>
  /// The ranges in `file` of the bytes of each root.
  private var ranges: [Int: Range<Int>] = [:]
  private let destination: String
  private var file: AtomicFile?

  /// - Parameters:
  ///   - sink: made from these tensors, in their order.
  ///   - destination: the sink's path.
  package init(_ sink: any TensorSink, _ tensors: [SourceTensor], destination: String) throws {
    self.sink = sink
    sizes = tensors.map(\.spec.byteCount)
    var places: [TensorName: Int] = [:]
    for (number, tensor) in tensors.enumerated() { places[tensor.spec.name] = number }
    roots = tensors.enumerated().map { number, tensor in tensor.tiedTo.flatMap { places[$0] } ?? number }
    var known: Set<Int> = []
    var isRepeated: Set<Int> = []
    var order: [Int] = []
    for number in sink.order {
      if known.insert(roots[number]).inserted {
        order.append(number)
      } else {
        isRepeated.insert(roots[number])
      }
    }
    self.order = order
    self.isRepeated = isRepeated
    self.destination = destination
    try goOn()
  }

  package func append(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(left))
      // The sink refuses bytes beyond the last tensor.
      guard !piece.isEmpty else { return try sink.append(UnsafeRawBufferPointer(rebasing: rest)) }
      try keep(piece)
      try sink.append(piece)
      rest = rest.dropFirst(piece.count)
      left -= piece.count
      if left == 0 { try goOn() }
    }
  }

  package func finish() throws {
    // The temporary is removed before the destination appears.
    file = nil
    try sink.finish()
  }

  /// Moves to the next tensor whose bytes have not arrived yet, and writes repeated tensors on the way.
  private func goOn() throws {
    while left == 0, place + 1 < sink.order.count {
      place += 1
      let number = sink.order[place]
      if let range = ranges[roots[number]] {
        try write(range)
      } else {
        left = sizes[number]
        // Ranges do not overlap, because all bytes of a root arrive before those of the next root.
        if isRepeated.contains(roots[number]) {
          let end = ranges.values.reduce(0) { max($0, $1.upperBound) }
          ranges[roots[number]] = end..<end
        }
      }
    }
  }

  /// Stores the next bytes of the current tensor, if they are needed again.
  private func keep(_ bytes: UnsafeRawBufferPointer) throws {
    let root = roots[sink.order[place]]
    guard let range = ranges[root] else { return }
    // It has the destination's path, but is never committed, so it is removed with this object.
    if file == nil { file = try AtomicFile(path: destination) }
    try file?.write(bytes, at: range.upperBound)
    ranges[root] = range.lowerBound..<range.upperBound + bytes.count
  }

  private func write(_ range: Range<Int>) throws {
    guard let file, !range.isEmpty else { return }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: min(4 << 20, range.count), alignment: 4096)
    defer { buffer.deallocate() }
    for start in stride(from: range.lowerBound, to: range.upperBound, by: buffer.count) {
      let window = UnsafeMutableRawBufferPointer(
        rebasing: buffer[..<min(buffer.count, range.upperBound - start)])
      try file.read(at: start, into: window)
      try sink.append(UnsafeRawBufferPointer(window))
    }
  }
}
