import ByteFiles
import Conversion
import FlatFormats
import TensorStreams
import Tensors
import TestSupport
import Testing
import UnitModel
import Validation

@testable import UnitCheckpoints

/// The record of added inputs, sound and forged.
@Suite("Records of added inputs")
struct AddedRecordTests {
  private static func open(_ path: String) throws -> any FlatWeightsSource {
    try FlatFormats.open(try ReadableFile(path: path))
  }

  /// A checkpoint of one file, with a set of shards added as `set` and a folder's file as `one`.
  private static func checkpoint(in folder: TemporaryFolder) throws -> String {
    let base = try open(
      try folder.write(SampleWeights.bytes([("a", "F32", [3]), ("b", "I8", [5])]), as: "base.safetensors"))
    let rows: [SampleWeights.Row] = [("a", "F32", [2, 3]), ("c", "F16", [7])]
    let whole = try open(try folder.write(SampleWeights.bytes(rows, seed: 2), as: "whole.safetensors"))
    let sink = try FlatFormats.sink(
      kind: .shardedSafetensors, path: folder.file("set/"), specs: whole.tensors.map(\.spec), shardSize: 20)
    try CopyTensors(whole, to: sink).run { _ in }
    let set = try open(folder.file("set/model.safetensors.index.json"))
    let one = try open(
      try folder.write(SampleWeights.bytes([("x", "U8", [9])], seed: 3), as: "one.safetensors"))
    let file = CompanionFile(name: "config.json", bytes: Array("{}".utf8))
    let added = [
      AddedInput(name: "set", source: set, fileName: nil, companions: [file]),
      AddedInput(name: "one", source: one, fileName: "one.safetensors", companions: [file]),
    ]
    let (plan, _) = try Plan(unitCount: 1).adding(added, to: base)
    let (contents, _) = try CheckpointContents.cutting(base, plan: plan, planPath: "plan", adding: added)
    let path = folder.file("m.h5")
    try FlatToUnits(JoinedInputs(base, added), contents: contents, destination: path).run { _ in }
    return path
  }

  @Test("lists each input with its own files, and shares equal companions")
  func sound() throws {
    let folder = try TemporaryFolder()
    let checkpoint = try UnitCheckpoint(try ReadableFile(path: try Self.checkpoint(in: folder)))
    let record = try checkpoint.sourceRecord()
    #expect(record.inputs.map(\.name) == [nil, "set", "one"])
    #expect(record.inputs.map(\.tensors) == [0..<2, 2..<4, 4..<5])
    #expect(record.inputs.map { $0.record.files.map(\.name) } == [[], ["config.json"], ["config.json"]])
    #expect(record.added[0].record.files[0].header == record.added[1].record.files[0].header)
    // Four headers of safetensors, the index, one config.json.
    #expect(try checkpoint.headers().count == 6)
    let set = try #require(try checkpoint.addedInput(named: "set"))
    #expect(set.tensors.map(\.spec.name) == ["a", "c"] && set.kind == .shardedSafetensors)
    let original = try Self.open(folder.file("set/model.safetensors.index.json"))
    #expect(try set.shardSet() == original.shardSet)
    for number in original.tensors.indices {
      #expect(try set.digest(of: number) == original.digest(of: number))
    }
    #expect(throws: (any Error).self) { try set.reader(of: 2) }
    #expect(try checkpoint.addedInput(named: "sets") == nil)
    // Random bits can be NaN, which is a note.
    let findings = try FileValidation.findings(in: ReadableFile(path: checkpoint.path), deep: true)
    #expect(findings.filter { $0.severity != .note }.isEmpty)
  }

  /// A change in the record, and the sentence that it makes.
  static let forgeries: [(old: String, new: String, words: String)] = [
    (#""name": "set""#, #""name": "..""#, "expected an added input with a name of at most 64"),
    (#""name": "set""#, #""name": "s/t""#, "expected an added input with a name of at most 64"),
    (#""name": "set""#, #""name": 7"#, "expected an added input with a name of at most 64"),
    (#""name": "set""#, #""name": "one""#, "names that begin with it and '/', found 'set/a'"),
    (#""name": "one","#, #""name": "set","#, "expected each added input once, found 'set' twice"),
    (#""added""#, #""addid""#, "expected shards of 5 tensors together, found 2"),
    (#""tensors": 2"#, #""tensors": 3"#, "begin with it and '/', found 'one/x'"),
    (#""tensors": 2"#, #""tensors": 1"#, "begin with it and '/', found 'b'"),
    (#""header": 0"#, #""header": 1"#, "for each of 6 headers"),
    (#""header": 3"#, #""header": 9223372036854775807"#, "for each of 6 headers"),
    (#""header": 3"#, #""header": -1"#, "for each of 6 headers"),
    (#""index": {"#, #""index": 3, "other": {"#, "expected an index with its name and sha256"),
    (
      #""kind": "safetensors-sharded""#, #""kynd": "safetensors-sharded""#,
      "one without format, kind or shards"
    ),
  ]

  @Test("a forged record is refused in a sentence, and validate reports it")
  func forged() throws {
    let folder = try TemporaryFolder()
    let path = try Self.checkpoint(in: folder)
    var ran = 0
    for row in Self.forgeries {
      var forger = try CheckpointForger(path: path)
      let record = String(decoding: forger.tables.source, as: UTF8.self)
      let changed = record.replacing(row.old, with: row.new, maxReplacements: 1)
      #expect(changed != record, "\(row.old)")
      forger.tables.source = Array(changed.utf8)
      let forged = try ReadableFile(path: try folder.write(try forger.sealed(), as: "forged.h5"))
      let error = #expect(throws: CheckpointError.self) { try UnitCheckpoint(forged).sourceRecord() }
      #expect(error.map { "\($0)" }?.contains(row.words) == true, "\(error.map { "\($0)" } ?? "")")
      let findings = try FileValidation.findings(in: forged, deep: false)
      #expect(findings.contains { $0.rule == .sourceHeader && $0.severity == .error }, "\(row.new)")
      ran += 1
    }
    #expect(ran == 13)
  }

  @Test("headers, companions and indexes of added inputs are compared with their tensors")
  func contents() throws {
    let folder = try TemporaryFolder()
    let path = try Self.checkpoint(in: folder)
    for (old, new, words) in [
      (#""x":{"#, #""y":{"#, "'y'"),
      (#""a":{"dtype":"F32","shape":[2,3]"#, #""a":{"dtype":"F32","shape":[3,2]"#, "'a'"),
      ("{}", "[]", "config.json"), (#""weight_map""#, #""weight_mop""#, "SHA-256"),
    ] {
      var forger = try CheckpointForger(path: path)
      for number in forger.headers.indices.dropFirst() {
        let text = String(decoding: forger.headers[number], as: UTF8.self)
        guard let range = text.firstRange(of: old) else { continue }
        let start = text[..<range.lowerBound].utf8.count
        // The eight bytes of the length are ASCII and zeros, so offsets in the text are those of the bytes.
        forger.headers[number].replaceSubrange(start..<start + old.utf8.count, with: new.utf8)
      }
      let forged = try ReadableFile(path: try folder.write(try forger.sealed(), as: "forged.h5"))
      let findings = try FileValidation.findings(in: forged, deep: false)
      #expect(
        findings.contains { $0.rule == .sourceHeader && $0.message.contains(words) },
        "\(old): \(findings.map(\.message))")
    }
  }
}
