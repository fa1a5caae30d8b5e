public import TensorStreams
internal import Tensors

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
