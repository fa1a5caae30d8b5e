import ByteFiles
import Foundation
import TestSupport
import Testing
import Validation

@testable import UnitCheckpoints

/// If `validate` finds an error in index, plan or source, every command refuses the file.
@Suite("Unsound checkpoints")
struct UnsoundCheckpointTests {
  @Test("no command reads one, and validate has an error", arguments: Lie.all)
  func refused(lie: Lie) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(try lie.bytes(in: folder), as: "m.h5")
    let findings = try FileValidation.findings(in: ReadableFile(path: path), deep: false)
    #expect(findings.contains { $0.severity == .error }, "\(findings)")
    for line in Lie.lines(task: lie.task) where !(lie.isOfHeaders && line[0] == "extract") {
      let run = try Subprocess.run(Peers.tessera, line, directory: folder.path)
      #expect(run.ending == .exited(2), "\(line): \(run.ending) \(run.outputText)")
      #expect(run.errorText.hasPrefix("tessera: m.h5: "), "\(line): \(run.errorText)")
      #expect(lie.words.allSatisfy { run.errorText.contains($0) }, "\(line): \(run.errorText)")
      #expect(run.errorText.split(separator: "\n").count == 1)
      #expect(run.output.isEmpty)
    }
    let names = try folder.names()
    #expect(names == ["m.h5"])
  }

  @Test("the same commands read the sound one", arguments: Set(Lie.all.compactMap(\.golden?.name)).sorted())
  func sound(name: String) throws {
    let folder = try TemporaryFolder()
    let lie = try #require(Lie.all.first { $0.golden?.name == name })
    var forger = try CheckpointForger(path: try #require(lie.golden).path)
    _ = try folder.write(try forger.sealed(), as: "m.h5")
    var (read, refusals) = (0, "")
    for line in Lie.lines(task: lie.task) {
      let run = try Subprocess.run(Peers.tessera, line, directory: folder.path)
      if run.ending == .exited(0) { read += 1 } else { refusals += "\(line): \(run.errorText)" }
    }
    // Checkpoints without a graph cannot run or become ONNX, and those of one file cannot become a set.
    #expect(read >= 7, "\(refusals)")
  }

  @Test("an address that leads into another section is refused when it is read, whatever the checksums say")
  func address() throws {
    var tried = 0
    for golden in GoldenCheckpoint.all + [.sharded, .graph] {
      let checkpoint = try UnitCheckpoint(try ReadableFile(path: golden.path))
      let rows = checkpoint.map.sections
      for (first, row) in rows.enumerated() where row.byteCount > 0 && row.address != nil {
        for second in rows.indices.dropFirst(first + 1)
        where rows[second].byteCount == row.byteCount && rows[second].address != nil {
          let folder = try TemporaryFolder()
          var forger = try CheckpointForger(path: golden.path)
          let addresses = [first, second].map { forger.tables.sections[$0].address }
          forger.tables.sections[first].address = addresses[1]
          forger.tables.sections[second].address = addresses[0]
          for page in 0..<SectionMap.pages(of: row.byteCount, checkpoint.map.pageBytes) {
            forger.tables.pages.swapAt(row.firstPage + page, rows[second].firstPage + page)
          }
          let forged = try UnitCheckpoint(
            try ReadableFile(path: try folder.write(try forger.sealed(), as: "m.h5")))
          let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: row.byteCount, alignment: 8)
          defer { buffer.deallocate() }
          for number in [first, second] {
            let error = #expect(throws: CheckpointError.self) {
              try forged.read(section: number, at: 0, into: buffer)
            }
            // If the first or the last section moved, all are found by path, and their bytes do not fit.
            #expect(error?.defect == (forged.isPlacementValid ? .datasetStorage : .pageChecksum))
          }
          tried += 1
        }
      }
    }
    #expect(tried >= 20)
  }

  @Test(
    "a writer refuses the names that a reader refuses, and writes every other",
    arguments: [65_535, 65_536, 262_144])
  func names(count: Int) throws {
    let folder = try TemporaryFolder()
    let name = String(repeating: "n", count: count)
    _ = try folder.write(
      SampleWeights.bytes([(name, "F32", [2]), ("b", "F32", [40_000])]), as: "w.safetensors")
    var written = 0
    for (dest, more) in [
      ("o.h5", []), ("c.h5", ["--compress"]), ("o.npz", []), ("o.pt", []), ("o.safetensors", []),
      ("o.gguf", []), ("s/", []),
      ("t/", ["--shard-size", "9"]),
    ] {
      let run = try Subprocess.run(
        Peers.tessera, ["convert", "w.safetensors", dest] + more, directory: folder.path)
      if run.ending == .exited(0) {
        let equal = try Subprocess.run(
          Peers.tessera, ["diff", "w.safetensors", dest], directory: folder.path)
        #expect(equal.ending == .exited(0), "\(dest): \(equal.outputText.prefix(200))")
        let good = try Subprocess.run(Peers.tessera, ["validate", "--deep", dest], directory: folder.path)
        #expect(good.ending == .exited(0), "\(dest): \(good.outputText.prefix(200))")
        written += 1
      } else {
        #expect(run.ending == .exited(2), "\(dest)")
        #expect(run.errorText.contains("expected"), "\(dest)")
        #expect(!FileManager.default.fileExists(atPath: folder.file(dest)), "\(dest)")
      }
    }
    // safetensors limits only the header, PyTorch's reader accepts 65,536 bytes, and npz needs four for ".npy".
    // GGUF has none of these names.
    #expect(written == [65_535: 6, 65_536: 4, 262_144: 3][count])
  }
}
