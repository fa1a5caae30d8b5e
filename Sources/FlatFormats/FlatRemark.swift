/// Something about a flat file that is no reason to refuse it.
public struct FlatRemark: Sendable, Equatable {
  /// What kind of remark it is.
  public let kind: FlatRemarkKind
  /// Where in the file: a tensor, a storage, a member.
  public let place: String
  /// What a plain file would have.
  public let expected: String
  /// What this one has.
  public let found: String
  /// The global that the remark is about, as `module.name`; nil for remarks about other things.
  public let global: String?
  /// The bytes of the file that the remark is about, where nothing has read them; nil for other remarks.
  public let unread: Range<Int>?

  /// A remark at a place.
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

  /// One sentence without the file: place, expected, found.
  public var sentence: String { "\(place): expected \(expected), found \(found)" }
}

/// The kinds of remarks; the raw values are stable.
public enum FlatRemarkKind: String, CaseIterable, Sendable {
  /// A pickle names something that makes plain data: a NumPy scalar, a date, a path.
  case dataGlobal = "pickle.data-global"
  /// A pickle names something that is not known here.
  case foreignGlobal = "pickle.foreign-global"
  /// A pickle names something that can run code, or does what only attacks do.
  case codeGlobal = "pickle.code-global"
  /// The elements of a tensor are a whole pickle, which names something that can run code.
  case codeInStorage = "pickle.code-in-storage"
  /// A part of a file that is not looked into: a nested archive, a pickle beyond a limit.
  case unexamined = "flat.unexamined"
  /// Two elements of a tensor lie in one place.
  case overlappingStrides = "pytorch.overlapping-strides"
  /// Tensors that are not tied have bytes in one storage.
  case sharedStorage = "pytorch.shared-storage"
  /// Bytes of storages that no tensor has.
  case unreferencedBytes = "pytorch.unreferenced-bytes"
  /// The `total_size` of an index of shards that is not the bytes of all tensors.
  case totalSize = "shards.total-size"
  /// A graph whose nodes cannot run: a value that nobody makes, one that is made twice, a circle.
  case graphOrder = "onnx.graph-order"
  /// Bytes after the end of what the file holds.
  case trailingBytes = "pytorch.trailing-bytes"
}
