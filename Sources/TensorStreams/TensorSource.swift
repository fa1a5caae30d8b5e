public import Tensors

/// One tensor of a source.
public struct SourceTensor: Sendable {
  /// Name, dtype and logical shape.
  public let spec: TensorSpec
  /// The tensor that this one is declared equal to. Both are in the source and have the same dtype and shape, and the
  /// other is not tied itself. Unless the source `sharesTiedBytes`, their bytes may still differ, and a reader must
  /// compare them.
  public let tiedTo: TensorName?

  /// A tensor and, if it is tied, the tensor that it is declared equal to.
  public init(spec: TensorSpec, tiedTo: TensorName?) {
    self.spec = spec
    self.tiedTo = tiedTo
  }
}

/// Gives the bytes of tensors by number.
public protocol TensorReading: Sendable {
  /// The name in messages: a path as the user gave it.
  var path: String { get }
  /// The bytes of tensor `number`, from the first one. Several readers may be in use at once, each by one thread.
  ///
  /// Throws the source's own error; no code between the source and the user depends on its type.
  func reader(of number: Int) throws -> any TensorByteReader
}

/// Named tensors whose bytes can be read in bounded memory: a flat file, a unit checkpoint, or a sub-network of one.
public protocol TensorSource: TensorReading {
  /// Every tensor, in the order in which reading is fastest; `reader(of:)` takes places in this list.
  var tensors: [SourceTensor] { get }
  /// Other content of the source, in file order, with the reason why it is not a tensor; often empty.
  var leftOut: [LeftOut] { get }
  /// Whether tied tensors are stored once. If not, a tie is only a note, and the bytes may differ.
  var sharesTiedBytes: Bool { get }
}

extension TensorSource {
  /// Empty by default.
  public var leftOut: [LeftOut] { [] }
  /// False by default: most formats store every tensor in full.
  public var sharesTiedBytes: Bool { false }

  /// The tensor that each tied tensor is declared equal to, by name.
  package var ties: [TensorName: TensorName] {
    Dictionary(
      tensors.compactMap { tensor in tensor.tiedTo.map { (tensor.spec.name, $0) } },
      uniquingKeysWith: { first, _ in first })
  }

  /// The places of the tensors by name.
  package var places: [TensorName: Int] {
    Dictionary(
      tensors.enumerated().map { ($0.element.spec.name, $0.offset) }, uniquingKeysWith: { first, _ in first })
  }
}

extension TensorReading {
  /// Fills `buffer` with all bytes of a tensor; throws if their number differs. An empty buffer reads nothing.
  package func read(_ number: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
    if buffer.isEmpty { return }
    try reader(of: number, byteCount: buffer.count).read(into: buffer)
  }

  /// A reader of a tensor; throws if the tensor has another number of bytes.
  package func reader(of number: Int, byteCount: Int) throws -> any TensorByteReader {
    let reader = try reader(of: number)
    guard reader.remaining == byteCount else {
      throw TensorStreamError.otherSize(
        path: path, number: number, expected: byteCount, found: reader.remaining)
    }
    return reader
  }
}

extension TensorSource {
  /// SHA-256 over the logical bytes of one tensor, read through a buffer of 4 MiB.
  ///
  /// - Parameter progress: called with the bytes of each window.
  package func digest(of index: Int, progress: (Int) -> Void = { _ in }) throws -> SHA256Digest {
    let hasher = SHA256Hasher()
    try reader(of: index).forEachWindow { window in
      hasher.update(window)
      progress(window.count)
    }
    return hasher.finish()
  }
}
