import Foundation
import Tessera
import TestSupport
import Testing

/// The public module, used as another package uses it.
@Suite("Library")
struct LibraryTests {
  private static let sample = "\(SourceFolder.root)/samples/fashion"

  /// The sample as a unit checkpoint.
  private func checkpoint(in folder: TemporaryFolder) async throws -> Checkpoint {
    let path = folder.file("fashion.h5")
    try await WeightsFile("\(Self.sample)/weights.safetensors").convert(
      to: path, plan: try UnitPlan("\(Self.sample)/plan.json"))
    return try Checkpoint(path)
  }

  private func error(_ body: () async throws -> Void) async -> TesseraError? {
    do { try await body() } catch { return error as? TesseraError }
    return nil
  }

  @Test("a sub-network's elements, bytes and pieces are the same tensor")
  func reading() async throws {
    let folder = try TemporaryFolder()
    let checkpoint = try await checkpoint(in: folder)
    #expect(checkpoint.unitCount == 4)
    #expect(checkpoint.tasks.map(\.name) == ["fine", "coarse", "digits", "parity"])
    let network = try checkpoint.network(task: "digits", level: 2)
    #expect(network.units == [2, 1] && network.parameterCount == 31_073)
    #expect(try checkpoint.network(task: "digits", budget: "35k").level == 2)
    for tensor in network.tensors where tensor.dtype == DType(rawValue: "F32") {
      let values = try network.elements(of: tensor.name, as: Float.self)
      #expect(values.count == tensor.elementCount)
      let bytes = try network.bytes(of: tensor.name)
      #expect(values.withUnsafeBytes { Array($0) } == bytes)
      for limit in [1, 7, 4096] where limit > 1 || bytes.count < 200 {
        var joined: [UInt8] = []
        for try await piece in try network.pieces(of: tensor.name, byteCount: limit) {
          #expect((1...limit).contains(piece.count))
          joined += piece
        }
        #expect(joined == bytes, "\(tensor.name), \(limit)")
      }
    }
  }

  @Test("what cannot be done is refused, in a sentence that Foundation shows, too")
  func refusals() async throws {
    let folder = try TemporaryFolder()
    let names = (0..<3).map { ("odd\($0)", "F32", [8, 4]) }
    let weights = try WeightsFile(try folder.write(SampleWeights.bytes(names), as: "w.safetensors"))
    // Nothing in the names says how to cut them.
    let nothing = await error { _ = try UnitPlan.proposed(for: weights, unitCount: 4) }
    #expect(nothing?.code == .plan && nothing?.description.contains("a tensor to cut") == true)
    #expect(nothing?.localizedDescription == nothing?.description)
    let plan = try UnitPlan.proposed(for: weights, unitCount: 4, cuts: ["odd0=a,-"])
    #expect(plan.notes.contains { $0.contains("half cut") }, "\(plan.notes)")
    func settings(_ change: (inout ConversionSettings) -> Void) -> ConversionSettings {
      var settings = ConversionSettings()
      change(&settings)
      return settings
    }
    let wrong: [(path: String, settings: ConversionSettings)] = [
      ("s/", settings { $0.shardSize = 0 }), ("s/", settings { $0.shardSize = -5 }),
      ("m.h5", settings { $0.shardSize = 100 }), ("m.npz", settings { $0.compresses = true }),
      ("m.npz", settings { $0.leavingOut = [String(repeating: "a*", count: 20)] }),
    ]
    for (path, settings) in wrong {
      let refused = await error { try await weights.convert(to: folder.file(path), settings: settings) }
      #expect(refused?.code == .request, "\(path): \(String(describing: refused))")
    }
    #expect(try folder.names() == ["w.safetensors"])
    let checkpoint = try await checkpoint(in: folder)
    #expect(await error { _ = try checkpoint.network(task: "fine", budget: "lots") }?.code == .request)
    #expect(
      await error { _ = try TensorValue(dtype: DType(rawValue: "F32")!, shape: [-1], bytes: []) }?.code
        == .request)
  }

  @Test(
    "an array that is no input is refused, by the library and by the command, of a model and of a checkpoint")
  func inputs() async throws {
    let folder = try TemporaryFolder()
    let model = "\(Self.sample)/network.onnx"
    let stored = folder.file("n.h5")
    try await WeightsFile(model).convert(to: stored, plan: try UnitPlan("\(Self.sample)/plan.json"))
    let images = try WeightsFile("\(Self.sample)/images.npy")
    let tensor = try #require(images.tensors.first)
    let array = try TensorValue(
      dtype: tensor.dtype, shape: tensor.shape, bytes: images.bytes(of: tensor.name))
    let wrong = ["images": array, "imagse": array]
    let network = try Checkpoint(stored).network(task: "fine", level: 1)
    for run in [
      { try await WeightsFile(model).run($0) }, { try await network.run($0) },
    ] as [@Sendable ([String: TensorValue]) async throws -> [String: TensorValue]] {
      #expect(try await !run(["images": array]).isEmpty)
      let refused = await error { _ = try await run(wrong) }
      #expect(refused?.description.contains("array 'imagse': expected the model's inputs 'images'") == true)
      // A cancelled task ends before its first node.
      let task = Task { try await run(["images": array]) }
      task.cancel()
      await #expect(throws: CancellationError.self) { _ = try await task.value }
    }
  }

  @Test("what is extracted, joined and compared is what was read")
  func writing() async throws {
    let folder = try TemporaryFolder()
    let checkpoint = try await checkpoint(in: folder)
    let network = try checkpoint.network(task: "parity", level: 3)
    for name in ["p.safetensors", "p.npz", "p.pt", "p.gguf"] {
      try await network.extract(to: folder.file(name))
      let difference = try await network.difference(from: try WeightsFile(folder.file(name)))
      #expect(difference.isEqual && difference.equalCount == network.tensors.count, "\(name): \(difference)")
    }
    try await checkpoint.file.convert(to: folder.file("back.safetensors"))
    #expect(
      try TemporaryFolder.bytes(of: folder.file("back.safetensors"))
        == TemporaryFolder.bytes(of: "\(Self.sample)/weights.safetensors"))
    let other = try await network.difference(from: try checkpoint.network(task: "parity", level: 2))
    #expect(!other.isEqual && other.changed.contains { if case .shape = $0.kind { true } else { false } })
    let table = try checkpoint.file.count(policy: "weights-only")
    #expect(table.networks.count == 16 && table.networks.contains { $0.parameters == 30_416 })
    #expect(
      table.networks.allSatisfy { $0.parameters == $0.common + $0.intra + $0.interconnection + $0.private })
    let report = try await validate(checkpoint.file.path, isDeep: true)
    #expect(report.isClean && report.findings.isEmpty)
  }

  @Test("inputs that are added become tasks, and wrong ones are refused")
  func adding() async throws {
    let folder = try TemporaryFolder()
    let home = "\(SourceFolder.fixtures)/adapters"
    let base = try WeightsFile("\(home)/base")
    var settings = ConversionSettings()
    settings.adding = [("sql", "\(home)/sql"), ("chat", "\(home)/chat")]
    try await base.convert(to: folder.file("m.h5"), settings: settings)
    let checkpoint = try Checkpoint(folder.file("m.h5"))
    #expect(checkpoint.tasks.map(\.name) == ["base", "sql", "chat"])
    let adapter = try WeightsFile("\(home)/sql")
    let network = try checkpoint.network(task: "sql", level: 1)
    for tensor in adapter.tensors {
      #expect(try network.bytes(of: tensor.name) == adapter.bytes(of: tensor.name), "\(tensor.name)")
    }
    for (added, words) in [
      ([("a/b", "\(home)/sql")], "adding: expected"), ([("x", "none")], "none: cannot open"),
      ([("x", "\(home)/sql"), ("x", "\(home)/chat")], "found 'x' twice"),
    ] {
      settings.adding = added
      let failure = await error { try await base.convert(to: folder.file("n.h5"), settings: settings) }
      #expect(failure?.description.contains(words) ?? false, "\(String(describing: failure))")
    }
    settings.adding = [("sql", "\(home)/sql")]
    let flat = await error { try await base.convert(to: folder.file("n.npz"), settings: settings) }
    #expect(flat?.description.contains("adding: expected a unit checkpoint") ?? false)
    #expect(!FileManager.default.fileExists(atPath: folder.file("n.h5")))
  }

  @Test("an optimizer goes along, and its settings are a warning where they are lost")
  func optimizer() async throws {
    let folder = try TemporaryFolder()
    let home = "\(SourceFolder.fixtures)/optimizer"
    let file = try WeightsFile("\(home)/named.pt")
    var settings = ConversionSettings()
    settings.keepsOptimizer = true
    try await file.convert(
      to: folder.file("m.h5"), plan: try UnitPlan("\(home)/training.json"), settings: settings)
    #expect(try Checkpoint(folder.file("m.h5")).file.tensors.count == 53)
    try await WeightsFile(folder.file("m.h5")).convert(to: folder.file("again.pt"))
    let again = try WeightsFile(folder.file("again.pt"))
    let result = try await again.convert(to: folder.file("w.npz"), settings: settings)
    #expect(result.warnings.count == 1 && result.warnings[0].contains("its settings (weight_decay, lr"))
    #expect(try WeightsFile(folder.file("w.npz")).tensors.count == 53)
    var code = await error { try await again.convert(to: folder.file("set/"), settings: settings) }?.code
    #expect(code == .request)
    settings.adding = [("a", home + "/adamw.pt")]
    code = await error { try await again.convert(to: folder.file("n.h5"), settings: settings) }?.code
    #expect(code == .request)
    // Numbers, and weights whose file sorts the names.
    (settings.adding, settings.parameterOrder) = ([], ["up.weight"])
    let numbered = try WeightsFile("\(home)/adamw.pt")
    let wrong = await error { try await numbered.convert(to: folder.file("n.h5"), settings: settings) }
    #expect(wrong?.description.contains("10 names") == true, "\(String(describing: wrong))")
  }

  @Test("a cancelled conversion ends with CancellationError and leaves nothing")
  func cancelled() async throws {
    let folder = try TemporaryFolder()
    let file = try WeightsFile("\(Self.sample)/weights.safetensors")
    let plan = try UnitPlan("\(Self.sample)/plan.json")
    let task = Task {
      // The first report ends the task.
      try await file.convert(to: folder.file("c.h5"), plan: plan) { _ in
        withUnsafeCurrentTask { $0?.cancel() }
      }
    }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(try folder.names().isEmpty)
  }

  @Test("reading in pieces ends when its task is cancelled")
  func cancelledPieces() async throws {
    let file = try WeightsFile("\(Self.sample)/weights.safetensors")
    let task = Task {
      var count = 0
      for try await piece in try file.pieces(of: "stage2.1.conv1.weight", byteCount: 1024) {
        count += piece.count
        withUnsafeCurrentTask { $0?.cancel() }
      }
      return count
    }
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  @Test("errors have a code and a sentence")
  func errors() async throws {
    let folder = try TemporaryFolder()
    let checkpoint = try await checkpoint(in: folder)
    let network = try checkpoint.network(task: "fine", level: 1)
    _ = try folder.write(Array("not a model".utf8), as: "x.safetensors")
    var found: [(TesseraError.Code, String)] = []
    func note(_ words: String, _ code: TesseraError.Code, _ body: () async throws -> Void) async {
      let error = await error(body)
      #expect(
        error?.code == code && error?.description.contains(words) == true,
        "\(words): \(String(describing: error))")
      if let error { found.append((error.code, error.description)) }
    }
    await note("no such file", .file) { _ = try WeightsFile(folder.file("absent.h5")) }
    await note("x.safetensors", .format) { _ = try WeightsFile(folder.file("x.safetensors")) }
    await note("found safetensors", .format) { _ = try Checkpoint("\(Self.sample)/weights.safetensors") }
    await note("nearest name", .request) { _ = try network.bytes(of: "head.wieght") }
    await note("found F32", .request) { _ = try network.elements(of: "head.weight", as: Double.self) }
    await note("'fien'", .request) { _ = try checkpoint.network(task: "fien", level: 1) }
    await note("--task", .request) { _ = try checkpoint.network(level: 1) }
    await note("expected a key", .plan) { _ = try UnitPlan(json: "{") }
    await note("expected another file", .request) {
      try await checkpoint.file.convert(to: checkpoint.file.path)
    }
    await note("a name that ends in", .request) { try await network.extract(to: folder.file("x.txt")) }
    await note("graph", .request) { _ = try await network.run([:]) }
    #expect(found.count == 11)
    #expect(try TemporaryFolder.bytes(of: checkpoint.file.path).count == 708_800)
  }

  @Test("a value's bytes must be as many as its shape says")
  func values() throws {
    let value = try TensorValue([1, 2, 3, 4] as [Float], shape: [2, 2])
    #expect(value.dtype.rawValue == "F32" && value.bytes.count == 16)
    #expect(try value.elements(as: Float.self) == [1, 2, 3, 4])
    #expect(throws: TesseraError.self) { try TensorValue([1, 2, 3] as [Int64], shape: [2, 2]) }
    #expect(throws: TesseraError.self) { try value.elements(as: Int32.self) }
    #expect(throws: TesseraError.self) {
      try TensorValue([] as [UInt8], shape: [Int.max, 2])
    }
  }
}
