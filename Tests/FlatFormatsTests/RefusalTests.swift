import FlatFormats
import Foundation
import TestSupport
import Testing

@Suite("Refusals")
struct RefusalTests {
  static let all =
    RefusalCase.generalCases + RefusalCase.safetensorsCases + RefusalCase.shardCases
    + RefusalCase.numpyCases + RefusalCase.zipCases
    + RefusalCase.pickleCases + RefusalCase.torchCases + RefusalCase.changedCases
    + RefusalCase.trainingCases + RefusalCase.onnxCases
    + RefusalCase.kerasCases + RefusalCase.ggufCases + RefusalCase.distributedCases
    + RefusalCase.flaxCases + RefusalCase.tensorflowCases

  @Test(
    "a malformed file or request is refused by its rule, in one sentence, and leaves nothing behind",
    arguments: all)
  func refused(_ example: RefusalCase) throws {
    let folder = try TemporaryFolder()
    let error = refusal { try example.run(folder) }
    #expect(error?.defect == example.defect, "\(error?.description ?? "no error")")
    let text = error?.description ?? ""
    #expect(text.hasPrefix(folder.path + "/"))
    #expect(text.contains(": expected ") && text.contains(", found "))
    #expect(!text.contains("\n") && !text.contains("\0"))
    #expect(try folder.names().allSatisfy { !$0.hasPrefix("out") && !$0.hasSuffix(".tmp") })
  }

  @Test("every rule has a malformed example")
  func complete() {
    let covered = Set(Self.all.map(\.defect))
    #expect(FlatDefect.allCases.filter { !covered.contains($0) } == [])
    #expect(Self.all.count >= 340)
  }

  @Test("rule ids are different and say their format")
  func ids() {
    let ids = FlatDefect.allCases.map(\.id)
    #expect(Set(ids).count == ids.count)
    let prefixes =
      FlatFormatKind.allCases.map { $0.rawValue + "." } + ["flat.", "shards.", "zip.", "pickle."]
    #expect(ids.allSatisfy { id in prefixes.contains { id.hasPrefix($0) } })
  }

  @Test("messages name file, place, expected and found")
  func wording() throws {
    let folder = try TemporaryFolder()
    func message(_ name: String, _ bytes: [UInt8]) throws -> String {
      let path = try folder.write(bytes, as: name)
      return refusal { _ = try readAll(path) }?.description.replacingOccurrences(
        of: folder.path + "/", with: "") ?? ""
    }
    let json = #"{"a":{"dtype":"U16","shape":[2,3],"data_offsets":[0,2]}}"#
    #expect(
      try message("w.safetensors", safetensors(json, body: 2))
        == "w.safetensors: tensor 'a': expected 12 bytes for U16 [2, 3], found data_offsets [0, 2]")
    #expect(
      try message("w.safetensors", Array("version https://git-lfs.github.com/spec/v1".utf8))
        == "w.safetensors: first bytes: expected a safetensors, npz, npy, PyTorch, ONNX, Keras, HDF5, GGUF, Flax or TensorFlow file, found a Git LFS pointer; "
        + "the weights themselves were not fetched (git lfs pull)")
    #expect(
      try message("x.npy", npy("{'descr': '|V2', 'fortran_order': False, 'shape': (1,), }", data: 2))
        == "x.npy: header: expected a dtype, or one to assume (--assume-dtype), found '|V2': elements of unknown "
        + "meaning, perhaps BF16")
    #expect(
      try message("x.npz", ZipBytes.array { $0.crc = 7 }.file)
        == "x.npz: member 'a.npy': expected the CRC-32 0x7, found 0x"
        + String(crc32(ZipBytes.array().members[0].data), radix: 16))
  }
}
