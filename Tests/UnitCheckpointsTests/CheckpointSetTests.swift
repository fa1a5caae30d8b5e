import ByteFiles
import Conversion
import FlatFormats
import Foundation
import TensorStreams
import Tensors
import TestSupport
import Testing
import UnitModel
import Validation

@testable import UnitCheckpoints

@Suite("Sets of checkpoints")
struct CheckpointSetTests {
  static let goldens = GoldenCheckpoint.all + [.sharded, .graph]
  /// The fingerprint in every part; `SourceFingerprintTests` have others.
  private static let files = SourceFingerprint(0x0123_4567_89AB_CDEF)

  /// The golden checkpoint in one file, `m.h5`, and in `count` parts beside it; returns the contents of the one file.
  static func write(
    _ golden: GoldenCheckpoint, parts count: Int, in folder: TemporaryFolder
  ) throws -> CheckpointContents {
    let source = try golden.source(in: folder)
    let (contents, _) = try CheckpointContents.cutting(
      source, plan: try Plan(parsing: Array(golden.plan.utf8)), planPath: golden.name,
      isCompressed: golden.isCompressed)
    try FlatToUnits(source, contents: contents, destination: folder.file("m.h5")).run { _ in }
    let names = try #require(CheckpointSetNames(folder.file("m.h5")))
    var bytes = 0
    for number in 1...count {
      var part = contents
      bytes += part.take(part: number, of: count, from: Self.files)
      try FlatToUnits(source, contents: part, destination: names.path(number, of: count)).run { _ in }
    }
    #expect(bytes == source.tensors.reduce(0) { $0 + $1.spec.byteCount })
    return contents
  }

  private static func open(_ path: String) throws -> UnitCheckpoint {
    try UnitCheckpoint(try ReadableFile(path: path))
  }

  /// The bytes of every tensor, and of every tensor of every network.
  private static func elements(of checkpoint: UnitCheckpoint) throws -> [[UInt8]] {
    var found = try checkpoint.tensors.indices.map { try checkpoint.reader(of: $0).rest() }
    for task in try checkpoint.resolvedPlan().assignment.tasks {
      for level in task.numberedLevels {
        let network = try checkpoint.resolvedPlan().assignment.network(task: task.task, level: level.number)
        for tensor in try SubNetwork(network, of: checkpoint).tensors {
          found.append(try checkpoint.reader(of: tensor).rest())
        }
      }
    }
    return found
  }

  /// A finding without its file.
  private static func words(_ finding: Finding) -> String {
    "\(finding.rule) \(finding.severity) \(finding.location) \(finding.message)"
  }

  @Test(
    "parts are read as the one checkpoint, and merge to the same file", arguments: goldens, [1, 2, 3, 20])
  func same(golden: GoldenCheckpoint, count: Int) throws {
    let folder = try TemporaryFolder()
    _ = try Self.write(golden, parts: count, in: folder)
    let whole = try Self.open(folder.file("m.h5"))
    let names = try #require(CheckpointSetNames(folder.file("m.h5")))
    let found = try CheckpointSet.open(partsOf: names)
    _ = try folder.write(Array(CheckpointSet.list(of: found).utf8), as: "m.h5.index.json")
    let list = try ReadableFile(path: names.list)
    #expect(CheckpointSet.isList(list))
    let set = try CheckpointSet.open(list)
    #expect(set.parts.count == count && set.index == whole.index && set.modelDigest == whole.modelDigest)
    // Together, the files keep no more pages than one does.
    #expect(set.parts.reduce(0) { $0 + $1.pages.runBytes } <= PageReader.keptBytes)
    #expect(try set.headers() == whole.headers() && set.planText == whole.planText)
    #expect(set.sourceText == whole.sourceText)
    #expect(try Self.elements(of: set) == Self.elements(of: whole))
    // The tensors of some have NaN, or are cut only in part.
    let findings = Set(try FileValidation.findings(in: list, deep: true).map(Self.words))
    let own = try FileValidation.findings(in: try ReadableFile(path: folder.file("m.h5")), deep: true)
    #expect(findings == Set(own.map(Self.words)) && !own.contains { $0.severity == .error })

    let shards = try set.sourceRecord().index.map { try set.shardIndexBytes($0) }
    let contents = CheckpointContents(
      try set.resolvedPlan(), ties: set.index.tensors.map(\.tiedTo), text: set.planText,
      source: set.sourceText, headers: try set.headers(), shardIndex: shards,
      isCompressed: golden.isCompressed)
    try FlatToUnits(set, contents: contents, destination: folder.file("merged.h5")).run { _ in }
    #expect(
      try TemporaryFolder.bytes(of: folder.file("merged.h5"))
        == TemporaryFolder.bytes(
          of: folder.file("m.h5")))
  }

  @Test("every tensor is in one part, tied tensors together, and parts have about the same bytes")
  func division() {
    var generator = SeededGenerator(seed: 5)
    for _ in 0..<200 {
      let count = Int.random(in: 1...60, using: &generator)
      let sizes = (0..<count).map { _ in Int.random(in: 0...9, using: &generator) * 1_000 }
      let ties: [Int?] = (0..<count).map { number in
        number > 0 && Int.random(in: 0..<4, using: &generator) == 0
          ? Int.random(in: 0..<number, using: &generator) : nil
      }.enumerated().reduce(into: []) { found, tie in
        // A tie leads to a tensor that is not tied itself.
        found.append(tie.element.flatMap { found[$0] ?? $0 })
      }
      let parts = Int.random(in: 1...12, using: &generator)
      let division = (1...parts).map {
        CheckpointPart($0, of: parts, sizes: sizes, ties: ties, from: Self.files)
      }
      for number in 0..<count {
        let holders = division.filter { $0.holds(number) }.map(\.number)
        #expect(holders.count == 1)
        if let tie = ties[number] { #expect(division[holders[0] - 1].holds(tie)) }
      }
      let owned = sizes.indices.map { ties[$0] == nil ? sizes[$0] : 0 }
      let share = owned.reduce(0, +) / parts
      for part in division {
        let bytes = owned.indices.reduce(0) { part.holds($1) ? $0 + owned[$1] : $0 }
        #expect(bytes <= share + 9_000)
        #expect(CheckpointPart(part.text, tensorCount: count) == part)
      }
    }
  }

  // MARK: Refusals

  /// A change of the files `m-0000N-of-00002.h5` or their list, the words of the refusal, and whether `validate` finds
  /// the same.
  struct Refusal: CustomTestStringConvertible, Sendable {
    let label: String
    let words: String
    let change: @Sendable (TemporaryFolder) throws -> Void
    var testDescription: String { label }
  }

  private static func edit(_ old: String, _ new: String, _ folder: TemporaryFolder) throws {
    let text = String(decoding: try TemporaryFolder.bytes(of: folder.file("m.h5.index.json")), as: UTF8.self)
    try #require(text.contains(old), "\(text)")
    _ = try folder.write(Array(text.replacingOccurrences(of: old, with: new).utf8), as: "m.h5.index.json")
  }

  static let refusals = [
    Refusal(label: "a part is gone", words: "no such file") {
      try FileManager.default.removeItem(atPath: $0.file("m-00002-of-00002.h5"))
    },
    Refusal(label: "a part is a link", words: "is a link") { folder in
      try FileManager.default.moveItem(
        atPath: folder.file("m-00002-of-00002.h5"), toPath: folder.file("elsewhere.h5"))
      try FileManager.default.createSymbolicLink(
        atPath: folder.file("m-00002-of-00002.h5"), withDestinationPath: "elsewhere.h5")
    },
    Refusal(label: "a part is listed twice", words: "the bare name of one more file") {
      try edit("m-00002-of-00002.h5", "m-00001-of-00002.h5", $0)
    },
    Refusal(label: "a path", words: "the bare name of one more file") {
      try edit("m-00002-of-00002.h5", "../m-00002-of-00002.h5", $0)
    },
    Refusal(label: "the parent folder", words: "contains '..'") { try edit("m-00002-of-00002.h5", "..", $0) },
    Refusal(label: "the parts are in another order", words: "expected part 1 of 2, found part 2 of 2") {
      let list = try ReadableFile(path: $0.file("m.h5.index.json"))
      let digests = try CheckpointSet.entries(list).parts.map(\.digest)
      try edit("m-00002-of-00002.h5", "x", $0)
      try edit("m-00001-of-00002.h5", "m-00002-of-00002.h5", $0)
      try edit("\"x\"", "\"m-00001-of-00002.h5\"", $0)
      try edit(digests[0], "x", $0)
      try edit(digests[1], digests[0], $0)
      try edit("\"x\"", "\"\(digests[1])\"", $0)
    },
    Refusal(label: "a whole checkpoint is a part", words: "found a whole checkpoint") { folder in
      let whole = try open(folder.file("m.h5")).modelDigest.description
      let list = try ReadableFile(path: folder.file("m.h5.index.json"))
      let digest = try CheckpointSet.entries(list).parts[1].digest
      try edit("m-00002-of-00002.h5", "m.h5", folder)
      try edit(digest, whole, folder)
    },
    Refusal(label: "a part was converted again", words: "the digest") { folder in
      let other = try TemporaryFolder()
      _ = try write(.scattered, parts: 2, in: other)
      try FileManager.default.removeItem(atPath: folder.file("m-00002-of-00002.h5"))
      try FileManager.default.copyItem(
        atPath: other.file("m-00002-of-00002.h5"), toPath: folder.file("m-00002-of-00002.h5"))
    },
    Refusal(label: "a part of another model", words: "the parts are of different conversions") { folder in
      let other = try TemporaryFolder()
      _ = try write(.scattered, parts: 2, in: other)
      let list = try ReadableFile(path: folder.file("m.h5.index.json"))
      let digest = try CheckpointSet.entries(list).parts[1].digest
      try FileManager.default.removeItem(atPath: folder.file("m-00002-of-00002.h5"))
      try FileManager.default.copyItem(
        atPath: other.file("m-00002-of-00002.h5"), toPath: folder.file("m-00002-of-00002.h5"))
      try edit(digest, try open(other.file("m-00002-of-00002.h5")).modelDigest.description, folder)
    },
    Refusal(label: "the model's digest is another", words: "the model: expected the digest") { folder in
      let list = try ReadableFile(path: folder.file("m.h5.index.json"))
      try edit(try CheckpointSet.entries(list).digest, String(repeating: "0", count: 64), folder)
    },
    Refusal(label: "the list is no JSON", words: "expected JSON") { try edit("\"parts\"", "parts", $0) },
    Refusal(label: "the list has no parts", words: "1 to 512 parts") {
      try edit("\"parts\"", "\"files\"", $0)
    },
    Refusal(label: "a part is damaged", words: "m-00002-of-00002.h5") { folder in
      var bytes = try TemporaryFolder.bytes(of: folder.file("m-00002-of-00002.h5"))
      bytes[0] ^= 1
      _ = try folder.write(bytes, as: "m-00002-of-00002.h5")
    },
  ]

  @Test("a set whose files do not fit is refused, and validate finds it", arguments: refusals)
  func refused(_ refusal: Refusal) throws {
    let folder = try TemporaryFolder()
    _ = try Self.write(.grid, parts: 2, in: folder)
    let names = try #require(CheckpointSetNames(folder.file("m.h5")))
    _ = try folder.write(
      Array(CheckpointSet.list(of: try CheckpointSet.open(partsOf: names)).utf8), as: "m.h5.index.json")
    try refusal.change(folder)
    let list = try ReadableFile(path: names.list)
    let error = #expect(throws: CheckpointError.self) { try CheckpointSet.open(list) }
    let text = error.map { "\($0)" } ?? ""
    #expect(text.contains(refusal.words) && !text.contains("\n"), "\(text)")
    let findings = try FileValidation.findings(in: list, deep: true)
    #expect(findings.contains { $0.severity == .error }, "\(findings)")
  }

  @Test("joining names what is missing, and refuses the parts of two divisions")
  func join() throws {
    let folder = try TemporaryFolder()
    _ = try Self.write(.grid, parts: 3, in: folder)
    let names = try #require(CheckpointSetNames(folder.file("m.h5")))
    try FileManager.default.removeItem(atPath: names.path(2, of: 3))
    var error = #expect(throws: CheckpointError.self) { try CheckpointSet.open(partsOf: names) }
    #expect(
      "\(error.map { "\($0)" } ?? "")".hasSuffix("expected all 3 parts, found 2; run --part again for 2"))
    _ = try Self.write(.grid, parts: 2, in: folder)
    error = #expect(throws: CheckpointError.self) { try CheckpointSet.open(partsOf: names) }
    #expect("\(error.map { "\($0)" } ?? "")".contains("parts of 2 and of 3 parts"))
    let other = try #require(CheckpointSetNames(folder.file("other.h5")))
    error = #expect(throws: CheckpointError.self) { try CheckpointSet.open(partsOf: other) }
    #expect("\(error.map { "\($0)" } ?? "")".contains("expected parts such as 'other-00001-of-00008.h5'"))
  }

  @Test("a complete part is recognised, and a damaged one or another one is not")
  func complete() throws {
    let folder = try TemporaryFolder()
    var contents = try Self.write(.grid, parts: 2, in: folder)
    let names = try #require(CheckpointSetNames(folder.file("m.h5")))
    let path = names.path(2, of: 2)
    _ = contents.take(part: 2, of: 2, from: Self.files)
    func defect(_ path: String) -> String? {
      switch CheckpointSet.existingPart(at: path, contents) {
      case .complete: nil
      case .other(let reason): reason
      }
    }
    #expect(defect(path) == nil)
    #expect(defect(names.path(1, of: 2)) == "is a part of another conversion")
    #expect(defect(folder.file("m.h5")) == "is a part of another conversion")
    let sound = try TemporaryFolder.bytes(of: path)
    for place in stride(from: 0, to: sound.count, by: 97) {
      var bytes = sound
      bytes[place] ^= 0x41
      #expect(defect(try folder.write(bytes, as: "damaged.h5")) != nil, "\(place)")
    }
    #expect(defect(try folder.write(Array(sound.dropLast(9)), as: "d.h5")) != nil)
  }

  @Test("a part that is compressed is not the same part as one that is not")
  func compression() throws {
    let folder = try TemporaryFolder()
    let contents = try Self.write(.compressed, parts: 1, in: folder)
    let source = try GoldenCheckpoint.compressed.source(in: folder)
    let (plain, _) = try CheckpointContents.cutting(
      source, plan: try Plan(parsing: Array(GoldenCheckpoint.compressed.plan.utf8)), planPath: "plan")
    for (contents, expected) in [(contents, nil), (plain, "is compressed")] as [(CheckpointContents, String?)]
    {
      var part = contents
      _ = part.take(part: 1, of: 1, from: Self.files)
      var reason: String?
      if case .other(let found) = CheckpointSet.existingPart(at: folder.file("m-00001-of-00001.h5"), part) {
        reason = found
      }
      #expect(reason == expected)
    }
  }

  @Test("validate finds a damaged page of every part, also of a tensor whose owner map is in another part")
  func damagedPages() throws {
    for golden in [GoldenCheckpoint.grid, .owners, .mixed] {
      let folder = try TemporaryFolder()
      _ = try Self.write(golden, parts: 3, in: folder)
      let names = try #require(CheckpointSetNames(folder.file("m.h5")))
      let set = try CheckpointSet.open(partsOf: names)
      _ = try folder.write(Array(CheckpointSet.list(of: set).utf8), as: "m.h5.index.json")
      var damaged = 0
      for part in set.parts {
        let sound = try TemporaryFolder.bytes(of: part.path)
        for section in part.map.sections {
          guard let address = section.address else { continue }
          var bytes = sound
          bytes[address] ^= 1
          _ = try folder.write(bytes, as: SystemPath.bareName(of: part.path))
          for path in [part.path, names.list] {
            let findings = try FileValidation.findings(in: try ReadableFile(path: path), deep: true)
            #expect(findings.contains { $0.severity == .error }, "\(golden) \(path) \(section.key)")
          }
          damaged += 1
        }
        _ = try folder.write(sound, as: SystemPath.bareName(of: part.path))
      }
      #expect(damaged >= 6, "\(golden) \(damaged)")
    }
  }

  @Test("a part alone says so, and tensors of other parts are refused")
  func alone() throws {
    let folder = try TemporaryFolder()
    _ = try Self.write(.grid, parts: 3, in: folder)
    let path = folder.file("m-00001-of-00003.h5")
    let part = try Self.open(path)
    let findings = try FileValidation.findings(in: try ReadableFile(path: path), deep: true)
    let notes = findings.filter { $0.location == "/tessera/part" }
    #expect(notes.map(\.severity) == [.note] && !findings.contains { $0.severity == .error }, "\(findings)")
    let missing = try #require(part.tensors.indices.first { part.part?.holds($0) == false })
    #expect(throws: CheckpointError.self) { try part.reader(of: missing) }
  }
}
