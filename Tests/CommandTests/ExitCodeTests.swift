import Foundation
import TestSupport
import Testing

@Suite("Exit codes and streams")
struct ExitCodeTests {
  /// The files that every case uses.
  private func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let rows: [SampleWeights.Row] = [("layer.up.weight", "F32", [6, 5]), ("bias", "BF16", [7])]
    _ = try folder.write(SampleWeights.bytes(rows), as: "w.safetensors")
    _ = try folder.write([], as: "empty")
    _ = try folder.write([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13], as: "p.png")
    _ = try folder.write("{\"a\": 1}\n", as: "j.json")
    _ = try folder.write([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2], as: "z.gz")
    _ = try folder.write([0x80, 2, 0x7D, 0x71, 0, 0x2E, 0, 0, 0, 0], as: "m.pt")
    _ = try folder.write("{\"format\": \"tessera.plan/1\"", as: "cut.json")
    _ = try folder.write(
      #"{"format":"tessera.plan/1","units":2,"tensors":[{"name":"layer.up.wieght","axes":["a",null]}]}"#,
      as: "slip.json")
    _ = try folder.write("old", as: "old.h5")
    try FileManager.default.createDirectory(
      atPath: folder.file("folder.h5"), withIntermediateDirectories: false)
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("link.safetensors"), withDestinationPath: "w.safetensors")
    try FileManager.default.linkItem(
      atPath: folder.file("w.safetensors"), toPath: folder.file("hard.safetensors"))
    #expect(mkfifo(folder.file("pipe"), 0o600) == 0)
    return folder
  }

  @Test(
    "what cannot be done ends with 2 and one sentence that names the file",
    arguments: [
      (["inspect", "absent.h5"], "absent.h5: cannot open: no such file or directory"),
      (["inspect", "folder.h5"], "folder.h5: folder: expected a *.safetensors.index.json or"),
      (["inspect", "pipe"], "pipe: cannot read: it is not a regular file"),
      (
        ["inspect", "empty"],
        "empty: expected a unit checkpoint or a safetensors, npz, npy, PyTorch, ONNX, Keras, HDF5, GGUF, Flax or TensorFlow file, found an empty file"
      ),
      (
        ["inspect", "p.png"],
        "p.png: expected a unit checkpoint or a safetensors, npz, npy, PyTorch, ONNX, Keras, HDF5, GGUF, Flax or TensorFlow file, found a PNG picture"
      ),
      (
        ["inspect", "j.json"],
        "j.json: expected a unit checkpoint or a safetensors, npz, npy, PyTorch, ONNX, Keras, HDF5, GGUF, Flax or TensorFlow file, found JSON text"
      ),
      (
        ["inspect", "z.gz"],
        "z.gz: expected a unit checkpoint or a safetensors, npz, npy, PyTorch, ONNX, Keras, HDF5, GGUF, Flax or TensorFlow file, found a gzip archive"
      ),
      (
        ["inspect", "m.pt"],
        "m.pt: pickle: expected a PyTorch file, found a pickle without tensors"
      ),
      (["validate", "--", "-hash.h5"], "-hash.h5: cannot open: no such file or directory"),
      (["validate", "absent.h5"], "absent.h5: cannot open: no such file or directory"),
      (["convert", "absent.npz", "out.h5"], "absent.npz: cannot open: no such file or directory"),
      (["convert", "pipe", "out.h5"], "pipe: cannot read: it is not a regular file"),
      (
        ["convert", "p.png", "out.h5"],
        "p.png: expected a unit checkpoint or a safetensors, npz, npy, PyTorch, ONNX, Keras, HDF5, GGUF, Flax or TensorFlow file, found"
      ),
      (
        ["convert", "w.safetensors", "old.h5", "-n"], "old.h5: expected no file of that name (-n), found one"
      ),
      (
        ["convert", "w.safetensors", "folder.h5"], "folder.h5: cannot write: a directory of that name exists"
      ),
      (["convert", "w.safetensors", "no/out.h5"], "no/out.h5: cannot write: its folder does not exist"),
      (["convert", "w.safetensors", "out.npz"], "out.npz: tensor 'bias': expected a dtype"),
      (
        ["convert", "w.safetensors", "out.h5", "--plan", "absent.json"],
        "absent.json: cannot open: no such file"
      ),
      (
        ["convert", "w.safetensors", "out.h5", "--plan", "pipe"],
        "pipe: cannot read: it is not a regular file"
      ),
      (["convert", "w.safetensors", "out.h5", "--plan", "cut.json"], "cut.json: "),
      (
        ["convert", "w.safetensors", "out.h5", "--plan", "slip.json"],
        "slip.json: tensors[0]: expected the name of a tensor, found 'layer.up.wieght', which matches none"
      ),
    ])
  func refusals(arguments: [String], sentence: String) throws {
    let folder = try folder()
    let before = try folder.names()
    let run = try tessera(arguments, directory: folder.path)
    let said = run.sentence()
    #expect(said.hasPrefix(sentence), "\(said)")
    if arguments.last == "slip.json" { #expect(said.contains("layer.up.weight"), "\(said)") }
    #expect(try folder.names() == before, "something was left behind")
    #expect(try TemporaryFolder.bytes(of: folder.file("old.h5")) == Array("old".utf8))
  }

  @Test(
    "a wrong command line ends with 64, explains itself on stderr and touches nothing",
    arguments: [
      (["convert", "--compress", "w.safetensors", "o.npz"], "--compress"),
      (["bogus"], "bogus"), (["inspect"], "<file>"), (["convert", "w.safetensors"], "<dest>"),
      (["convert", "w.safetensors", "out.txt"], "out.txt"), (["convert", "w.safetensors", "out"], ".npz"),
      (["inspect", "w.safetensors", "--nonsense"], "--nonsense"),
      (["convert", "w.safetensors", "w.safetensors"], "the same file"),
      (["convert", "w.safetensors", "./link.safetensors"], "the same file"),
      (["convert", "link.safetensors", "w.safetensors"], "the same file"),
      (["convert", "w.safetensors", "hard.safetensors"], "the same file"),
      (["convert", "w.safetensors", "out.npz", "--plan", "slip.json"], "--plan"),
      (["inspect", "w.safetensors", "--assume-dtype", "BF17"], "BF17"),
      (["validate", "-dash.safetensors"], "'./-dash.safetensors'"),
      (["validate", "w.safetensors", "-hash.h5"], "'./-hash.h5'"), (["inspect", "-hv"], "'./-hv'"),
      (["validate"], "<files>"), (["validate", "w.safetensors", "--format", "xml"], "xml"),
    ])
  func usage(arguments: [String], mentions: String) throws {
    let folder = try folder()
    let before = try folder.names()
    let run = try tessera(arguments, directory: folder.path)
    #expect(run.ending == .exited(64))
    #expect(run.output.isEmpty)
    #expect(run.errorText.contains(mentions), "\(run.errorText)")
    #expect(try folder.names() == before)
  }

  @Test(
    "help, version, and every kind of success go to stdout with 0",
    arguments: [
      ["--version"], ["--help"], ["convert", "--help"], ["inspect", "w.safetensors"],
      ["inspect", "w.safetensors", "--json", "--digests"], ["validate", "w.safetensors"],
    ])
  func success(arguments: [String]) throws {
    let folder = try folder()
    let run = try tessera(arguments, directory: folder.path)
    #expect(run.ending == .exited(0))
    #expect(!run.output.isEmpty && run.output.last == UInt8(ascii: "\n"))
    #expect(run.errors.isEmpty, "\(run.errorText)")
  }

  @Test(
    "a conversion says what it wrote and that there is no plan, follows a link, and -n permits a new name")
  func conversion() throws {
    let folder = try folder()
    try FileManager.default.createSymbolicLink(atPath: folder.file("alias.h5"), withDestinationPath: "old.h5")
    for destination in ["alias.h5", "new.h5"] {
      let flags = destination == "new.h5" ? ["-n"] : []
      let run = try tessera(["convert", "w.safetensors", destination] + flags, directory: folder.path)
      let size = try TemporaryFolder.bytes(of: folder.file(destination)).count
      let grouped = "\(size / 1000),\(String(size % 1000 + 1000).dropFirst())"
      #expect(run.ending == .exited(0), "\(run.errorText)")
      #expect(run.outputText == "wrote \(destination): 2 tensors, \(grouped) bytes\n")
      #expect(run.errorText == "note: no plan (--plan): no tensor is cut\n")
    }
    #expect(
      try FileManager.default.destinationOfSymbolicLink(atPath: folder.file("alias.h5")) == "old.h5")
    #expect(
      try TemporaryFolder.bytes(of: folder.file("old.h5")) == TemporaryFolder.bytes(of: folder.file("new.h5"))
    )
  }

  @Test("a reader that goes away is no error, and the command's own code stands")
  func closedPipe() throws {
    let folder = try folder()
    let rows: [SampleWeights.Row] = (0..<9000).map { ("tensor.\($0).weight", "U8", [1]) }
    _ = try folder.write(SampleWeights.bytes(rows), as: "many.safetensors")
    for (command, code) in [
      ("inspect many.safetensors", 0), ("--help", 0), ("validate bad.npy w.safetensors", 1),
    ] {
      _ = try folder.write(
        Array("\u{93}NUMPY".unicodeScalars.map { UInt8($0.value) }) + [1, 0, 9, 9], as: "bad.npy")
      let run = try shell(
        "(\"$0\" \(command); echo \"code $?\" >&2) | true", [Peers.tessera], folder.path)
      #expect(run.errorText == "code \(code)\n", "\(command)")
    }
  }

  @Test(
    "a full disk behind stdout ends with 2 and a sentence",
    arguments: ["inspect w.safetensors", "--help", "--version"])
  func fullStandardOutput(command: String) throws {
    let folder = try folder()
    let run = try shell("exec \"$0\" \(command) > /dev/full", [Peers.tessera], folder.path)
    #expect(run.sentence() == "standard output: cannot write: No space left on device")
  }

  @Test("control characters of a name reach the terminal as text")
  func controlCharacters() throws {
    let folder = try TemporaryFolder()
    let run = try tessera(["inspect", "a\u{1B}[31m\nb.h5"], directory: folder.path)
    #expect(run.sentence() == "a\\u{1b}[31m\\u{a}b.h5: cannot open: no such file or directory")
  }
}
