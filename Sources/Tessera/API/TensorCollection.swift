package import TensorStreams
internal import Tensors
internal import UnitModel

/// Named tensors, read on demand: a file, or a sub-network of one.
public protocol TensorCollection: Sendable {
  /// Every tensor, in the order of the file.
  var tensors: [TensorDescription] { get }
  /// The same tensors, from which bytes can be read.
  var contents: TensorContents { get }
}

/// The tensors of a file or of a sub-network, ready to be read.
public struct TensorContents: Sendable {
  package let source: any TensorSource
  private let places: [TensorName: Int]

  package init(_ source: any TensorSource) {
    self.source = source
    places = source.places
  }

  var tensors: [TensorDescription] { source.tensors.map(TensorDescription.init) }

  /// The index of a tensor in the source. For an unknown name, throws an error with the nearest name.
  func place(of name: String) throws(TesseraError) -> Int {
    if let place = places[TensorName(name)] { return place }
    let nearest = nearestName(to: name, among: source.tensors.lazy.map(\.spec.name.text))
      .map { "; the nearest name is \(TensorName($0).quoted)" }
    throw TesseraError(
      .request,
      "\(source.path): expected a tensor \(TensorName(name).quoted), found none\(nearest ?? "")")
  }
}

extension TensorCollection {
  /// All elements of a tensor, as `Element`.
  ///
  /// The elements are in C order: the last index varies fastest. Throws for a tensor of another dtype.
  ///
  /// ```swift
  /// let weights = try network.elements(of: "fc1.weight", as: Float.self)
  /// ```
  public func elements<Element: TensorElement>(
    of name: String, as type: Element.Type
  ) throws(TesseraError) -> [Element] {
    let place = try contents.place(of: name)
    let spec = contents.source.tensors[place].spec
    guard Element.dtypes.contains(spec.dtype.rawValue) else {
      throw TesseraError(
        .request,
        "\(contents.source.path): tensor \(spec.name.quoted): expected \(Element.dtypes.joined(separator: " or ")) to read as \(Element.self), found \(spec.dtype.rawValue)"
      )
    }
    return try TesseraError.wrapping {
      try [Element](unsafeUninitializedCapacity: spec.elementCount) { buffer, count in
        let bytes = UnsafeMutableRawBufferPointer(
          UnsafeMutableBufferPointer(rebasing: buffer[..<spec.elementCount]))
        try contents.source.read(place, into: bytes)
        count = spec.elementCount
      }
    }
  }

  /// All bytes of a tensor: its elements in C order, little-endian.
  public func bytes(of name: String) throws(TesseraError) -> [UInt8] {
    let place = try contents.place(of: name)
    return try TesseraError.wrapping { try contents.source.reader(of: place).rest() }
  }

  /// The bytes of a tensor in pieces, for a tensor that is too large for memory.
  ///
  /// - Parameters:
  ///   - name: the tensor's name in `tensors`.
  ///   - byteCount: the largest size of a piece in bytes, at least 1.
  public func pieces(of name: String, byteCount: Int = 4 << 20) throws(TesseraError) -> TensorPieces {
    let place = try contents.place(of: name)
    return TensorPieces(source: contents.source, place: place, byteCount: max(1, byteCount))
  }
}

/// The bytes of one tensor, piece by piece, in C order.
///
/// It can be iterated more than once. Iteration throws `CancellationError` if its task is cancelled.
public struct TensorPieces: AsyncSequence, Sendable {
  /// The bytes of one piece.
  public typealias Element = [UInt8]

  let source: any TensorSource
  let place: Int
  let byteCount: Int

  /// An iterator over the pieces of one pass.
  public struct Iterator: AsyncIteratorProtocol {
    let pieces: TensorPieces
    var reader: (any TensorByteReader)?

    /// The next piece; nil after the last. Throws `TesseraError` if the file cannot be read or is damaged.
    public mutating func next() async throws -> [UInt8]? {
      try Task.checkCancellation()
      return try TesseraError.wrapping {
        let reader = try reader ?? pieces.source.reader(of: pieces.place)
        self.reader = reader
        let count = reader.nextStretch(limit: pieces.byteCount)
        if count == 0 { return nil }
        var bytes = [UInt8](repeating: 0, count: count)
        try reader.read(into: &bytes)
        return bytes
      }
    }
  }

  /// A new pass, which begins with the first piece.
  public func makeAsyncIterator() -> Iterator { Iterator(pieces: self) }
}
