internal import ArgumentParser
internal import ByteFiles
internal import Tensors
internal import Tessera

struct LockCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lock",
    abstract: "Write the digests of files and tensors, for validate --locked.",
    usage: "tessera lock <files> ... [<options>]",
    discussion: """
      Write a lock (schemas/lock.schema.json): the size and the SHA-256 of each file of weights, the digest \
      of its model, and the SHA-256 of every tensor. If you give a folder, every other file in it is locked too: \
      configuration, tokenizer, code; hidden files, tessera.toml and tessera.lock are not. Paths in the lock \
      are relative to its folder, which holds all files, and the same files give the same bytes.

      A file with errors is refused: a lock would make them permanent. `tessera validate --locked` reports \
      files and tensors that changed, appeared or disappeared.

      Examples:
        tessera lock models/
        tessera validate --locked models/
        tessera lock model.h5 weights.safetensors -o release.lock
      """)

  @Argument(help: "The files or folders to lock.")
  var files: [String]

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp("The path of the lock.", valueName: "file"))
  var output = LockDocument.fileName

  func run() throws {
    for file in files { try DeclaredFiles.require(("--output", output), apartFrom: ["<files>": file]) }
    var bar = ProgressBar("hashing", total: 0)
    defer { bar.finish() }
    var done = 0
    let document = try Locking.document(for: files, output: output) {
      done += $0
      bar.update(done)
    }
    bar.finish()
    let bytes = try document.bytes
    let file = try AtomicFile(path: output)
    try file.write(bytes, at: 0)
    try file.commit()
    let tensors = document.files.reduce(0) { $0 + $1.tensors.count }
    try Output.standardOutput(
      "wrote \(PrintableText.line(output)): \(document.files.count) \(document.files.count == 1 ? "file" : "files"), "
        + "\(tensors) \(tensors == 1 ? "tensor" : "tensors")\n")
  }
}
