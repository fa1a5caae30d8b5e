import StrictJSON
import TestSupport
import Testing

/// Elements assigned one by one, as PackNet and Piggyback do: stored, returned, extracted, and judged by NumPy and
/// h5py; strace confirms the number of bytes read.
@Suite(.enabled(if: Peers.areThere(python: true, programs: ["strace"])))
struct ElementInteropTests {
  @Test(arguments: ["packnet", "piggyback", "nested"], [false, true])
  func elementsComeBackAndTasksHaveZerosForOthers(kind: String, isCompressed: Bool) throws {
    let workshop = try Workshop()
    try workshop.script("elements.py", ["make", kind, "."])
    try workshop.tessera("plan", "source.safetensors", "--family", "family.json", "-o", "plan.json")
    try workshop.run(
      Peers.tessera,
      ["convert", "source.safetensors", "model.h5", "--plan", "plan.json"]
        + (isCompressed ? ["--compress"] : []))
    try workshop.tessera("validate", "--deep", "model.h5")
    try workshop.tessera("convert", "model.h5", "back.safetensors")
    #expect(try workshop.areEqual("back.safetensors", "source.safetensors"))
    let report = try workshop.report("elements.py", ["judge", kind, Peers.tessera])
    #expect(report["failures"] == .array([]))
    #expect(
      report["networks"] == .integer(kind == "nested" ? 12 : 4) && report["compressed"] == .bool(isCompressed)
    )
  }

  @Test func aRepackedFileGivesTheSameTask() throws {
    let workshop = try Workshop()
    try workshop.script("elements.py", ["make", "packnet", "."])
    try workshop.tessera("plan", "source.safetensors", "--family", "family.json", "-o", "plan.json")
    try workshop.tessera("convert", "source.safetensors", "model.h5", "--plan", "plan.json")
    try workshop.run("h5repack", ["-m", "1", "-f", "SHUF", "-f", "GZIP=4", "model.h5", "repacked.h5"])
    for file in ["model", "repacked"] {
      try workshop.tessera(
        "extract", "\(file).h5", "\(file).npz", "--opaque", "--task", "birds", "--level", "1")
    }
    #expect(try workshop.areEqual("model.npz", "repacked.npz"))
  }

  @Test func aGraphComputesWithTheElementsThatTheTaskHas() throws {
    let workshop = try Workshop()
    let report = try workshop.report("../graphs/elements.py", [Peers.tessera])
    #expect(report["failures"] == .array([]))
    #expect(report["networks"] == 9)
  }
}
