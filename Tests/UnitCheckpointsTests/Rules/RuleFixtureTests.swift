import ByteFiles
import FlatFormats
import HDF5Kit
import TestSupport
import Testing

@testable import UnitCheckpoints
@testable import Validation

@Suite("Validation rules")
struct RuleFixtureTests {
  @Test("each says what is wrong with its malformed files, and where", arguments: RuleFixture.all)
  func malformed(fixture: RuleFixture) throws {
    let folder = try TemporaryFolder()
    let path = try fixture.make(folder)
    let isFolder = FolderValidation.isFolder(path)
    let findings =
      isFolder
      ? FolderValidation.check(folder: path, ValidationOptions()).flatMap(\.findings)
      : try FileValidation.findings(in: try ReadableFile(path: path), deep: true)
    let text = findings.map { "\($0.severity) \($0.rule) \($0.location): \($0.message)" }
    let own = findings.filter { $0.rule == fixture.rule && $0.severity == fixture.severity }
    #expect(!own.isEmpty, "\(text)")
    #expect(
      own.contains { finding in
        let place = isFolder ? "\(finding.file): \(finding.location)" : finding.location
        return fixture.words.allSatisfy { "\(place): \(finding.message)".contains($0) }
      }, "\(text)")
    #expect(
      findings.allSatisfy { finding in
        (finding.file == path || isFolder && finding.file.hasPrefix(path)) && !finding.message.contains(path)
      }, "\(text)")
    // Findings are in the order of their rules, whatever else is found.
    let places = findings.compactMap { RuleID.allCases.firstIndex(of: $0.rule) }
    #expect(places == places.sorted())
  }

  @Test("every rule has a malformed file of each kind that it checks")
  func complete() throws {
    let folder = try TemporaryFolder()
    var covered: [RuleID: RuleSubjects] = [:]
    for fixture in RuleFixture.all {
      let path = try fixture.make(fixture.isFolder ? TemporaryFolder() : folder)
      let isCheckpoint = try !fixture.isFolder && isCheckpoint(try ReadableFile(path: path))
      covered[fixture.rule, default: []].insert(
        fixture.isFolder ? .folder : isCheckpoint ? .checkpoint : .flat)
    }
    // The files that break a project's rules need its document: `ProjectTests` has them.
    let missing = RuleID.allCases.filter { !$0.isOfProject }.filter {
      !(covered[$0] ?? []).isSuperset(of: $0.rule.subjects)
    }
    #expect(missing == [])
  }

  /// Whether a file has HDF5's signature, and is not read as flat weights.
  private func isCheckpoint(_ file: ReadableFile) throws -> Bool {
    try HDF5File.hasSignature(file) && FlatFormats.recognise(file) == nil
  }

  @Test("every forged checkpoint is found by its defect", arguments: ForgedCheckpoint.all)
  func defects(forged: ForgedCheckpoint) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(try forged.bytes(), as: "m.h5")
    let findings = try FileValidation.findings(in: try ReadableFile(path: path), deep: true)
    #expect(findings.contains { $0.defect == forged.defect.rawValue }, "\(findings)")
  }

  @Test("one that finds something does not keep the others from it")
  func allFindings() throws {
    let folder = try TemporaryFolder()
    var forger = try CheckpointForger(path: GoldenCheckpoint.types.path)
    for number in [1, 3] { forger.tables.tensors[number].dtype = "F33" }
    forger.tables.tensors[2].tiedTo = 99
    let path = try folder.write(try forger.unsealed(), as: "m.h5")
    let findings = try FileValidation.findings(in: try ReadableFile(path: path), deep: true)
    #expect(findings.filter { $0.rule == .shapes }.count == 2)
    #expect(findings.contains { $0.rule == .ties && $0.location.hasPrefix("/tessera/tensors row 2") })
    #expect(findings.contains { $0.rule == .indexChecksum })
  }

  @Test("an index with a wrong checksum is looked at all the same, and the tensors with it")
  func damagedIndex() throws {
    let folder = try TemporaryFolder()
    var forger = try CheckpointForger(path: GoldenCheckpoint.grid.path)
    forger.tables.tensors[1].sha256[0] ^= 1
    try forger.replan("[2, 0, 1]", by: "[2, 0, 0]")
    forger.change(at: try forger.address(of: "tensors/twin"))
    let path = try folder.write(try forger.unsealed(), as: "m.h5")
    let findings = try FileValidation.findings(in: try ReadableFile(path: path), deep: true)
    let rules = findings.filter { $0.severity == .error }.map(\.rule)
    #expect(
      rules == [.metadataChecksum, .indexChecksum, .modelDigest, .levels, .pageChecksum, .digest], "\(rules)")
  }

  @Test("two damaged pages are two findings, each with its section")
  func damagedPages() throws {
    let folder = try TemporaryFolder()
    var forger = try CheckpointForger(path: GoldenCheckpoint.grid.path)
    for path in ["intra/0/F32", "inter/0-2/F32"] { forger.change(at: try forger.address(of: path)) }
    let path = try folder.write(forger.file, as: "m.h5")
    let findings = try FileValidation.findings(in: try ReadableFile(path: path), deep: true)
    #expect(
      findings.filter { $0.rule == .pageChecksum }.map(\.location).sorted()
        == ["/inter/0-2/F32 page 0", "/intra/0/F32 page 0"])
  }

  @Test("golden checkpoints have nothing worse than notes", arguments: GoldenCheckpoint.all)
  func golden(golden: GoldenCheckpoint) throws {
    let findings = try FileValidation.findings(in: try ReadableFile(path: golden.path), deep: true)
    // Their tensors are invented, so no module reads the output of another.
    let rest = findings.filter { $0.rule != .halfCut }
    #expect(rest.allSatisfy { $0.severity == .note }, "\(rest)")
  }
}
