import ByteFiles
import Foundation
import TestSupport
import Testing
import UnitCheckpoints
import Validation

@Suite("Flipped bits")
struct FlippedByteTests {
  private static let names = [
    "grid", "scattered", "types", "private", "compressed", "owners", "mixed", "graph", "shards",
  ]

  private static func path(_ name: String) -> String { "\(SourceFolder.fixtures)/checkpoints/\(name).h5" }

  /// The section that has a byte of data, by the index.
  private static func section(at place: Int, of checkpoint: UnitCheckpoint) -> String? {
    let number = checkpoint.map.sections.firstIndex { section in
      section.address.map { ($0..<$0 + section.byteCount).contains(place) } ?? false
    }
    return number.map { "/" + checkpoint.sectionPath($0) }
  }

  @Test("in 200 random bytes are found, each one, with the section where there is one", arguments: names)
  func found(name: String) throws {
    let folder = try TemporaryFolder()
    let bytes = try TemporaryFolder.bytes(of: Self.path(name))
    let checkpoint = try UnitCheckpoint(try ReadableFile(path: Self.path(name)))
    var generator = SeededGenerator(seed: 31)
    var (inData, inMetadata) = (0, 0)
    // 50 more from the data alone, which is a small part of these small files.
    let data = bytes.indices.filter { Self.section(at: $0, of: checkpoint) != nil }
    let places =
      (0..<200).map { _ in generator.number(in: 0...bytes.count - 1) }
      + (0..<50).map { _ in data[generator.number(in: 0...data.count - 1)] }
    for place in places {
      var flipped = bytes
      flipped[place] ^= 1 << UInt8(generator.number(in: 0...7))
      let path = try folder.write(flipped, as: "m.h5")
      let findings = try FileValidation.findings(in: try ReadableFile(path: path), deep: true)
      #expect(findings.contains { $0.severity == .error }, "byte \(place)")
      guard let section = Self.section(at: place, of: checkpoint) else {
        inMetadata += 1
        continue
      }
      inData += 1
      #expect(
        findings.contains { $0.severity == .error && "\($0.location) \($0.message)".contains(section) },
        "byte \(place) of \(section): \(findings)")
    }
    #expect(inData >= 50 && inMetadata >= 50)
  }

  @Test("end the command with exit code 1, wherever they are")
  func command() throws {
    let folder = try TemporaryFolder()
    let bytes = try TemporaryFolder.bytes(of: Self.path("grid"))
    var generator = SeededGenerator(seed: 32)
    // Every byte of the signature, the superblock, the root's first messages and its attributes, and 200 others.
    let format = bytes.indices.first { bytes[$0...].starts(with: "format\0".utf8) } ?? 0
    #expect(format > 0)
    let places =
      Array(0..<200) + Array(format - 16..<format + 160)
      + (0..<200).map { _ in generator.number(in: 0...bytes.count - 1) }
    var codes: [Int32?: Int] = [:]
    for place in places {
      var flipped = bytes
      flipped[place] ^= 1 << UInt8(generator.number(in: 0...7))
      let path = try folder.write(flipped, as: "m.h5")
      let run = try Subprocess.run(Peers.tessera, ["validate", "--deep", path])
      codes[run.code, default: 0] += 1
      #expect(run.ending == .exited(1), "byte \(place): \(run.ending) \(run.outputText)\(run.errorText)")
      #expect(run.outputText.contains("\n  error "), "byte \(place)")
    }
    #expect(codes == [1: places.count])
  }

  @Test("a checkpoint cut off anywhere is a finding, down to no byte at all: its name says what it was")
  func truncated() throws {
    let folder = try TemporaryFolder()
    let bytes = try TemporaryFolder.bytes(of: Self.path("types"))
    var generator = SeededGenerator(seed: 33)
    let lengths =
      Array(8..<120) + [512, bytes.count - 1]
      + (0..<60).map { _ in generator.number(in: 120...bytes.count - 1) }
    for length in lengths {
      let path = try folder.write(Array(bytes[..<length]), as: "m.h5")
      let findings = try FileValidation.findings(in: try ReadableFile(path: path), deep: true)
      #expect(findings.contains { $0.rule == .structure && $0.severity == .error }, "\(length) bytes")
    }
    for length in 0..<8 {
      let path = try folder.write(Array(bytes[..<length]), as: "m.h5")
      let run = try Subprocess.run(Peers.tessera, ["validate", path])
      #expect(run.ending == .exited(1), "\(length) bytes")
      #expect(run.outputText.contains("error format: expected HDF5 from its name, found "), "\(length)")
    }
  }
}
