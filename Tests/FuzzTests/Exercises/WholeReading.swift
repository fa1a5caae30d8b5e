import FlatFormats
internal import TensorStreams
import Tensors

/// Reads tensors of a flat file in uneven pieces.
enum WholeReading {
  /// The bytes that all tensors have together, every one of them read.
  ///
  /// - Parameter limit: more bytes than that are not read, but skipped: a small archive may unpack to a large one.
  static func readAll(_ source: any FlatWeightsSource, limit: Int) throws -> Int {
    var total = 0
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4099, alignment: 16)
    defer { buffer.deallocate() }
    for (index, tensor) in source.tensors.enumerated() {
      _ = "\(tensor.spec.name.quoted) \(tensor.spec.dtype.rawValue) \(tensor.spec.shapeText)"
      if let tie = tensor.tiedTo {
        require(source.tensors.contains { $0.spec.name == tie }, "a tie leads to a tensor of the file")
      }
      let reader = try source.reader(of: index)
      var left = tensor.spec.byteCount
      require(left >= 0, "sizes are not negative")
      while left > 0 {
        if total >= limit { return total }
        let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(left, buffer.count)])
        try reader.read(into: piece)
        left -= piece.count
        total += piece.count
      }
      // One byte past the end is an error, never a byte.
      var refused = false
      do { try reader.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<1])) } catch {
        refused = true
      }
      require(refused, "no byte past the end")
    }
    return total
  }
}
