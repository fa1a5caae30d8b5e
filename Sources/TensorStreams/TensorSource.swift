public import Tensors

/// One tensor of a source.
public struct SourceTensor: Sendable {
  /// Name, dtype and logical shape.
  public let spec: TensorSpec
  /// The tensor that this one is said to be the same as; both are in the source, agree in dtype and shape, and the
  /// other is not tied itself. That their bytes agree is for the reader of the bytes to see, unless the source
  /// `sharesTiedBytes`.
  public let tiedTo: TensorName?

  /// A tensor, and which other it is said to be.
  public init(spec: TensorSpec, tiedTo: TensorName?) {
    self.spec = spec
    self.tiedTo = tiedTo
  }
}

/// Gives the bytes of tensors by number.
public protocol TensorReading: Sendable {
  /// What messages call it: a path as the user gave it.
  var path: String { get }
  /// The bytes of tensor `number` from the first; several readers may be in use at once, each by one thread.
  ///
  /// Throws what the source throws: nothing between the source and the user depends on its type.
  func reader(of number: Int) throws -> any TensorByteReader
}

/// Named tensors and, in bounded memory, their bytes: a flat file, a unit checkpoint, a sub-network of one.
public protocol TensorSource: TensorReading {
  /// Every tensor, in the order in which their bytes are best read; `reader(of:)` takes places in this list.
  var tensors: [SourceTensor] { get }
  /// What else it holds, in file order, and why that is not among the tensors; empty for most.
  var leftOut: [LeftOut] { get }
  /// Whether tied tensors are stored once; elsewhere a tie is a remark on bytes that may differ.
  var sharesTiedBytes: Bool { get }
}

extension TensorSource {
  /// Nothing.
  public var leftOut: [LeftOut] { [] }
  /// Most formats hold every tensor in full.
  public var sharesTiedBytes: Bool { false }

  /// Which other each tied tensor is said to be, by name.
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
  /// Fills `buffer` with all bytes of a tensor, which must be as many. An empty buffer asks for nothing.
  package func read(_ number: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
    if buffer.isEmpty { return }
    try reader(of: number, byteCount: buffer.count).read(into: buffer)
  }

  /// A reader of a tensor that must have so many bytes.
  package func reader(of number: Int, byteCount: Int) throws -> any TensorByteReader {
    let reader = try reader(of: number)
    guard reader.remaining == byteCount else {
      throw TensorStreamError.otherSize(
        path: path, number: number, expected: byteCount, found: reader.remaining)
    }
    return reader
  }
}
