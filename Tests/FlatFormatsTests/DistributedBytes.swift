import Pickle
import TestSupport

/// A distributed checkpoint built part by part, so that a test can change each part.
struct DistributedBytes {
  struct Piece {
    var offsets: [Int]
    var sizes: [Int]
    /// The place that the metadata gives; nil for none.
    var file: String? = "__0_0.distcp"
    /// The bytes in the file; nil for none of their own.
    var bytes: [UInt8]?
    /// The range that the metadata gives; nil for the true one.
    var range: (start: Int, count: Int)?
    var transforms: [String] = []
    var storageClass = "_StorageInfo"
  }

  struct Tensor {
    var name = "w"
    var dtype = "float32"
    var size = [4, 3]
    var pieces: [Piece] = []
  }

  static let metadataModule = "torch.distributed.checkpoint.metadata"
  static let placeModule = "torch.distributed.checkpoint.filesystem"

  var tensors: [Tensor]
  /// Names of values that are not tensors, each with the pickle of its archive.
  var values: [(name: String, pickle: [UInt8])] = []
  var rootClass = "Metadata"
  /// Further attributes of the root, which replace those of the same name.
  var fields: [(String, PickleText)] = []
  /// Bytes after the last piece.
  var rest: [UInt8] = []
  /// The names of files that are not written.
  var missing: Set<String> = []

  /// One tensor F32 [4, 3] in two pieces, whose elements are `pattern(48, salt: 1)`.
  init() {
    tensors = [
      Tensor(pieces: [
        Piece(offsets: [0, 0], sizes: [2, 3], bytes: Self.archive([2, 3], pattern(48, salt: 1)[..<24])),
        Piece(offsets: [2, 0], sizes: [2, 3], bytes: Self.archive([2, 3], pattern(48, salt: 1)[24...])),
      ])
    ]
  }

  /// The file of `torch.save` of one tensor F32.
  static func archive(_ shape: [Int], _ bytes: some Collection<UInt8>) -> [UInt8] {
    var arguments = TensorArguments()
    arguments.shape = shape
    arguments.count = shape.reduce(1, *)
    arguments.strides = shape.indices.map { shape[($0 + 1)...].reduce(1, *) }
    var file = TorchBytes(pickled { $0.tensor(arguments) })
    file.storages = [("0", Array(bytes))]
    return file.file
  }

  /// Tensors of the shape [4, 3] in boxes, each with its own elements.
  static func boxes(_ boxes: [(offsets: [Int], sizes: [Int])], size: [Int] = [4, 3]) -> DistributedBytes {
    var checkpoint = DistributedBytes()
    checkpoint.tensors = [
      Tensor(
        size: size,
        pieces: boxes.map { box in
          Piece(
            offsets: box.offsets, sizes: box.sizes,
            bytes: archive(box.sizes, pattern(4 * box.sizes.reduce(1, *), salt: box.offsets.reduce(5, +))))
        })
    ]
    return checkpoint
  }

  /// The metadata and the files of pieces, by name.
  var files: [(name: String, bytes: [UInt8])] {
    var contents: [(name: String, bytes: [UInt8])] = []
    func append(_ bytes: [UInt8], to name: String) -> Int {
      if let place = contents.firstIndex(where: { $0.name == name }) {
        contents[place].bytes += bytes
        return contents[place].bytes.count - bytes.count
      }
      contents.append((name, bytes))
      return 0
    }
    var entries: [(PickleText, PickleText)] = []
    var places: [(PickleText, PickleText)] = []
    for (name, pickle) in values {
      let bytes = TorchBytes(pickle).with { $0.storages = [] }.file
      let start = append(bytes, to: "__0_0.distcp")
      entries.append((.text(name), .object(Self.metadataModule, "BytesStorageMetadata", nil)))
      places.append(
        (
          Self.index(name, nil),
          Self.place(Piece(offsets: [], sizes: [], range: (start, bytes.count)), "__0_0.distcp")
        ))
    }
    for tensor in tensors {
      entries.append((.text(tensor.name), Self.entry(tensor)))
      for var piece in tensor.pieces {
        guard let file = piece.file else { continue }
        let start = append(piece.bytes ?? [], to: file)
        piece.range = piece.range ?? (start, piece.bytes?.count ?? 0)
        places.append((Self.index(tensor.name, piece.offsets), Self.place(piece, file)))
      }
    }
    if !rest.isEmpty { _ = append(rest, to: "__0_0.distcp") }
    let own: [(String, PickleText)] = [
      ("state_dict_metadata", .dictionary(entries)), ("planner_data", .none),
      ("storage_data", .dictionary(places)), ("version", .text("1.0.0")),
    ]
    let replaced = Set(fields.map(\.0))
    let root = PickleText.record(
      Self.metadataModule, rootClass, own.filter { !replaced.contains($0.0) } + fields)
    return [(".metadata", root.pickle)] + contents.filter { !missing.contains($0.name) }
  }

  /// A tensor's entry.
  ///
  /// - Parameter chunks: replaces the list of its pieces.
  static func entry(_ tensor: Tensor, chunks: PickleText? = nil) -> PickleText {
    .record(
      metadataModule, "TensorStorageMetadata",
      [
        (
          "properties",
          .object(
            metadataModule, "TensorProperties",
            .tuple([
              .global("torch", tensor.dtype),
              .call("torch.serialization", "_get_layout", [.text("torch.strided")]),
            ]))
        ), ("size", size(tensor.size)),
        (
          "chunks",
          chunks
            ?? .list(
              tensor.pieces.map { piece in
                .record(
                  metadataModule, "ChunkStorageMetadata",
                  [("offsets", size(piece.offsets)), ("sizes", size(piece.sizes))])
              })
        ),
      ])
  }

  static func size(_ extents: [Int]) -> PickleText {
    .call("torch", "Size", [.tuple(extents.map { .integer($0) })])
  }

  static func index(_ name: String, _ offset: [Int]?) -> PickleText {
    .record(
      metadataModule, "MetadataIndex",
      [("fqn", .text(name))] + (offset.map { [("offset", size($0))] } ?? []) + [("index", .none)])
  }

  private static func place(_ piece: Piece, _ file: String) -> PickleText {
    let range = piece.range ?? (0, 0)
    return .record(
      placeModule, piece.storageClass,
      [("relative_path", .text(file)), ("offset", .integer(range.start)), ("length", .integer(range.count))]
        + (piece.transforms.isEmpty
          ? [] : [("transform_descriptors", .list(piece.transforms.map { .text($0) }))]))
  }

  /// Writes the files into a folder, and returns the path of the metadata.
  func write(in folder: TemporaryFolder) throws -> String {
    for (name, bytes) in files { _ = try folder.write(bytes, as: name) }
    return folder.file(".metadata")
  }
}
