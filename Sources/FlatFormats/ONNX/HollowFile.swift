public import TensorStreams

/// A file without the bytes that are tensors' elements: with those put back it is the same file again.
///
/// Of an ONNX model it is the graph; files of external data have little of their own.
public struct HollowFile: Sendable {
  /// The name beside the model; nil for the model itself.
  public let name: String?
  /// All bytes that are not in a hole, in order.
  public let bytes: [UInt8]
  /// Ascending and disjoint.
  public let holes: [TensorHole]

  /// A file with its holes.
  public init(name: String?, bytes: [UInt8], holes: [TensorHole]) {
    self.name = name
    self.bytes = bytes
    self.holes = holes
  }

  /// The length of the whole file; nil where the holes do not lie in one, one behind the other.
  public var size: Int? {
    var position = 0
    var held = 0
    for hole in holes {
      guard hole.position >= position, hole.count >= 0, hole.position - position <= bytes.count - held else {
        return nil
      }
      held += hole.position - position
      let (end, overflow) = hole.position.addingReportingOverflow(hole.count)
      if overflow { return nil }
      position = end
    }
    let (size, overflow) = position.addingReportingOverflow(bytes.count - held)
    return overflow ? nil : size
  }

  /// The stretches between the holes: where each begins in the whole file, and which of `bytes` it is.
  public var stretches: [(position: Int, range: Range<Int>)] {
    var result: [(position: Int, range: Range<Int>)] = []
    var (position, held) = (0, 0)
    for hole in holes {
      let count = min(max(0, hole.position - position), bytes.count - held)
      if count > 0 { result.append((position, held..<held + count)) }
      held += count
      position = hole.position + hole.count
    }
    if held < bytes.count { result.append((position, held..<bytes.count)) }
    return result
  }
}
