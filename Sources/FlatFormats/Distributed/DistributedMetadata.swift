internal import ByteFiles
internal import Pickle
internal import Tensors

/// The contents of `.metadata`: what the checkpoint holds, and where.
///
/// `Metadata(state_dict_metadata: name → TensorStorageMetadata(properties, size, chunks) or BytesStorageMetadata,
/// planner_data: name → path, storage_data: MetadataIndex(fqn, offset) → _StorageInfo(relative_path, offset, length,
/// transform_descriptors))`
struct DistributedMetadata {
  /// A tensor as the metadata describes it.
  struct Entry {
    let name: TensorName
    let dtype: PickleGlobal
    let size: [Int]
    let boxes: [PieceBox]
  }

  /// The key of a piece: the tensor, and the piece's first element; nil for a value that is not a tensor.
  struct Key: Hashable {
    let name: TensorName
    let offset: [Int]?
  }

  /// The place of a piece.
  struct Stored {
    let file: String
    let range: Range<Int>
  }

  private(set) var tensors: [Entry] = []
  /// The names of entries that are not tensors.
  private(set) var values: [TensorName] = []
  private(set) var stored: [Key: Stored] = [:]
  /// The first key of the path to each entry, as the planner that wrote the checkpoint records it. Only of entries that
  /// have several keys, and whose name is these keys with dots between them.
  private(set) var firstKeys: [TensorName: String] = [:]
  /// Tensors that Megatron stores in another shape than their own.
  private(set) var reshaped: Set<TensorName> = []

  /// Notes about names that the metadata refers to and does not need.
  let remarks: [FlatRemark]
  private let record: DistributedRecord
  private let path: String
  /// The pieces that may still be read. Each piece is a value, so there are fewer; but a hostile pickle may use one list
  /// of them for every tensor.
  private var piecesLeft: Int

  /// The largest file, in bytes.
  private static let sizeLimit = 1 << 30

  init(_ file: ReadableFile) throws(FlatFormatError) {
    path = file.path
    guard file.size <= Self.sizeLimit else {
      throw .refused(
        .dcpLimit, path: path, place: "file", expected: "at most \(Self.sizeLimit.grouped) bytes",
        found: "\(file.size.grouped)")
    }
    let pickle = TorchPickle(file, start: 0, size: file.size, place: "pickle")
    record = DistributedRecord(tree: try pickle.tree(limits: Self.limits(file.size)))
    piecesLeft = record.tree.count
    remarks = PickleRemarks.of(record.tree, "pickle", known: DistributedGlobals.effect)
    let root = record.tree.root
    guard [.metadata, .megatronMetadata].contains(record.kind(root)), let fields = record.fields(root) else {
      throw broken("pickle", "PyTorch's Metadata of a distributed checkpoint", record.words(root))
    }
    try readEntries(try dictionary(fields, "state_dict_metadata"))
    try readPlaces(try dictionary(fields, "storage_data"))
    readPaths(fields["planner_data"])
    readReshaped(fields["mcore_data"])
  }

  /// A piece takes about 20 values and 150 bytes, so a larger file may have more values.
  private static func limits(_ size: Int) -> PickleLimits {
    var limits = PickleLimits()
    let factor = min(8, max(1, size >> 24))
    limits.instructions *= factor
    limits.nodes *= factor
    limits.members *= factor
    limits.memo *= factor
    limits.stack *= factor
    limits.textBytes *= factor
    return limits
  }

  private func dictionary(_ fields: [String: PickleRef], _ name: String) throws(FlatFormatError) -> PickleRef
  {
    guard let ref = fields[name], case .dictionary = record.tree.value(ref) else {
      throw broken(name, "a dictionary", record.words(fields[name]))
    }
    return ref
  }

  private mutating func readEntries(_ ref: PickleRef) throws(FlatFormatError) {
    var known: Set<TensorName> = []
    for (key, value) in record.pairs(ref) {
      guard let text = record.text(key) else {
        throw broken("state_dict_metadata", "names of tensors", record.words(key))
      }
      let name = TensorName(text)
      guard known.insert(name).inserted else {
        throw refusal(.dcpTensor, "tensor \(name.quoted)", "every name once", "it twice")
      }
      switch record.kind(value) {
      case .tensor: tensors.append(try entry(name, value))
      case .bytes: values.append(name)
      default:
        throw broken(
          "state_dict_metadata, \(name.quoted)", "TensorStorageMetadata or BytesStorageMetadata",
          record.words(value))
      }
    }
  }

  private mutating func entry(_ name: TensorName, _ ref: PickleRef) throws(FlatFormatError) -> Entry {
    let place = "tensor \(name.quoted)"
    guard let fields = record.fields(ref), let size = record.extents(fields["size"]),
      let dtype = fields["properties"].flatMap(record.dtype), let chunks = fields["chunks"],
      [.list, .tuple].contains(record.tree.value(chunks))
    else {
      throw refusal(
        .dcpTensor, place, "properties with a dtype, a size of up to 64 extents, and chunks", "other values")
    }
    let members = record.tree.children(chunks)
    piecesLeft -= members.count
    guard piecesLeft >= 0 else {
      throw refusal(
        .dcpLimit, place, "at most \(record.tree.count.grouped) pieces of all tensors together", "more")
    }
    var boxes: [PieceBox] = []
    for chunk in members {
      guard record.kind(chunk) == .chunk, let fields = record.fields(chunk),
        let offsets = record.extents(fields["offsets"]), let sizes = record.extents(fields["sizes"])
      else {
        throw refusal(.dcpTensor, place, "chunks with offsets and sizes", record.words(chunk))
      }
      let box = PieceBox(offsets: offsets, sizes: sizes)
      guard box.isInside(size) else {
        throw refusal(
          .dcpBounds, place, "pieces within its size \(size)",
          offsets.count == sizes.count ? "\(box.words)" : "offsets \(offsets) and sizes \(sizes)")
      }
      boxes.append(box)
    }
    return Entry(name: name, dtype: dtype, size: size, boxes: boxes)
  }

  private mutating func readPlaces(_ ref: PickleRef) throws(FlatFormatError) {
    for (key, value) in record.pairs(ref) {
      guard record.kind(key) == .index, let fields = record.fields(key), let name = record.text(fields["fqn"])
      else { throw broken("storage_data", "MetadataIndex with a name", record.words(key)) }
      let index = Key(name: TensorName(name), offset: record.extents(fields["offset"]))
      let place = "piece \(index.offset ?? []) of \(index.name.quoted)"
      guard record.kind(value) == .place else {
        throw refusal(
          .dcpStorage, place, "a place in a file (_StorageInfo)", record.words(value))
      }
      let stored = try self.stored(value, place)
      guard self.stored.updateValue(stored, forKey: index) == nil else {
        throw broken(place, "one place", "two")
      }
    }
  }

  private func stored(_ ref: PickleRef, _ place: String) throws(FlatFormatError) -> Stored {
    guard let fields = record.fields(ref), let file = record.text(fields["relative_path"]),
      let offset = record.integer(fields["offset"]), let length = record.integer(fields["length"])
    else { throw broken(place, "a file, an offset and a length", "other values") }
    if let transforms = fields["transform_descriptors"], record.tree.value(transforms) != .none,
      !record.tree.children(transforms).isEmpty
    {
      let names = record.tree.children(transforms).prefix(4).map {
        record.text($0).map { TensorName($0).quoted } ?? record.words($0)
      }
      throw refusal(
        .dcpStorage, place, "bytes as torch.save wrote them",
        "bytes that were changed by \(names.joined(separator: ", "))")
    }
    let (end, overflow) = offset.addingReportingOverflow(length)
    guard offset >= 0, length >= 0, !overflow else {
      throw refusal(
        .dcpRange, place, "an offset and a length that are not negative", "\(offset) and \(length)")
    }
    return Stored(file: file, range: offset..<end)
  }

  /// Paths are only used to leave the key of the model out of names, so other forms are ignored.
  private mutating func readPaths(_ ref: PickleRef?) {
    guard let ref, case .dictionary = record.tree.value(ref) else { return }
    for (key, value) in record.pairs(ref) {
      guard let name = record.text(key), case .tuple = record.tree.value(value) else { continue }
      if let first = firstKey(record.tree.children(value), of: name) { firstKeys[TensorName(name)] = first }
    }
  }

  /// The first step of a path, if it has several and they make up the name.
  private func firstKey(_ path: [PickleRef], of name: String) -> String? {
    guard path.count > 1, let first = path.first.flatMap(record.text) else { return nil }
    var rest = name.utf8[...]
    // Ends at the first difference, so a long path that many names share takes no longer than the names.
    for (place, step) in path.enumerated() {
      let text = record.text(step) ?? record.integer(step).map { String($0) } ?? ""
      if place > 0, rest.popFirst() != UInt8(ascii: ".") { return nil }
      guard rest.starts(with: text.utf8) else { return nil }
      rest = rest.dropFirst(text.utf8.count)
    }
    return rest.isEmpty ? first : nil
  }

  /// `mcore_data: name → {"nd_reformulated_orig_global_shape": shape}`
  private mutating func readReshaped(_ ref: PickleRef?) {
    guard let ref, case .dictionary = record.tree.value(ref) else { return }
    for (key, value) in record.pairs(ref) {
      guard let name = record.text(key), !record.tree.children(value).isEmpty else { continue }
      reshaped.insert(TensorName(name))
    }
  }

  private func broken(_ place: String, _ expected: String, _ found: String) -> FlatFormatError {
    refusal(.dcpMetadata, place, expected, found)
  }

  private func refusal(
    _ rule: FlatFormatRule, _ place: String, _ expected: String, _ found: String
  ) -> FlatFormatError {
    .refused(rule, path: path, place: place, expected: expected, found: found)
  }
}
