public import Tensors

/// Tensors being written; what is written appears in `finish`, whole, or not at all.
public protocol TensorSink: AnyObject {
  /// Indices into the specs given at creation: the order in which `append` expects the tensors' bytes.
  var order: [Int] { get }
  /// The next bytes of the tensors, in `order`. A call may end inside a tensor, or reach into the next; tensors without
  /// bytes need no call.
  func append(_ bytes: UnsafeRawBufferPointer) throws
  /// Checks that every byte has arrived, completes the file, flushes it and renames it into place.
  func finish() throws
}

/// Two names for one tensor, for a writer.
public struct TensorTie: Hashable, Sendable {
  /// The name that repeats another.
  public let name: TensorName
  /// The name that it repeats.
  public let tiedTo: TensorName

  /// `name` has the same bytes as `tiedTo`.
  public init(name: TensorName, tiedTo: TensorName) {
    self.name = name
    self.tiedTo = tiedTo
  }

  /// The tie of a tensor; nil for one that repeats no other.
  public init?(_ tensor: SourceTensor) {
    guard let tiedTo = tensor.tiedTo else { return nil }
    self.init(name: tensor.spec.name, tiedTo: tiedTo)
  }
}
