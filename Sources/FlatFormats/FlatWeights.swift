public import TensorStreams
internal import Tensors

/// An opened flat file whose whole header or directory has been checked.
public protocol FlatWeightsSource: TensorSource {
  /// The format that was found.
  var kind: FlatFormatKind { get }
  /// The format's free text, in file order: `__metadata__` of safetensors, the metadata of GGUF with long arrays only
  /// counted; empty for formats without one.
  var metadata: [(key: String, value: String)] { get }
  /// Whether `metadata` is all of the free text; a checkpoint stores no other.
  var isMetadataWhole: Bool { get }
  /// The bytes that a writer needs, besides the tensors, to write the same file again: for safetensors the length, the
  /// JSON and its padding; for GGUF the bytes before the first tensor, and the zeros after the last one. nil for formats
  /// that are made again from their tensors.
  var verbatim: [UInt8]? { get }
  /// The same for a set of several files: shards and index. nil for a single file.
  var shardSet: ShardSet? { get }
  /// The files without their tensors' elements, for formats with a graph; nil for formats with tensors only.
  func hollowFiles() throws(FlatFormatError) -> [HollowFile]?
  /// The paths of all files that are read.
  var files: [String] { get }
  /// Notes: peculiarities of the file that are no reason to refuse it; empty if there are none.
  var remarks: [FlatRemark] { get }
  /// The state of the optimizer that trained the weights, if the file has it; its parameters may have numbers instead
  /// of names. Throws if the file has several, or values that cannot be kept.
  func optimizer() throws(FlatFormatError) -> OptimizerInput?
  /// Whether tensors are in the order in which the model registers its parameters, by which an optimizer counts them.
  var isInModelOrder: Bool { get }
}

extension FlatWeightsSource {
  /// The metadata for a new file of `kind`: a single file also gets the text metadata of a set's index.
  public func metadata(for kind: FlatFormatKind) -> [(key: String, value: String)] {
    guard kind == .safetensors, let shardSet else { return metadata }
    let known = Set(metadata.map { TensorName($0.key) })
    return metadata + shardSet.indexMetadata.filter { !known.contains(TensorName($0.key)) }
  }

  /// True: most formats have no long lists.
  public var isMetadataWhole: Bool { true }
  /// Nil: most formats are one file.
  public var shardSet: ShardSet? { nil }
  /// Nil: most formats hold only tensors.
  public func hollowFiles() throws(FlatFormatError) -> [HollowFile]? { nil }
  /// `path` alone: most formats are one file.
  public var files: [String] { [path] }
  /// Empty: most formats have no notes.
  public var remarks: [FlatRemark] { [] }
  /// Nil: most formats hold only weights.
  public func optimizer() throws(FlatFormatError) -> OptimizerInput? { nil }
  /// False: most formats sort their tensors.
  public var isInModelOrder: Bool { false }
}
