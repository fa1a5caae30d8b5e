import Foundation
import TestSupport
import Testing
import UnitCheckpoints

@Suite("Golden checkpoints")
struct GoldenCheckpointTests {
  @Test(
    "today's writer writes them byte for byte; TESSERA_WRITE_GOLDEN=1 renews them",
    arguments: GoldenCheckpoint.all + [.sharded, .graph])
  func writer(golden: GoldenCheckpoint) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("new.h5")
    try golden.write(to: path, in: folder)
    let bytes = try TemporaryFolder.bytes(of: path)
    if ProcessInfo.processInfo.environment["TESSERA_WRITE_GOLDEN"] != nil {
      try Data(bytes).write(to: URL(fileURLWithPath: golden.path))
    }
    #expect(bytes == (try TemporaryFolder.bytes(of: golden.path)))
  }

  @Test("they give back the flat weights they were made from", arguments: GoldenCheckpoint.all)
  func reader(golden: GoldenCheckpoint) throws {
    let folder = try TemporaryFolder()
    let flat = try TemporaryFolder.bytes(of: try golden.flatFile(in: folder))
    let exercise = try CheckpointExercise(golden.path, in: folder)
    #expect(exercise.error == nil, "\(exercise.error.map { "\($0)" } ?? "")")
    #expect(try TemporaryFolder.bytes(of: folder.file("back.safetensors")) == flat)
    #expect(exercise.datasets > 0)
  }

  @Test(
    "the forger that changes nothing makes the same file, in place and anew",
    arguments: GoldenCheckpoint.all + [.sharded, .graph])
  func forger(golden: GoldenCheckpoint) throws {
    let bytes = try TemporaryFolder.bytes(of: golden.path)
    var forger = try CheckpointForger(path: golden.path)
    #expect(try forger.sealed() == bytes)
    if golden.isCompressed { return }
    try forger.rebuild()
    forger.repage()
    try forger.remodel()
    #expect(try forger.sealed() == bytes)
  }

  @Test("the folder holds these and no others")
  func listed() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: SourceFolder.fixtures + "/checkpoints")
    #expect(files.sorted() == (GoldenCheckpoint.all + [.sharded, .graph]).map { $0.name + ".h5" }.sorted())
  }

  @Test("two thousand seeded mutations end with weights or an error, and never with a trap or in a hang")
  func mutations() throws {
    let folder = try TemporaryFolder()
    let goldens = try GoldenCheckpoint.all.map { golden in
      (
        golden, try TemporaryFolder.bytes(of: golden.path), try CheckpointForger(path: golden.path),
        try TemporaryFolder.bytes(of: try golden.flatFile(in: folder))
      )
    }
    var generator = SeededGenerator(seed: 20)
    var (refused, unharmed) = (0, 0)
    var defects: Set<CheckpointDefect> = []
    for number in 0..<2000 {
      let (_, whole, original, flat) = goldens[number % goldens.count]
      let bytes: [UInt8]
      let isSealed = generator.number(in: 0...1) == 1
      if !isSealed {
        bytes = Self.mutated(whole, &generator)
      } else {
        // The index checksum would reveal nearly all changes of the index, so half of the mutants are sealed again.
        var forger = original
        try forger.mutate(&generator)
        bytes = try forger.sealed(extra: generator.number(in: 0...3) == 0 ? [0] : [])
      }
      let path = try folder.write(bytes, as: "m.h5")
      let exercise = try CheckpointExercise(path, in: folder)
      if let error = exercise.error {
        refused += 1
        if let defect = error.defect { defects.insert(defect) }
        #expect("\(error)".hasPrefix(path), "mutation \(number): \(error)")
      } else {
        unharmed += 1
        // If no checksum fails, the data is unchanged. A sealed index may describe something else and be valid.
        if isSealed { continue }
        let back = try TemporaryFolder.bytes(of: folder.file("back.safetensors"))
        #expect(back == flat, "mutation \(number)")
      }
    }
    #expect(refused > 300 && unharmed > 100 && defects.count > 10)
    print("mutations: \(refused) refused, \(unharmed) unharmed, \(defects.count) defects met")
  }

  private static func mutated(_ bytes: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
    var bytes = bytes
    for _ in 0...generator.number(in: 0...2) {
      let place = generator.number(in: 0...bytes.count - 9)
      switch generator.number(in: 0...4) {
      case 0: bytes[place] ^= 1 << UInt8(generator.number(in: 0...7))
      case 1: bytes.replaceSubrange(place..<place + 8, with: [UInt8](repeating: 0xFF, count: 8))
      case 2: bytes.replaceSubrange(place..<place + 8, with: [UInt8](repeating: 0, count: 8))
      case 3:
        let other = generator.number(in: 0...bytes.count - 9)
        bytes.replaceSubrange(place..<place + 8, with: bytes[other..<other + 8])
      default: if generator.number(in: 0...9) == 0 { bytes.removeSubrange(place...) }
      }
      if bytes.count < 64 { break }
    }
    return bytes
  }
}
