import Foundation
import TestSupport
import Testing

/// docs/commands is generated from the commands' own definitions; `make reference` renews it.
@Suite("Reference of the commands")
struct CommandReferenceTests {
  @Test("is what `make reference` writes, one page a command", .enabled(if: Peers.areThere(python: true)))
  func committed() throws {
    let python = try #require(Peers.python, "TESSERA_PYTHON names no Python")
    let folder = try TemporaryFolder()
    let run = try Subprocess.run(
      python, ["\(SourceFolder.root)/tools/command-reference.py", Peers.tessera, folder.path])
    try #require(run.code == 0, "\(run.errorText)")
    let pages = HelpTests.commands.dropFirst().map { "\($0).md" } + ["README.md"]
    #expect(try folder.names() == pages.sorted())
    let committed = "\(SourceFolder.root)/docs/commands"
    #expect(try FileManager.default.contentsOfDirectory(atPath: committed).sorted() == pages.sorted())
    for page in pages {
      let written = try TemporaryFolder.bytes(of: folder.file(page))
      let isSame = try TemporaryFolder.bytes(of: "\(committed)/\(page)") == written
      #expect(isSame, "docs/commands/\(page) is not what `make reference` writes")
    }
  }
}
