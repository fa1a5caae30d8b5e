public import Tensors

/// A writer of tensors. Its output appears in `finish`, complete or not at all.
public protocol TensorSink: AnyObject {
  /// Indices into the specs given at creation: the order in which `append` expects the tensors' bytes.
  var order: [Int] { get }
  /// Writes the next bytes of the tensors, in `order`. A call may end inside a tensor, or continue into the next one.
  /// Tensors without bytes need no call.
  func append(_ bytes: UnsafeRawBufferPointer) throws
  /// Checks that every byte has arrived, completes the file, flushes it and renames it into place.
  func finish() throws
}

/// Two names of the same tensor, for a writer.
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

  /// The tie of a tensor; nil for a tensor that is not tied.
  public init?(_ tensor: SourceTensor) {
    guard let tiedTo = tensor.tiedTo else { return nil }
    self.init(name: tensor.spec.name, tiedTo: tiedTo)
  }
}
