import Foundation
import TestSupport
import Testing

@Suite("Hostile files, at the command")
struct HostileFileTests {
  @Test(
    "every file ends by itself in time and memory, with a code and a sentence",
    arguments: [
      ("hdf5-cve", 145), ("hdf5-odd", 65), ("pickle", 108), ("zip-bad", 24), ("zip-good", 22),
    ])
  func corpus(folder: String, count: Int) throws {
    let files = SourceFolder.hostileFiles(folder)
    if files.isEmpty { return skip("the files of \(folder) were not tested") }
    #expect(files.count >= count)
    let scratch = try TemporaryFolder()
    for file in files {
      var commands = [["inspect", file], ["validate", file]]
      // This file is well-formed and has 2 GB in 2 MB; its conversion takes as long as that of any 2 GB.
      if !file.hasSuffix("/tiny_huge_1d_over_maxint.hdf5") {
        commands.append(["convert", file, scratch.file("out.safetensors")])
      }
      for arguments in commands {
        // `tessera` limits memory to 512 MiB; a timeout or a signal is not an exit code.
        let run = try tessera(arguments)
        switch run.ending {
        case .exited(0), .exited(1):
          #expect(!run.output.isEmpty || arguments[0] == "convert", "\(arguments)")
        default:
          let said = run.sentence()
          #expect(said.hasPrefix(file), "\(arguments): \(said)")
        }
        #expect(try scratch.temporaries().isEmpty)
      }
    }
  }
}
