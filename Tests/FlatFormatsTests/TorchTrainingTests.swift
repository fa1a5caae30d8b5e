import FlatFormats
import Pickle
import TensorStreams
import Tensors
import TestSupport
import Testing

@Suite("Training checkpoints of PyTorch")
struct TorchTrainingTests {
  private static func source(_ bytes: [UInt8], as name: String = "x.pt") throws -> any FlatWeightsSource {
    let folder = try TemporaryFolder()
    return try withExtendedLifetime(folder) { try open(try folder.write(bytes, as: name)) }
  }

  private static func names(_ source: any FlatWeightsSource) -> [String] {
    source.tensors.map(\.spec.name.text)
  }

  /// The entries beside a model, the names of all tensors, and the names of the parts that are left out.
  struct Row: Sendable {
    let label: String
    let names: [String]
    let leftOut: [String]
    var hasNote = false
    let body: @Sendable (inout PickleWriter) -> Void
  }

  static let rows: [Row] = [
    Row(label: "Lightning's scores", names: ["w", "b"], leftOut: ["callbacks"]) { writer in
      TrainingBytes.tensors("state_dict", [("w", [2, 3]), ("b", [3])], &writer)
      TrainingBytes.entry("callbacks", &writer) { writer in
        TrainingBytes.tensors("ModelCheckpoint", [("best_model_score", []), ("kth_value", [])], &writer)
      }
    },
    Row(label: "scores and random numbers", names: ["w"], leftOut: ["best_acc1", "loss", "rng_state"]) {
      writer in
      writer.tensor("best_acc1", TrainingBytes.tensor([]))
      TrainingBytes.tensors("model", [("w", [2, 3])], &writer)
      writer.tensor("loss", TrainingBytes.tensor([1]))
      writer.text("rng_state")
      writer.list { $0.tensor(TrainingBytes.tensor([6])) }
    },
    Row(
      label: "a second model", names: ["model.w", "ema.w"], leftOut: ["callbacks"], hasNote: true
    ) { writer in
      TrainingBytes.tensors("model", [("w", [2, 3])], &writer)
      TrainingBytes.tensors("ema", [("w", [2, 3])], &writer)
      TrainingBytes.tensors("callbacks", [("best", [])], &writer)
    },
    Row(
      label: "a second model of a callback", names: ["state_dict.w", "callbacks.w"], leftOut: [],
      hasNote: true
    ) { writer in
      TrainingBytes.tensors("state_dict", [("w", [2, 3])], &writer)
      TrainingBytes.tensors("callbacks", [("w", [2, 3])], &writer)
    },
    Row(
      label: "several tensors under the key of a score", names: ["model.w", "best_model.b"], leftOut: [],
      hasNote: true
    ) { writer in
      TrainingBytes.tensors("model", [("w", [2, 3])], &writer)
      TrainingBytes.tensors("best_model", [("b", [3])], &writer)
    },
    Row(label: "no model under a usual key", names: ["encoder.w", "callbacks.s", "loss"], leftOut: []) {
      writer in
      TrainingBytes.tensors("encoder", [("w", [2, 3])], &writer)
      TrainingBytes.tensors("callbacks", [("s", [])], &writer)
      writer.tensor("loss", TrainingBytes.tensor([]))
    },
    Row(label: "a state dict with such names", names: ["weights", "loss", "step"], leftOut: []) { writer in
      for name in ["weights", "loss", "step"] { writer.tensor(name, TrainingBytes.tensor([3])) }
    },
    Row(
      label: "a key twice", names: ["model.w", "callbacks.s", "callbacks.m"], leftOut: [], hasNote: true
    ) { writer in
      TrainingBytes.tensors("model", [("w", [2, 3])], &writer)
      TrainingBytes.tensors("callbacks", [("s", [])], &writer)
      TrainingBytes.tensors("callbacks", [("m", [3, 2])], &writer)
    },
    Row(
      label: "another entry with a name of the model", names: ["model.w", "w.b"], leftOut: [], hasNote: true
    ) { writer in
      TrainingBytes.tensors("model", [("w", [2, 3])], &writer)
      TrainingBytes.tensors("w", [("b", [3])], &writer)
    },
  ]

  @Test("tensors beside a model are listed, and change no name of the model", arguments: rows.indices)
  func beside(number: Int) throws {
    let row = Self.rows[number]
    let source = try Self.source(TrainingBytes.file(row.body))
    #expect(Self.names(source) == row.names, "\(row.label)")
    #expect(source.leftOut.map(\.name) == row.leftOut, "\(row.label)")
    #expect(source.leftOut.allSatisfy { $0.fate == .apart })
    #expect(source.remarks.contains { $0.kind == .severalModels } == row.hasNote, "\(row.label)")
  }

  @Test("the words for what is beside a model count its tensors")
  func words() throws {
    // Both are the same element of one storage.
    let source = try Self.source(TrainingBytes.file(Self.rows[0].body))
    #expect(
      source.leftOut.map(\.sentence) == [
        "'callbacks': 2 tensors (4 B) beside the model, which are no weights"
      ])
  }

  @Test("the keys of a model and its optimizer are known beside scores, so that they can be written again")
  func keys() throws {
    let source = try Self.source(
      TrainingBytes.file { writer in
        Self.rows[0].body(&writer)
        writer.text("optimizer_states")
        writer.list { $0.dictionary(TrainingBytes.optimizer) }
      })
    #expect(Self.names(source) == ["w", "b"])
    #expect(source.leftOut.map(\.name) == ["callbacks", "optimizer_states.0"])
    let state = try #require(try source.optimizer()).state
    #expect(state.modelPlace == ["state_dict"])
    #expect(state.place == [.text("optimizer_states"), .number(0)])
  }

  @Test("a whole model of DeepSpeed is read; the parts of other ranks are listed")
  func deepSpeed() throws {
    let shapes = [("w", [2, 3]), ("b", [3])]
    let source = try Self.source(TrainingBytes.deepSpeed(shapes))
    #expect(Self.names(source) == ["w", "b"] && source.leftOut.isEmpty)
    let part = try Self.source(TrainingBytes.deepSpeed(shapes, ranks: 4))
    #expect(part.leftOut.map(\.name) == ["mp_rank_*_model_states.pt"])
    #expect(part.leftOut.map(\.fate) == [.elsewhere])
  }

  @Test("refusals name the way on")
  func ways() throws {
    let words: [(String, String)] = [
      ("pytorch.deepspeed: weights of ZeRO-3", "run zero_to_fp32.py"),
      ("pytorch.deepspeed: parameters without elements", "run zero_to_fp32.py"),
      ("shards.folder: a checkpoint of DeepSpeed", "run zero_to_fp32.py"),
      ("shards.name: an index of files of PyTorch", "safe_serialization=True"),
      ("flat.left-out: a tensor of several ranks", "StateDictOptions(full_state_dict=True)"),
    ]
    for (name, way) in words {
      let example = try #require(RefusalCase.trainingCases.first { "\($0)" == name }, "\(name)")
      let folder = try TemporaryFolder()
      let sentence = refusal { try example.run(folder) }?.description ?? ""
      #expect(sentence.contains(way), "\(sentence)")
    }
  }

  static let files: [(name: String, beside: [String], leftOut: [String])] = [
    ("pytorch_model-00001-of-00003.bin", [], ["pytorch_model-*-of-00003.bin"]),
    ("pytorch_model.bin", [], []),
    ("consolidated.00.pth", ["consolidated.01.pth"], ["consolidated.*.pth"]),
    ("consolidated.01.pth", ["consolidated.00.pth", "consolidated.02.pth"], ["consolidated.*.pth"]),
    ("consolidated.00.pth", ["consolidated.safetensors", "consolidated.1.pth", "x.pth"], []),
  ]

  @Test("the other files of a model are listed, and are no loss", arguments: files.indices)
  func others(number: Int) throws {
    let (name, beside, leftOut) = Self.files[number]
    let folder = try TemporaryFolder()
    for other in beside { _ = try folder.write([], as: other) }
    let source = try open(try folder.write(TorchBytes.tensor().file, as: name))
    #expect(source.leftOut.map(\.name) == leftOut)
    #expect(source.leftOut.allSatisfy { $0.fate == .elsewhere })
    try source.requireWhole()
  }

  @Test("a shard of safetensors lists the others, and a set of them does not")
  func shards() throws {
    let folder = try TemporaryFolder()
    for (number, name) in ["a", "b"].enumerated() {
      let json = #"{"\#(name)":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#
      _ = try folder.write(
        safetensors(json, body: 1), as: "set/model-0000\(number + 1)-of-00002.safetensors")
    }
    let shard = try open(folder.file("set/model-00002-of-00002.safetensors"))
    #expect(shard.leftOut.map(\.name) == ["model-*-of-00002.safetensors"])
    #expect(try open(folder.file("set")).leftOut.isEmpty)
  }
}
