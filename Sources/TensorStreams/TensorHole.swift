/// The place of a tensor's elements in a file that is stored without them.
public struct TensorHole: Sendable, Equatable {
  /// Bytes from the beginning of the whole file.
  public let position: Int
  /// All bytes of the tensor.
  public let count: Int
  /// The tensor's number in the source.
  public let tensor: Int

  /// A hole.
  public init(position: Int, count: Int, tensor: Int) {
    self.position = position
    self.count = count
    self.tensor = tensor
  }
}
