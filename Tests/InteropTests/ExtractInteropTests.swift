import StrictJSON
import TestSupport
import Testing

/// Extracted sub-networks equal NumPy's slices, even if unneeded blocks hold garbage; strace confirms the number of
/// bytes read.
@Suite(.enabled(if: Peers.areThere(python: true, programs: ["strace", "h5repack"])))
struct ExtractInteropTests {
  static let cases = InteropCase.allCases.filter(\.hasPlan)

  @Test(arguments: cases, [false, true])
  func subNetworksAreSlicesOfTheSourceAndNothingElseIsRead(
    _ interopCase: InteropCase, isCompressed: Bool
  ) throws {
    let workshop = try Workshop()
    try workshop.prepare(interopCase)
    try workshop.run(
      Peers.tessera,
      ["convert", "source.safetensors", "model.h5", "--plan", "plan.json"]
        + (isCompressed ? ["--compress"] : []))
    let report = try workshop.report(
      "extracted.py", [interopCase.rawValue, "source.safetensors", "model.h5", Peers.tessera])
    #expect(report["failures"] == .array([]))
    // The sample has sixteen networks; the layout's judge checks four of them.
    #expect(report["networks"] == JSONValue(interopCase == .fashion ? 16 : interopCase.expected.networks))
    #expect(number(report["garbage"]) > 0)
    #expect(number(report["data"]) > 0)
    let tied: [InteropCase: Int] = [.mixed: 4, .family: 5]
    #expect(report["tied"] == JSONValue(tied[interopCase, default: 0]))
  }

  @Test(arguments: [[], ["-f", "SHUF", "-f", "GZIP=4"]])
  func aRepackedFileGivesTheSameSubNetwork(filters: [String]) throws {
    let workshop = try Workshop()
    try workshop.prepare(.family)
    try workshop.run(Peers.tessera, ["convert", "source.safetensors", "model.h5", "--plan", "plan.json"])
    try workshop.run("h5repack", ["-m", "1"] + filters + ["model.h5", "repacked.h5"])
    for file in ["model", "repacked"] {
      try workshop.tessera(
        "extract", "\(file).h5", "\(file).safetensors", "--task", "walk", "--level", "2")
    }
    #expect(try workshop.areEqual("model.safetensors", "repacked.safetensors"))
  }

  private func number(_ value: JSONValue?) -> Int64 {
    if case .integer(let number)? = value { number } else { 0 }
  }
}
