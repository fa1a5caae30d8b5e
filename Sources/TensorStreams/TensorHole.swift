/// The place of a tensor's elements in a file that is stored without them.
public struct TensorHole: Sendable, Equatable {
  /// The offset of the hole, in bytes from the start of the whole file.
  public let position: Int
  /// The number of bytes of the tensor.
  public let count: Int
  /// The tensor's number in the source.
  public let tensor: Int

  /// A hole of `count` bytes at `position`, which the elements of a tensor fill.
  public init(position: Int, count: Int, tensor: Int) {
    self.position = position
    self.count = count
    self.tensor = tensor
  }
}
