import FlatFormats
import Pickle
import Tensors
import TestSupport

extension RefusalCase {
  /// Malformed distributed checkpoints.
  static let distributedCases: [RefusalCase] =
    metadataCases + pieceCases + rankCases + [
      .sink(.dcpWrite, .dcp, "a tensor", [try Sample("a", .f32, [3], salt: 1)])
    ]

  /// A checkpoint that is changed before it is written; every tensor of it is read.
  private static func checkpoint(
    _ rule: FlatFormatRule, _ label: String, _ change: @escaping @Sendable (inout DistributedBytes) -> Void
  ) -> RefusalCase {
    RefusalCase(defect: .format(rule), label: label) { folder in
      var checkpoint = DistributedBytes()
      change(&checkpoint)
      _ = try readAll(try checkpoint.write(in: folder))
    }
  }

  private static func piece(
    _ rule: FlatFormatRule, _ label: String,
    _ change: @escaping @Sendable (inout DistributedBytes.Piece) -> Void
  ) -> RefusalCase {
    checkpoint(rule, label) { change(&$0.tensors[0].pieces[1]) }
  }

  private static func boxes(
    _ rule: FlatFormatRule, _ label: String, _ boxes: [(offsets: [Int], sizes: [Int])]
  ) -> RefusalCase {
    checkpoint(rule, label) { $0 = .boxes(boxes) }
  }

  private static let metadataCases: [RefusalCase] = [
    .file(.dcpMetadata, ".metadata", "a number", PickleText.integer(1).pickle),
    .file(.dcpMetadata, ".metadata", "another class", PickleText.object("os", "system", nil).pickle),
    .file(
      .dcpMetadata, ".metadata", "no state",
      PickleText.object(DistributedBytes.metadataModule, "Metadata", nil).pickle),
    .file(.pickleTruncated, ".metadata", "a pickle that ends", [0x80, 2]),
    checkpoint(.dcpMetadata, "another class of the module") { $0.rootClass = "Metadata2" },
    checkpoint(.dcpMetadata, "no places") { $0.fields = [("storage_data", .none)] },
    checkpoint(.dcpMetadata, "an entry of another class") {
      $0.fields = [("state_dict_metadata", .dictionary([(.text("w"), .object("os", "system", nil))]))]
    },
    checkpoint(.dcpMetadata, "an entry without a name") {
      $0.fields = [("state_dict_metadata", .dictionary([(.integer(1), .none)]))]
    },
    checkpoint(.dcpMetadata, "a place without an index") {
      $0.fields = [("storage_data", .dictionary([(.text("w"), .none)]))]
    },
    checkpoint(.dcpMetadata, "a piece with two places") {
      $0.tensors[0].pieces.append($0.tensors[0].pieces[0])
    },
    checkpoint(.dcpMetadata, "an object with 65 attributes") { checkpoint in
      checkpoint.fields = (0..<61).map { ("a\($0)", .none) }
    },
    checkpoint(.dcpLimit, "a list of pieces that many tensors share") { checkpoint in
      let pieces = PickleText.list(.init(repeating: .again(1), count: 200))
      let chunk = PickleText.record(
        DistributedBytes.metadataModule, "ChunkStorageMetadata",
        [("offsets", DistributedBytes.size([0, 0])), ("sizes", DistributedBytes.size([4, 3]))])
      let entries = (0..<200).map { number in
        (
          PickleText.text("w\(number)"),
          DistributedBytes.entry(.init(), chunks: number == 0 ? .kept(2, pieces) : .again(2))
        )
      }
      checkpoint.fields = [("first", .kept(1, chunk)), ("state_dict_metadata", .dictionary(entries))]
    },
    checkpoint(.dcpTensor, "a tensor twice") { $0.tensors.append($0.tensors[0]) },
    checkpoint(.dcpTensor, "a size below zero") { $0.tensors[0].size = [4, -3] },
    checkpoint(.dcpTensor, "a size of 65 extents") { $0.tensors[0].size = [Int](repeating: 1, count: 65) },
    checkpoint(.dcpTensor, "a size that overflows") {
      $0.tensors[0].size = [1 << 40, 1 << 40]
    },
    checkpoint(.dcpTensor, "an offset below zero") { $0.tensors[0].pieces[0].offsets = [-1, 0] },
    checkpoint(.dcpBounds, "a piece after the end") { $0.tensors[0].pieces[1].offsets = [3, 0] },
    checkpoint(.dcpBounds, "an offset that overflows") { $0.tensors[0].pieces[1].offsets = [.max, 0] },
    checkpoint(.dcpBounds, "a piece of another rank") { $0.tensors[0].pieces[1].offsets = [2] },
    checkpoint(.dcpLimit, "more bytes than the files can hold") {
      $0.tensors[0].size = [1 << 30, 3]
      $0.tensors[0].pieces = [
        .init(
          offsets: [0, 0], sizes: [1 << 30, 3], bytes: DistributedBytes.archive([2, 3], pattern(24, salt: 1)))
      ]
    },
  ]

  private static let pieceCases: [RefusalCase] = [
    checkpoint(.dcpFile, "a file that is missing") { $0.missing = ["__0_0.distcp"] },
    piece(.dcpFile, "a file outside the folder") { $0.file = "../__0_0.distcp" },
    piece(.dcpFile, "an absolute path") { $0.file = "/etc/hostname" },
    piece(.dcpFile, "a hidden file") { $0.file = ".hidden.distcp" },
    piece(.dcpRange, "bytes after the end") { $0.range = (0, 1 << 20) },
    checkpoint(.dcpRange, "one byte after the end") {
      // The last piece begins one byte too late.
      let start = ($0.tensors[0].pieces[0].bytes?.count ?? 0) + 1
      $0.tensors[0].pieces[1].range = (start, $0.tensors[0].pieces[1].bytes?.count ?? 0)
    },
    checkpoint(.dcpRange, "one byte of another piece") {
      let count = $0.tensors[0].pieces[0].bytes?.count ?? 0
      $0.tensors[0].pieces[1].range = (count - 1, $0.tensors[0].pieces[1].bytes?.count ?? 0)
    },
    piece(.dcpRange, "an offset below zero") { $0.range = (-4, 8) },
    piece(.dcpRange, "a length that overflows") { $0.range = (.max, 8) },
    checkpoint(.dcpRange, "two pieces with the same bytes") {
      $0.tensors[0].pieces[1].range = (0, $0.tensors[0].pieces[0].bytes?.count ?? 0)
    },
    piece(.dcpStorage, "compressed bytes") { $0.transforms = ["stream.zstd"] },
    piece(.dcpStorage, "another kind of storage") { $0.storageClass = "_S3Info" },
    piece(.dcpPiece, "no place") { $0.file = nil },
    piece(.dcpPiece, "bytes that are no archive") { $0.bytes = [UInt8](repeating: 7, count: 40) },
    piece(.dcpPiece, "another shape") {
      $0.bytes = DistributedBytes.archive([3, 2], pattern(24, salt: 1))
    },
    checkpoint(.dcpPiece, "another dtype") { $0.tensors[0].dtype = "int32" },
    piece(.dcpPiece, "a dictionary of tensors") { $0.bytes = TorchBytes.tensor().file },
    checkpoint(.torchMembers, "a damaged archive") {
      $0.tensors[0].pieces[1].bytes = TorchBytes(pickled { $0.integer(1) }).with { $0.top = "a/b" }.file
    },
    boxes(.dcpMissing, "rows", [([0, 0], [1, 3]), ([2, 0], [2, 3])]),
    boxes(.dcpMissing, "the last column", [([0, 0], [4, 2])]),
    boxes(.dcpMissing, "all pieces", []),
    boxes(
      .dcpMissing, "an element of a grid",
      [([0, 0], [2, 3]), ([2, 0], [1, 3]), ([3, 0], [1, 1]), ([3, 2], [1, 1])]),
    boxes(.dcpOverlap, "a row", [([0, 0], [3, 3]), ([2, 0], [2, 3])]),
    boxes(
      .dcpOverlap, "a corner", [([0, 0], [4, 2]), ([0, 2], [2, 1]), ([1, 1], [3, 2])]),
  ]

  /// Two ranks' safetensors, with changes.
  private static func ranks(
    _ rule: FlatFormatRule, _ label: String, _ first: String, _ second: String, size: Int = 8,
    names: [String] = ["a.safetensors", "b.safetensors"]
  ) -> RefusalCase {
    RefusalCase(defect: .format(rule), label: label) { folder in
      _ = try folder.write(safetensors(first, body: size), as: "set/\(names[0])")
      _ = try folder.write(safetensors(second, body: size), as: "set/\(names[1])")
      _ = try readAll(folder.file("set"))
    }
  }

  private static func rank(_ info: String, _ shape: String = "[1,2]", dtype: String = "F32") -> String {
    let text = info.replacing("\"", with: #"\""#)
    return #"{"__metadata__":{"DCP_SHARDING_INFO":"\#(text)"},"#
      + #""w":{"dtype":"\#(dtype)","shape":\#(shape),"data_offsets":[0,8]}}"#
  }

  private static func offsets(_ list: String) -> String { #"{"w":{"saved_offsets":\#(list)}}"# }

  private static let rankCases: [RefusalCase] = [
    ranks(.dcpRanks, "no JSON", rank("{"), rank(offsets("[1,0]"))),
    ranks(.dcpRanks, "a list", rank("[]"), rank(offsets("[1,0]"))),
    ranks(.dcpRanks, "no offsets", rank("{}"), rank(offsets("[1,0]"))),
    ranks(
      .dcpRanks, "offsets that are a text", rank(#"{"w":{"saved_offsets":["0"]}}"#), rank(offsets("[1,0]"))),
    ranks(.dcpRanks, "an offset below zero", rank(offsets("[-1,0]")), rank(offsets("[1,0]"))),
    ranks(
      .dcpRanks, "an offset that overflows", rank(offsets("[9223372036854775807,0]")), rank(offsets("[1,0]"))),
    ranks(.dcpRanks, "one offset for two dimensions", rank(offsets("[0]")), rank(offsets("[1,0]"))),
    ranks(.dcpRanks, "another rank", rank(offsets("[0,0]")), rank(offsets("[1]"), "[2]")),
    ranks(
      .dcpRanks, "another dtype", rank(offsets("[0,0]")), rank(offsets("[1,0]"), dtype: "I32")),
    ranks(
      .dcpRanks, "offsets of a tensor that is not there", rank(offsets("[0,0]")),
      rank(#"{"w":{"saved_offsets":[1,0]},"v":{"saved_offsets":[0]}}"#)),
    ranks(
      .dcpRanks, "a file of whole tensors", rank(offsets("[0,0]")),
      #"{"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}"#),
    ranks(.dcpMissing, "a row", rank(offsets("[0,0]")), rank(offsets("[2,0]"))),
    ranks(.dcpOverlap, "a row", rank(offsets("[0,0]")), rank(offsets("[0,0]"))),
    .file(
      .dcpRanks, "a.safetensors", "a file without offsets",
      safetensors(rank("{}").replacing("{}", with: "7"), body: 8)),
    .file(.dcpPart, "a.safetensors", "the first rank alone", safetensors(rank(offsets("[0,0]")), body: 8)),
    .file(.dcpPart, "b.safetensors", "another rank alone", safetensors(rank(offsets("[1,0]")), body: 8)),
    .file(.dcpPart, "__0_0.distcp", "a file of pieces alone", TorchBytes.tensor().file),
    RefusalCase(defect: .format(.dcpPart), label: "a rank in an index") { folder in
      _ = try folder.write(safetensors(rank(offsets("[1,0]")), body: 8), as: "set/a.safetensors")
      _ = try folder.write(
        Array(#"{"metadata":{},"weight_map":{"w":"a.safetensors"}}"#.utf8),
        as: "set/model.safetensors.index.json")
      _ = try readAll(folder.file("set"))
    },
    RefusalCase(defect: .format(.dcpMetadata), label: "files of pieces without metadata") { folder in
      _ = try folder.write(TorchBytes.tensor().file, as: "set/__0_0.distcp")
      _ = try readAll(folder.file("set"))
    },
    RefusalCase(defect: .format(.shardsFolder), label: "a distributed checkpoint and other weights") {
      folder in
      for (name, bytes) in DistributedBytes().files { _ = try folder.write(bytes, as: "set/\(name)") }
      _ = try folder.write(safetensors("{}"), as: "set/model.safetensors")
      _ = try readAll(folder.file("set"))
    },
  ]
}
