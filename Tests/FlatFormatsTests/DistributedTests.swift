import ByteFiles
import FlatFormats
import Pickle
import TensorStreams
import Tensors
import TestSupport
import Testing
import Zip

@Suite("Distributed checkpoints")
struct DistributedTests {
  private func source(
    _ folder: TemporaryFolder, _ change: (inout DistributedBytes) -> Void = { _ in }
  ) throws -> any FlatWeightsSource {
    var checkpoint = DistributedBytes()
    change(&checkpoint)
    _ = try checkpoint.write(in: folder)
    return try open(folder.path)
  }

  @Test("pieces are put together, in any order of the metadata and the file")
  func pieces() throws {
    for isReversed in [false, true] {
      let source = try source(try TemporaryFolder()) { if isReversed { $0.tensors[0].pieces.reverse() } }
      #expect(source.tensors.map(\.spec) == [try TensorSpec(name: "w", dtype: .f32, shape: [4, 3])])
      for piece in [48, 5] { #expect(try contents(source, 0, piece: piece) == pattern(48, salt: 1)) }
    }
  }

  @Test("a piece with other strides, and one in the other byte order, have the same elements")
  func rearranged() throws {
    let data = pattern(48, salt: 1)
    // The first piece by columns, the second with the highest byte first.
    var arguments = TensorArguments()
    arguments.strides = [1, 2]
    var columns = TorchBytes(pickled { $0.tensor(arguments) })
    let order = [0, 3, 1, 4, 2, 5]
    columns.storages = [("0", order.flatMap { data[4 * $0..<4 * $0 + 4] })]
    var big = TorchBytes(pickled { $0.tensor(TensorArguments()) })
    big.byteOrder = "big"
    big.storages = [("0", (6..<12).flatMap { data[4 * $0..<4 * $0 + 4].reversed() })]
    let source = try source(try TemporaryFolder()) { checkpoint in
      checkpoint.tensors[0].pieces[0].bytes = columns.file
      checkpoint.tensors[0].pieces[1].bytes = big.file
    }
    for piece in [48, 5] { #expect(try contents(source, 0, piece: piece) == data) }
  }

  /// Names, and what becomes of them: nil for a tensor of the model.
  private static let names: [([String], [String?])] = [
    (["w", "optimizer.state.w.exp_avg"], [nil, "optimizer"]),
    (["w", "optim.w"], [nil, "optim"]),
    (["w", "state.w.exp_avg", "state.w.step"], [nil, "state", "state"]),
    (["w", "state.w.weight"], [nil, nil]),
    (["w", "a.b.state.w.thing", "a.b.param_groups.0"], [nil, "a.b", "a.b"]),
    (["w", "chained_0.optimizer.state.exp_avg.w"], [nil, "chained_0.optimizer"]),
    (["w", "block.optimizer.weight"], [nil, nil]),
    (["w", "w.momentum_buffer"], [nil, "*.momentum_buffer"]),
    (["step", "w.step"], [nil, nil]),
    // Not one prefix for each of its steps: they would have 100 MB together.
    (["w", .init(repeating: "state.", count: 6000) + "w"], [nil, nil]),
  ]

  @Test(
    "the state of an optimizer is left out, and nothing that only looks like it", arguments: names.indices)
  func optimizers(_ number: Int) throws {
    let (names, fates) = Self.names[number]
    let source = try source(try TemporaryFolder()) { checkpoint in
      let tensor = checkpoint.tensors[0]
      checkpoint.tensors = names.map { name in
        var copy = tensor
        copy.name = name
        return copy
      }
    }
    #expect(source.tensors.map(\.spec.name.text) == zip(names, fates).filter { $1 == nil }.map(\.0))
    #expect(Set(source.leftOut.map(\.name)) == Set(fates.compactMap(\.self)))
    #expect(source.leftOut.allSatisfy { $0.fate == .apart })
  }

  /// The planner's path of each name; the names of tensors that follow.
  private static let paths: [([(String, [String])], [String])] = [
    ([("model.w", ["model", "w"])], ["w"]),
    ([("model.w", ["model", "w"]), ("model.a.b", ["model", "a.b"])], ["w", "a.b"]),
    // The model itself has the name.
    ([("model.w", ["model.w"])], ["model.w"]),
    ([("model.w", ["model", "w"]), ("ema.w", ["ema", "w"])], ["model.w", "ema.w"]),
    ([("model.w", ["model", "w"]), ("model.v", ["model.v"])], ["model.w", "model.v"]),
    ([("layers.w", ["layers", "w"])], ["layers.w"]),
    ([("model", ["model"])], ["model"]),
    ([("model.w", ["model", "v"])], ["model.w"]),
    ([("model.w.x", ["model", "w"])], ["model.w.x"]),
    ([("model.w", ["model", "w", "x"])], ["model.w"]),
    ([("model", ["model", ""])], ["model"]),
  ]

  @Test(
    "the key that holds the model is left out of names only if the planner says so", arguments: paths.indices)
  func wrapper(_ number: Int) throws {
    let (paths, names) = Self.paths[number]
    let source = try source(try TemporaryFolder()) { checkpoint in
      let tensor = checkpoint.tensors[0]
      checkpoint.tensors = paths.map { name, _ in
        var copy = tensor
        copy.name = name
        return copy
      }
      checkpoint.fields = [
        (
          "planner_data",
          .dictionary(paths.map { (.text($0), .tuple($1.map { .text($0) })) })
        )
      ]
    }
    #expect(source.tensors.map(\.spec.name.text) == names)
  }

  @Test("values are named, at most a hundred of them")
  func values() throws {
    let source = try source(try TemporaryFolder()) { checkpoint in
      checkpoint.values = (0..<103).map { ("v\($0)", pickled { $0.integer(1) }) }
    }
    #expect(source.leftOut.count == 101 && source.leftOut.first?.name == "v0")
    #expect(source.leftOut.last?.sentence == "'…': 3 more values that are not tensors")
  }

  @Test("optimizers are named, at most a hundred of them")
  func manyOptimizers() throws {
    let source = try source(try TemporaryFolder()) { checkpoint in
      checkpoint.values = (0..<102).flatMap { number in
        ["state", "param_groups"].map { ("o\(number).\($0)", pickled { $0.integer(1) }) }
      }
    }
    #expect(source.leftOut.count == 101 && source.leftOut.first?.name == "o0")
    #expect(source.leftOut.last?.sentence == "'…': the states of 2 more optimizers")
  }

  @Test("Megatron's metadata is read, and a tensor in another shape than its own is left out")
  func megatron() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write(Array("{}".utf8), as: "metadata.json")
    _ = try folder.write(TorchBytes.tensor().file, as: "common.pt")
    let source = try source(folder) { checkpoint in
      var other = checkpoint.tensors[0]
      other.name = "v"
      checkpoint.tensors.append(other)
      checkpoint.fields = [
        (
          "mcore_data",
          .dictionary([
            (.text("v"), .dictionary([(.text("nd_reformulated_orig_global_shape"), .tuple([.integer(12)]))])),
            (.text("w"), .dictionary([])),
          ])
        )
      ]
    }
    #expect(source.tensors.map(\.spec.name.text) == ["w"])
    #expect(source.leftOut.map(\.name) == ["v", "common.pt"])
    #expect(source.leftOut.map(\.fate) == [.lost, .apart])
  }

  @Test("files of pieces that nothing names, and bytes between pieces, are named")
  func unused() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write(TorchBytes.tensor().file, as: "__9_0.distcp")
    let source = try source(folder) { $0.rest = [1, 2, 3] }
    #expect(source.leftOut.map(\.sentence) == ["'__9_0.distcp': a file that the metadata does not name"])
    #expect(source.remarks.map(\.kind) == [.unreferencedBytes])
    #expect(source.remarks.first?.found.hasSuffix("which belong to none") == true)
  }

  @Test("a piece that no tensor has is named")
  func foreignPiece() throws {
    let source = try source(try TemporaryFolder()) { checkpoint in
      let whole = checkpoint.tensors[0]
      checkpoint.fields = [
        ("state_dict_metadata", .dictionary([(.text("w"), DistributedBytes.entry(whole))]))
      ]
      checkpoint.tensors[0].pieces.append(
        .init(
          offsets: [4, 0], sizes: [2, 3], bytes: DistributedBytes.archive([2, 3], pattern(24, salt: 2))))
      checkpoint.values = [("lost", pickled { $0.integer(1) })]
    }
    #expect(source.tensors.count == 1)
    #expect(source.remarks.map(\.kind) == [.unreferencedBytes, .unreferencedBytes])
    #expect(source.remarks.map(\.place) == ["value 'lost'", "piece [4, 0] of 'w'"])
  }

  @Test("a dtype without a name here is left out")
  func foreign() throws {
    let source = try source(try TemporaryFolder()) { checkpoint in
      var other = checkpoint.tensors[0]
      (other.name, other.dtype) = ("q", "quint8")
      checkpoint.tensors.append(other)
    }
    #expect(source.leftOut.map(\.sentence) == ["'q': a tensor of 'torch.quint8'"])
    #expect(source.leftOut.map(\.fate) == [.lost])
  }

  private func notes(_ folder: TemporaryFolder) throws -> [FlatRemark] {
    try FlatFormats.pickles(in: try ReadableFile(path: folder.file(".metadata"))).remarks
  }

  @Test("the names of the metadata's classes are known there, and nowhere else")
  func globals() throws {
    let folder = try TemporaryFolder()
    _ = try source(folder)
    #expect(try notes(folder) == [])
    let bytes = try TemporaryFolder.bytes(of: folder.file(".metadata"))
    let other = try folder.write(bytes, as: "x.pkl")
    let remarks = try PickleScan(try ReadableFile(path: other)).remarks
    #expect(!remarks.isEmpty && remarks.allSatisfy { $0.kind == .foreignGlobal })
  }

  @Test("a buffer of bytes is data in a value, and its module's other names and files elsewhere are not")
  func buffers() throws {
    func notes(_ name: String) throws -> [FlatRemark] {
      let folder = try TemporaryFolder()
      var checkpoint = DistributedBytes()
      checkpoint.values = [("v", PickleText.call("_io", name, [.text("x")]).pickle)]
      _ = try checkpoint.write(in: folder)
      return try self.notes(folder)
    }
    let remarks = try notes("BytesIO")
    #expect(!remarks.isEmpty && remarks.allSatisfy { $0.kind == .dataGlobal && $0.global == "_io.BytesIO" })
    for name in ["FileIO", "open", "BytesIO.__init__", "BytesIO.getvalue"] {
      #expect(try notes(name).contains { $0.kind == .codeGlobal }, "\(name)")
    }
    let folder = try TemporaryFolder()
    let other = try folder.write(PickleText.call("_io", "BytesIO", []).pickle, as: "x.pkl")
    #expect(try PickleScan(try ReadableFile(path: other)).remarks.contains { $0.kind == .codeGlobal })
  }

  @Test("code in the metadata, in a value, in a piece and between pieces is found")
  func code() throws {
    let attack = PickleText.call("os", "system", [.text("true")])
    let changes: [(String, (inout DistributedBytes) -> Void)] = [
      ("planner", { $0.fields = [("planner_data", attack)] }),
      ("value", { $0.values = [("v", attack.pickle)] }),
      ("rest", { $0.rest = attack.pickle }),
      (
        "piece",
        { checkpoint in
          var file = TorchBytes(pickled { $0.tensor(TensorArguments()) })
          file.others = [("m/extra.pkl", attack.pickle)]
          checkpoint.tensors[0].pieces[1].bytes = file.file
        }
      ),
    ]
    for (label, change) in changes {
      let folder = try TemporaryFolder()
      var checkpoint = DistributedBytes()
      change(&checkpoint)
      _ = try checkpoint.write(in: folder)
      #expect(try notes(folder).contains { $0.kind == .codeGlobal && $0.global == "os.system" }, "\(label)")
    }
  }

  @Test("a flipped bit of a piece is found when it is read, and the error names the piece")
  func flipped() throws {
    let folder = try TemporaryFolder()
    _ = try source(folder)
    let path = folder.file("__0_0.distcp")
    var bytes = try TemporaryFolder.bytes(of: path)
    let data = pattern(48, salt: 1)
    let place = try #require(bytes.indices.first { bytes[$0...].starts(with: data[24..<48]) })
    bytes[place] ^= 1
    _ = try folder.write(bytes, as: "__0_0.distcp")
    let error = refusal { _ = try readAll(folder.path) }
    #expect(error?.defect == .zip(.crc))
    #expect(error?.description.contains("piece [2:4, 0:3] of tensor 'w', bytes ") == true)
  }
}
