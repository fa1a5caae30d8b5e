import TestSupport
import Testing

/// Readers of this version ignore additions that they do not know.
@Suite(.enabled(if: Peers.areThere(python: true)))
struct VersionInteropTests {
  @Test func whatLaterVersionsAndOthersAddIsIgnored() throws {
    let workshop = try Workshop()
    try workshop.prepare(.fashion)
    try workshop.tessera("convert", "source.safetensors", "model.h5", "--plan", "plan.json")
    try workshop.run("cp", ["model.h5", "more.h5"])
    try workshop.script("extend.py", ["more.h5", "2", "7"])
    #expect(try !workshop.areEqual("model.h5", "more.h5"))
    try workshop.tessera("convert", "more.h5", "back.safetensors")
    #expect(try workshop.areEqual("source.safetensors", "back.safetensors"))
  }

  @Test func anotherMajorVersionIsRefused() throws {
    let workshop = try Workshop()
    try workshop.prepare(.unplanned)
    try workshop.tessera("convert", "source.safetensors", "model.h5")
    try workshop.script("extend.py", ["model.h5", "3", "0"])
    let result = try Subprocess.run(
      Peers.tessera, ["convert", "model.h5", "back.safetensors"], directory: workshop.folder.path)
    #expect(result.code == 2)
    #expect(
      result.errorText.contains(
        "model.h5: layout version: expected 2.x, found 3.0; a newer tessera wrote it: update tessera"))
    #expect(try Subprocess.run("ls", [workshop.folder.file("back.safetensors")]).code != 0)
  }
}
