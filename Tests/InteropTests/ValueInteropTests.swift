import StrictJSON
import TestSupport
import Testing

/// `inspect --stats` compared with NumPy on tensors of several windows, and its output on a terminal.
@Suite(.enabled(if: Peers.areThere(python: true)))
struct ValueInteropTests {
  @Test func numPyFindsTheSameValuesInEveryFormat() throws {
    let workshop = try Workshop()
    try workshop.script("values.py", ["make", "."])
    try workshop.tessera("convert", "values.safetensors", "values.h5", "--plan", "plan.json")
    try workshop.tessera("convert", "values.safetensors", "shards/", "--shard-size", "9MB")
    try workshop.tessera("convert", "values.npz", "values.pt")
    let report = try workshop.report(
      "values.py",
      ["judge", Peers.tessera, "values.safetensors", "values.npz", "values.h5", "shards", "values.pt"])
    #expect(report["failures"] == .array([]))
    #expect(report["tensors"] == 84)
  }

  @Test(
    arguments: [
      (["TERM=xterm"], true), (["TERM=xterm", "NO_COLOR=1"], false), (["TERM=xterm", "NO_COLOR="], true),
      (["TERM=dumb"], false), (["-u", "TERM"], false),
    ])
  func aTerminalHasColourUnlessItIsToldNotTo(environment: [String], isColoured: Bool) throws {
    let workshop = try Workshop()
    _ = try workshop.folder.write(
      SampleWeights.bytes([(#"a\u001b[31m"#, "F32", [2]), ("b", "F32", [2])]), as: "w.safetensors")
    for arguments in [["inspect", "w.safetensors", "--stats"], ["inspect", "w.safetensors", "--tree"]] {
      let report = try workshop.report(
        "values.py", ["terminal", "env", "-u", "NO_COLOR"] + environment + [Peers.tessera] + arguments)
      guard case .string(let text)? = report["text"] else {
        Issue.record("nothing was shown")
        continue
      }
      #expect(text.contains("\u{1B}[1m") == isColoured, "\(text)")
      // The escape code in the name is spelled out on any terminal.
      #expect(text.contains(#"a\u{1b}[31m"#) && !text.contains("\u{1B}[31m"), "\(text)")
    }
  }
}
