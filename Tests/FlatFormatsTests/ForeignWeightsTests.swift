import ByteFiles
import FlatFormats
import TensorStreams
import TestSupport
import Testing

/// Files and folders of other programs: what they are, and what to give or to run instead.
@Suite("Weights of other programs")
struct ForeignWeightsTests {
  static let plain = Array("{}".utf8)

  /// Names of files in a folder, and a part of the refusal.
  static let refused: [(names: [String], words: String)] = [
    (["config.json"], "found neither"),
    (["_CHECKPOINT_METADATA", "_METADATA", "d/x"], "found an Orbax checkpoint, which only Python reads"),
    (["manifest.ocdbt"], "flax.serialization.to_bytes(tree)"),
    (["5/ocdbt.process_0/x", "config.json"], "found an Orbax checkpoint in '5'"),
    (
      ["m-00001-of-00002.gguf", "m-00002-of-00002.gguf"],
      "llama-gguf-split --merge m-00001-of-00002.gguf OUT.gguf"
    ),
    (["a.gguf", "mmproj.gguf"], "found 'a.gguf', 'mmproj.gguf'; give the path of one of them"),
    (["flax_model.msgpack", "pytorch_model.bin", "tf_model.h5"], "expected one file of weights"),
    (["checkpoint_5", "checkpoint_6"], "found 'checkpoint_5', 'checkpoint_6'"),
    (
      ["m-00001-of-00002.h5", "m-00002-of-00002.h5", "m.h5.index.json"],
      "give the path of its list, 'm.h5.index.json'"
    ),
    (["config.json", "pytorch_model.bin"], "found 'pytorch_model.bin'; give its path"),
    (["m.tflite"], "found 'm.tflite'; give its path"), (["model.onnx"], "found 'model.onnx'; give its path"),
  ]

  private func fill(_ folder: TemporaryFolder, _ names: [String], _ bytes: [UInt8]) throws {
    for name in names { _ = try folder.write(bytes, as: "set/" + name) }
  }

  @Test("a folder without safetensors is refused in words, with the way on", arguments: Self.refused)
  func folder(_ example: (names: [String], words: String)) throws {
    let folder = try TemporaryFolder()
    try fill(folder, example.names, Self.plain)
    let error = refusal { _ = try open(folder.file("set")) }
    #expect(error?.defect == .format(.shardsFolder))
    #expect(error?.description.contains(example.words) == true, "\(error?.description ?? "no error")")
    #expect(error?.description.hasPrefix(folder.file("set") + ": folder: expected ") == true)
  }

  @Test("the only file of weights in a folder is opened by its folder")
  func only() throws {
    let gguf = GGUFBytes.tensor().file
    let flax = try TemporaryFolder.bytes(of: "\(FlaxFixtureTests.folder)/trained.msgpack")
    for (name, bytes, kind) in [
      ("w.gguf", gguf, FlatFormatKind.gguf), ("flax_model.msgpack", flax, .flax),
      ("checkpoint_5", flax, .flax),
    ] {
      let folder = try TemporaryFolder()
      try fill(folder, ["config.json", "README.md"], Self.plain)
      _ = try folder.write(bytes, as: "set/" + name)
      let source = try open(folder.file("set"))
      #expect(source.kind == kind && source.path == folder.file("set/" + name))
      #expect(!source.tensors.isEmpty)
    }
    let folder = try TemporaryFolder()
    _ = try folder.write(Self.plain, as: "set/checkpoint_5")
    #expect(refusal { _ = try open(folder.file("set")) }?.defect == .format(.notRecognised))
  }

  /// Names and first bytes of files, and a part of the refusal.
  static let files: [(name: String, bytes: [UInt8], words: String)] = [
    (
      "m.tflite", [0x1C, 0, 0, 0] + Array("TFL3".utf8), "a TFLite model; 'python -m tf2onnx.convert --tflite"
    ),
    ("m.onnx", [0x1C, 0, 0, 0] + Array("TFL3".utf8), "a TFLite model"),
    (
      "checkpoint", Array("model_checkpoint_path: \"a/ckpt-1\"\nall: \"x\"\n".utf8),
      "TensorFlow's list of checkpoints; give 'a/ckpt-1.index', which it names"
    ),
    ("checkpoint", Array("model_checkpoint_path:".utf8), "give the .index that it names"),
    (
      "m.ckpt-1.meta", [0x0A, 0xB9, 0x12, 0x12],
      "the graph of a TensorFlow checkpoint, whose variables are in 'm.ckpt-1.index'"
    ),
    ("frozen.pb", [0x0A, 14, 0x0A, 1, 0x77, 0x12, 5] + Array("Const".utf8), "tf2onnx.convert --graphdef"),
  ]

  @Test("files of TensorFlow that are not read are named, with the way on", arguments: Self.files)
  func named(_ example: (name: String, bytes: [UInt8], words: String)) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(example.bytes, as: example.name)
    let error = refusal { _ = try open(path) }
    #expect(error?.description.contains(example.words) == true, "\(error?.description ?? "no error")")
    let file = try ReadableFile(path: path)
    #expect(FlatFormats.partInWords(file)?.contains(example.words) == true)
  }
}
