public import Tensors

/// One tensor of a flat file.
public struct FlatTensor: Sendable {
  /// Name, dtype and logical shape.
  public let spec: TensorSpec
  /// The tensor that this one is said to be the same as; both are in the file, agree in dtype and shape, and the
  /// other is not tied itself. That their bytes agree is for the reader of the bytes to see.
  public let tiedTo: TensorName?

  /// A tensor, and which other it is said to be.
  public init(spec: TensorSpec, tiedTo: TensorName?) {
    self.spec = spec
    self.tiedTo = tiedTo
  }
}

/// Named tensors and, in bounded memory, their bytes on request: a flat file, or whatever gives the same.
public protocol TensorSource: Sendable {
  /// The path as the user gave it.
  var path: String { get }
  /// Every tensor, in the order in which their bytes are best read.
  var tensors: [FlatTensor] { get }
  /// What else it holds, in file order, and why that is not among the tensors; empty for most.
  var leftOut: [LeftOut] { get }
  /// The bytes of `tensors[index]` from their first; several readers may be in use at once, each by one thread.
  func reader(of index: Int) throws(FlatFormatError) -> any TensorByteReader
}

extension TensorSource {
  /// Nothing.
  public var leftOut: [LeftOut] { [] }
}

/// An opened flat file, whose header or directory has been checked whole.
public protocol FlatWeightsSource: TensorSource {
  /// The format that was found.
  var kind: FlatFormatKind { get }
  /// The format's free text, in file order: `__metadata__` of safetensors, empty where a format has none.
  var metadata: [(key: String, value: String)] { get }
  /// What a writer needs beside the tensors to make the same file again: for safetensors the length, the JSON and
  /// its padding; nil for formats that are rebuilt from their tensors.
  var verbatim: [UInt8]? { get }
  /// The same for a set of several files; nil for everything that is one file.
  var shardSet: ShardSet? { get }
  /// The files without their tensors' elements, where they hold a graph; nil for formats that hold tensors alone.
  func hollowFiles() throws(FlatFormatError) -> [HollowFile]?
  /// The paths of all files that are read.
  var files: [String] { get }
  /// What there is to say about the file that is no reason to refuse it; empty for formats with nothing to say.
  var remarks: [FlatRemark] { get }
}

extension FlatWeightsSource {
  /// The free text that goes into a file of this kind: a single file also takes what a set's index has of it.
  public func metadata(for kind: FlatFormatKind) -> [(key: String, value: String)] {
    guard kind == .safetensors, let shardSet else { return metadata }
    let known = Set(metadata.map { TensorName($0.key) })
    return metadata + shardSet.indexMetadata.filter { !known.contains(TensorName($0.key)) }
  }

  /// Most formats are one file.
  public var shardSet: ShardSet? { nil }
  /// Most formats hold tensors alone.
  public func hollowFiles() throws(FlatFormatError) -> [HollowFile]? { nil }
  /// Most formats are one file.
  public var files: [String] { [path] }
  /// Nothing.
  public var remarks: [FlatRemark] { [] }
}

/// The logical bytes of one tensor (C order, little-endian), from the first to the last.
public protocol TensorByteReader: AnyObject {
  /// Fills all of `buffer` with the next bytes; asking past the tensor's end is an error.
  ///
  /// The call that delivers the last byte has also checked what the container knows of them: CRC-32 and size of a
  /// zip member.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(FlatFormatError)
}

extension TensorByteReader {
  /// Fills all of `bytes` with the next bytes.
  package func read(into bytes: inout [UInt8]) throws(FlatFormatError) {
    var failure: FlatFormatError?
    bytes.withUnsafeMutableBytes { buffer in
      do throws(FlatFormatError) { try read(into: buffer) } catch { failure = error }
    }
    if let failure { throw failure }
  }
}

/// A flat file being written; it appears under its name in `finish`, whole, or not at all.
public protocol FlatWeightsSink: AnyObject {
  /// Indices into the specs given at creation: the order in which `append` expects the tensors' bytes.
  var order: [Int] { get }
  /// The next bytes of the file's tensors, in `order`. A call may end inside a tensor, or reach into the next;
  /// tensors without bytes need no call.
  func append(_ bytes: UnsafeRawBufferPointer) throws(FlatFormatError)
  /// Checks that every byte has arrived, completes the file, flushes it and renames it into place.
  func finish() throws(FlatFormatError)
}

/// Two names for one tensor, as a writer is told of them.
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
  public init?(_ tensor: FlatTensor) {
    guard let tiedTo = tensor.tiedTo else { return nil }
    self.init(name: tensor.spec.name, tiedTo: tiedTo)
  }
}
