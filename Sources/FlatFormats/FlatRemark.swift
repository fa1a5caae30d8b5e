/// A note about a flat file: a peculiarity that is not a reason to refuse it.
public struct FlatRemark: Sendable, Equatable {
  /// The kind of note.
  public let kind: FlatRemarkKind
  /// The tensor, storage or member that the note is about.
  public let place: String
  /// The value that a plain file would have here.
  public let expected: String
  /// The value that this file has.
  public let found: String
  /// The global that the note is about, as `module.name`; nil for other notes.
  public let global: String?
  /// The byte range of the file that the note is about, if no reader reads these bytes; else nil.
  public let unread: Range<Int>?

  /// A note about a place.
  public init(
    _ kind: FlatRemarkKind, _ place: String, expected: String, found: String, global: String? = nil,
    unread: Range<Int>? = nil
  ) {
    self.global = global
    self.unread = unread
    self.kind = kind
    self.place = place
    self.expected = expected
    self.found = found
  }

  /// One sentence without the file's name: place, expected, found.
  public var sentence: String { "\(place): expected \(expected), found \(found)" }
}

/// The kinds of notes; the raw values are stable.
public enum FlatRemarkKind: String, CaseIterable, Sendable {
  /// A pickle refers to a name that makes plain data: a NumPy scalar, a date, a path.
  case dataGlobal = "pickle.data-global"
  /// A pickle refers to a name that is in no list here.
  case foreignGlobal = "pickle.foreign-global"
  /// A pickle refers to a name that can run code, or does something that only attacks do.
  case codeGlobal = "pickle.code-global"
  /// The elements of a tensor are a whole pickle that refers to a name that can run code.
  case codeInStorage = "pickle.code-in-storage"
  /// A part of a file is not examined, such as a nested archive or a pickle beyond a limit.
  case unexamined = "flat.unexamined"
  /// Two elements of a tensor are at the same place in its storage.
  case overlappingStrides = "pytorch.overlapping-strides"
  /// Tensors that are not tied share a storage.
  case sharedStorage = "pytorch.shared-storage"
  /// Names of tensors begin with a usual key of a model, because there are several models or names would collide.
  case severalModels = "pytorch.several-models"
  /// Bytes of storages belong to no tensor.
  case unreferencedBytes = "pytorch.unreferenced-bytes"
  /// The `total_size` of an index of shards differs from the bytes of all tensors.
  case totalSize = "shards.total-size"
  /// The `total_parameters` of an index of shards differs from the elements of all tensors.
  case totalParameters = "shards.total-parameters"
  /// An index of shards has no metadata.
  case noMetadata = "shards.no-metadata"
  /// The files of a distributed checkpoint do not say how many of them there are.
  case ranksUnknown = "dcp.ranks-unknown"
  /// The nodes of a graph cannot run: a value is never computed or computed twice, or the graph has a cycle.
  case graphOrder = "onnx.graph-order"
  /// A link or a dataset takes data from another file, or from a program.
  case hdf5Elsewhere = "hdf5.elsewhere"
  /// A link leads to an object by its path.
  case hdf5SoftLink = "hdf5.soft-link"
  /// A configuration holds code, or refers to a Python name that can run code.
  case kerasCode = "keras.code"
  /// A configuration refers to a class or function that is not Keras's own.
  case kerasModule = "keras.module"
  /// Bytes follow the last part of the format.
  case trailingBytes = "pytorch.trailing-bytes"

  /// A name or a value that llama.cpp does not read.
  case ggufBeyondGGML = "gguf.beyond-ggml"

  /// Whether a loader that follows the pickle can run code.
  package var canRunCode: Bool { [.codeGlobal, .codeInStorage, .kerasCode].contains(self) }
}
