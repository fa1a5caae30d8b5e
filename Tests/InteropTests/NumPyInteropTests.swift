import StrictJSON
import TestSupport
import Testing

/// npz files are converted to a unit checkpoint and back, with NumPy and safetensors as judges.
@Suite(.enabled(if: Peers.areThere(python: true)))
struct NumPyInteropTests {
  @Test(arguments: ["source.npz", "packed.npz"])
  func numPyFindsTheSameArraysAndSafetensorsWritesTheSameFile(_ source: String) throws {
    let workshop = try Workshop()
    try workshop.script("npz.py", ["make", "."])
    try workshop.tessera("convert", source, "model.h5", "--plan", "plan.json")
    try workshop.tessera("convert", "model.h5", "back.npz")
    try workshop.tessera("convert", "model.h5", "out.safetensors")
    let report = try workshop.report("npz.py", ["judge", source, "back.npz", "out.safetensors"])
    #expect(report["failures"] == .array([]))
    #expect(report["tensors"] == 29)
    try workshop.tessera("convert", source, "again.h5", "--plan", "plan.json")
    #expect(try workshop.areEqual("model.h5", "again.h5"), "two conversions differ")
  }
}
