import ByteFiles
import FlatFormats
import Foundation
import TestSupport
import Testing

@Suite("Recognition")
struct RecognitionTests {
  @Test(
    "a file is what its bytes say, else what its name says",
    arguments: [
      ("w.bin", safetensors("{}"), FlatFormatKind.safetensors), ("w.npz", safetensors("{}"), .safetensors),
      ("w.bin", npy("{}", data: 0), .npy), ("w.safetensors", npy("{}", data: 0), .npy),
      ("w.bin", ZipBytes.array().file, .npz), ("w.npz", ZipBytes([]).file, .npz), ("w.npz", [1, 2], .npz),
      ("W.SafeTensors", [1, 2], .safetensors), ("w.npy", [], .npy),
      ("w.bin", ZipBytes([.init("data.pkl", [1])]).file, nil), ("w.txt", [1, 2, 3], nil), ("w.txt", [], nil),
      ("w.txt", TorchBytes.tensor().file, .pytorch), ("w.txt", TorchBytes.tensor().legacy(), .pytorch),
      ("w.pt", [1, 2, 3], .pytorch), ("w.pth", ZipBytes([.init("a", [1])]).file, .pytorch),
      ("w.bin", safetensors("{}"), .safetensors), ("w.txt", [0x80, 4, 0x95, 0, 0], .pytorch),
      ("w.pkl", Array("I1\n.".utf8), .pytorch), ("w.pt", Array("<html>".utf8), nil),
      ("w.bin", Array(ShardFiles.good.utf8), .shardedSafetensors),
      ("W.SafeTensors.Index.json", Array("{".utf8), .shardedSafetensors), ("x.json", Array("{}".utf8), nil),
      ("w.bin", GGUFBytes().file, .gguf), ("w.safetensors", Array("GGUF".utf8), .gguf),
      ("w.GGUF", [1, 2], .gguf),
      (".metadata", [0x80, 4, 0x95, 0, 0], .dcp), ("__3.metadata", [0x80, 2, 0x63], .dcp),
      ("x.metadata", [0x80, 4, 0x95, 0, 0], .pytorch), (".metadata", Array("{}".utf8), nil),
      ("__0_0.distcp", TorchBytes.tensor().file, .dcp), ("__0_0.distcp", [], .dcp),
      ("w.txt", MsgpackValue.object([("a", .null), ("b", .array([1], "int8", [1]))]).bytes, .flax),
      ("w.txt", MsgpackValue.object([("a", .integer(1))]).bytes, nil), ("w.MsgPack", [0x80], .flax),
      ("x.index", BundleBytes().index, .tensorflow), ("x.index", [1, 2, 3], nil),
      ("w.npz", [0x1F, 0x8B, 8, 0], nil), ("w.safetensors", Array("<!DOCTYPE html>".utf8), nil),
    ] as [(String, [UInt8], FlatFormatKind?)])
  func recognise(_ name: String, _ bytes: [UInt8], _ expected: FlatFormatKind?) throws {
    let folder = try TemporaryFolder()
    #expect(FlatFormats.recognise(try ReadableFile(path: try folder.write(bytes, as: name))) == expected)
  }

  @Test(
    "the format to write follows from the name",
    arguments: [
      ("a.safetensors", FlatFormatKind.safetensors), ("b/c.NPZ", .npz), ("x.npy", .npy), ("x.h5", nil),
      ("a/b.safetensors.index.json", .shardedSafetensors), ("out/", .shardedSafetensors), ("out", nil),
      ("a.pt", .pytorch), ("a.PTH", .pytorch), ("a.ckpt", .pytorch), ("a.bin", .pytorch), ("a.pkl", nil),
      ("npz", nil), ("a.weights.h5", .keras), ("a.Keras", .keras), ("x.hdf5", nil),
      ("a.gguf", .gguf),
      ("a.distcp", .dcp), (".metadata", nil),
      ("a.msgpack", .flax), ("x.index", nil),
    ] as [(String, FlatFormatKind?)])
  func byName(_ path: String, _ kind: FlatFormatKind?) { #expect(FlatFormats.kind(forName: path) == kind) }

  @Test("the schema of inspect lists every format")
  func schema() throws {
    let text = try String(contentsOfFile: "\(SourceFolder.root)/schemas/inspect.schema.json", encoding: .utf8)
    let kinds = FlatFormatKind.allCases.map { "\"\($0.rawValue)\"" } + ["\"unit-checkpoint\""]
    #expect(text.contains("\"kind\": { \"enum\": [\(kinds.joined(separator: ", "))] }"))
  }

  @Test("a model's files are its own and those of its external data")
  func files() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write([UInt8](repeating: 1, count: 8), as: "w.bin")
    let model = ModelBytes.model { graph in
      graph.tensor("t", [2]) { $0.external([("location", "w.bin"), ("length", "8")]) }
    }
    let path = try folder.write(model, as: "m.onnx")
    let source = try FlatFormats.open(try ReadableFile(path: path))
    #expect(source.files == [path, folder.file("w.bin")])
  }
}
