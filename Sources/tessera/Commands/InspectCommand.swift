internal import ArgumentParser
internal import FlatFormats
internal import Reporting
internal import TensorStreams
internal import Tensors
internal import Tessera
internal import UnitCheckpoints

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "List the tensors of a file; of a unit checkpoint also units, tasks and levels.",
    usage: "tessera inspect <file> [<options>]",
    discussion: """
      Reads safetensors, npz, npy, PyTorch files, ONNX and unit checkpoints, recognised by their content. Only the header \
      or the index is read, except with --digests, which reads every byte of a flat file.

      Nothing in a PyTorch file (.pt, .pth, .bin, .ckpt) is ever run. Its tensors are called by the way to them, keys \
      joined by dots; where one top entry holds the model and is called state_dict, model_state_dict, model_state, \
      model, net, network, module, weights or params, that name is left off. NumPy arrays and scalars in such a file are tensors, too.

      What else a file holds is listed as left out, with the reason: optimizer states, sparse and quantised tensors, \
      tensors of unknown classes, arrays of text or Python objects, files that are no arrays.

      Example:
        tessera inspect model.h5
        tessera inspect weights.safetensors --json --digests
      """)

  @Argument(help: "The file to look into.")
  var file: String

  @Flag(help: "Print the plan of a unit checkpoint, and nothing else.")
  var plan = false

  @Flag(help: "Print JSON (schemas/inspect.schema.json).")
  var json = false

  @Flag(help: "Add the SHA-256 of every tensor's logical bytes.")
  var digests = false

  @OptionGroup var reading: ReadingOptions

  func run() throws {
    let inspection: Inspection
    switch try OpenedFile(file, assumeDType: reading.assumeDType).contents {
    case .flat where plan:
      throw Failure(sentence: "\(file): --plan: expected a unit checkpoint, found flat weights")
    case .flat(let source): inspection = try Inspection(source, digests: digests)
    case .checkpoint(let checkpoint) where plan:
      return try Output.standardOutput(String(decoding: checkpoint.planText, as: UTF8.self))
    case .checkpoint(let checkpoint): inspection = try Inspection(checkpoint, digests: digests)
    }
    if json {
      try Output.standardOutput(json: inspection.json)
    } else {
      try Output.standardOutput(inspection.text(width: Terminal.width))
    }
  }
}

extension Inspection {
  /// What a flat file holds.
  fileprivate init(_ source: any FlatWeightsSource, digests: Bool) throws {
    var rows: [Inspection.Tensor] = []
    var bar = ProgressBar("hashing", total: source.tensors.reduce(0) { $0 + $1.spec.byteCount })
    defer { bar.finish() }
    var done = 0
    for (index, tensor) in source.tensors.enumerated() {
      var digest: SHA256Digest?
      if digests {
        do {
          digest = try source.digest(of: index) {
            done += $0
            bar.update(done)
          }
        } catch { throw Failure(sentence: "\(error)") }
      }
      rows.append(Inspection.Tensor(spec: tensor.spec, digest: digest, tiedTo: tensor.tiedTo))
    }
    let digested = rows.compactMap { row in row.digest.map { (row.spec, $0) } }
    self.init(
      file: source.path, kind: source.kind.rawValue, tensors: rows, metadata: source.metadata,
      notes: source.remarks.map {
        Inspection.Note(
          kind: $0.kind.rawValue, place: $0.place, message: "expected \($0.expected), found \($0.found)")
      },
      leftOut: LeftOutList(source), modelDigest: digests ? Tensors.modelDigest(of: digested) : nil)
  }

  /// What a unit checkpoint holds; its digests are in its index.
  fileprivate init(_ checkpoint: UnitCheckpoint, digests: Bool) throws {
    let index = checkpoint.index
    let rows = index.tensors.enumerated().map { number, tensor in
      Inspection.Tensor(
        spec: tensor.spec, digest: digests ? tensor.digest : nil,
        tiedTo: tensor.tiedTo.map { index.tensors[$0].spec.name },
        placement: checkpoint.placementWords(of: number))
    }
    self.init(
      file: checkpoint.path, kind: "unit-checkpoint", tensors: rows, metadata: [],
      modelDigest: checkpoint.modelDigest, checkpoint: try checkpoint.summary())
  }
}
