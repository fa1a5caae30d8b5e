import Foundation
import TestSupport
import Testing

/// Files of Flax and TensorFlow at the command line.
@Suite("Flax and TensorFlow, at the command")
struct TensorFlowCommandTests {
  /// A copy of the fixtures.
  private func copied() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for name in ["flax", "tensorflow"] {
      try FileManager.default.copyItem(
        atPath: "\(SourceFolder.fixtures)/\(name)", toPath: folder.file(name))
    }
    return folder
  }

  @Test("a checkpoint is opened by its index, its prefix and its folder, and converted")
  func conversions() throws {
    let folder = try copied()
    for (source, count) in [
      ("flax/model.msgpack", 8), ("flax/trained.msgpack", 6), ("flax/chunked.msgpack", 3),
      ("tensorflow/names.index", 3), ("tensorflow/names", 3), ("tensorflow/sliced", 4),
      ("tensorflow/saved", 4), ("tensorflow/saved/variables/variables", 4), ("tensorflow/objects", 8),
    ] {
      let kind = source.hasPrefix("flax") ? "flax" : "tensorflow"
      let inspect = try tessera(["inspect", source, "--json", "--digests"], directory: folder.path)
      #expect(
        inspect.ending == .exited(0) && inspect.outputText.contains("\"kind\": \"\(kind)\""), "\(source)")
      #expect(try tessera(["count", source], directory: folder.path).ending == .exited(0), "\(source)")
      for out in ["out.safetensors", "out.h5", "out.npz"] {
        // npz has no bfloat16.
        let convert = try tessera(
          ["convert", source, out] + (out == "out.npz" ? ["--opaque"] : []), directory: folder.path)
        #expect(convert.ending == .exited(0), "\(source), \(out): \(convert.errorText)")
        let options = out.hasSuffix("npz") ? ["--assume-dtype", "BF16"] : []
        let diff = try tessera(["diff", source, out, "--leave-out", "*"] + options, directory: folder.path)
        #expect(
          diff.outputText.hasPrefix("equal: \(count) tensors\n"),
          "\(source), \(out): \(diff.outputText)\(diff.errorText)")
        try FileManager.default.removeItem(atPath: folder.file(out))
      }
    }
  }

  @Test("the formats are only read")
  func written() throws {
    let folder = try copied()
    let run = try tessera(["convert", "flax/model.msgpack", "out.msgpack"], directory: folder.path)
    #expect(run.ending == .exited(2))
    #expect(
      run.errorText.hasSuffix(
        "out.msgpack: file: expected a format that is written, such as .safetensors or .npz, found a msgpack file of "
          + "Flax, which is only read\n"), "\(run.errorText)")
    #expect(
      try tessera(["convert", "flax/model.msgpack", "out.index"], directory: folder.path).ending
        == .exited(64))
  }

  @Test("validate checks every checksum and names the data files of a folder")
  func validate() throws {
    let folder = try copied()
    let sound = try tessera(
      ["validate", "--deep", "tensorflow/saved", "flax/model.msgpack"], directory: folder.path)
    #expect(sound.ending == .exited(0), "\(sound.outputText)")
    for line in [
      "tensorflow/saved/variables/variables.index: ok, 1 note (tensorflow, 4 tensors)",
      "tensorflow/saved/variables/variables.data-00000-of-00001: ok (tensorflow)",
      "flax/model.msgpack: ok (flax, 8 tensors)",
      "tensorflow/saved/saved_model.pb: not examined (the graph of a SavedModel, whose variables are in",
    ] { #expect(sound.outputText.contains(line), "\(sound.outputText)") }
    let path = "tensorflow/names.data-00000-of-00001"
    var bytes = try TemporaryFolder.bytes(of: folder.file(path))
    bytes[3] ^= 1
    _ = try folder.write(bytes, as: path)
    let damaged = try tessera(["validate", "--deep", "tensorflow/names.index"], directory: folder.path)
    #expect(
      damaged.ending == .exited(1)
        && damaged.outputText.contains(
          "error member-checksum: tensor 'conv/kernel': file 'names.data-00000-of-00001', "),
      "\(damaged.outputText)")
    let convert = try tessera(["convert", "tensorflow/names", "x.npz"], directory: folder.path)
    #expect(convert.ending == .exited(2) && convert.errorText.contains("CRC-32C"), "\(convert.errorText)")
    _ = try folder.write(Array(bytes.dropLast()), as: path)
    let short = try tessera(["validate", "tensorflow/names.index"], directory: folder.path)
    #expect(
      short.ending == .exited(1) && short.outputText.contains("error tiles: entry"), "\(short.outputText)")
    try FileManager.default.removeItem(atPath: folder.file(path))
    let lost = try tessera(
      ["validate", "tensorflow/sliced.index", "tensorflow/names.index"], directory: folder.path)
    // Without data beside it, the index is still known by its content.
    #expect(
      lost.ending == .exited(1)
        && lost.outputText.contains(
          "error shards: file 'names.data-00000-of-00001': expected each of the 1 data"),
      "\(lost.outputText)")
  }

  @Test("a data file alone is named as what it is")
  func parts() throws {
    let folder = try copied()
    for arguments in [["inspect"], ["convert"], ["count"]] {
      let data = "tensorflow/names.data-00000-of-00001"
      let run = try tessera(
        arguments + [data] + (arguments == ["convert"] ? ["x.npz"] : []), directory: folder.path)
      #expect(
        run.ending == .exited(2)
          && run.errorText.contains(
            "found the data of a TensorFlow checkpoint, which 'names.index' describes"),
        "\(arguments): \(run.errorText)")
    }
  }

  @Test("a lock keeps the digests of index and data")
  func lock() throws {
    let folder = try copied()
    let lock = try tessera(["lock", "tensorflow/saved", "-o", "tessera.lock"], directory: folder.path)
    #expect(lock.ending == .exited(0), "\(lock.errorText)")
    #expect(
      try tessera(["validate", "--locked", "tensorflow/saved"], directory: folder.path).ending == .exited(0))
    let path = "tensorflow/saved/variables/variables.data-00000-of-00001"
    var bytes = try TemporaryFolder.bytes(of: folder.file(path))
    bytes[bytes.count - 1] ^= 1
    _ = try folder.write(bytes, as: path)
    let changed = try tessera(["validate", "--locked", "tensorflow/saved"], directory: folder.path)
    #expect(changed.ending == .exited(1), "\(changed.outputText)")
  }
}
