import FlatFormats
internal import TensorStreams
import Tensors

/// Reads tensors of a flat file in uneven pieces.
enum WholeReading {
  /// Reads every tensor; returns the number of bytes of all together.
  ///
  /// - Parameter limit: bytes after which reading stops, because a small archive may unpack to a large one.
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
      // A read past the end is an error and returns no byte.
      var refused = false
      do { try reader.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<1])) } catch {
        refused = true
      }
      require(refused, "no byte past the end")
    }
    return total
  }
}
