public import TensorStreams

/// A file without the bytes that are tensors' elements. Filled with these bytes, it is the same file again.
///
/// The file of an ONNX model contains the graph; files of external data have few bytes of their own.
public struct HollowFile: Sendable {
  /// The path relative to the model's folder; nil for the model itself.
  public let name: String?
  /// All bytes outside the holes, in order.
  public let bytes: [UInt8]
  /// The holes, ascending and disjoint.
  public let holes: [TensorHole]

  /// A file with its holes.
  public init(name: String?, bytes: [UInt8], holes: [TensorHole]) {
    self.name = name
    self.bytes = bytes
    self.holes = holes
  }

  /// The length of the whole file; nil if the holes are out of order or outside it.
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

  /// The stretches between the holes: the position of each in the whole file, and its range in `bytes`.
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
