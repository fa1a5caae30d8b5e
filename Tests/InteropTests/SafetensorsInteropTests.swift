import StrictJSON
import TestSupport
import Testing

/// Flat weights are converted to a unit checkpoint and back to the same file; programs that know only the specified
/// layout confirm the checkpoint.
@Suite(.enabled(if: Peers.areThere(python: true, programs: Workshop.tools)))
struct SafetensorsInteropTests {
  @Test(arguments: InteropCase.allCases, [false, true])
  func theSameFileComesBackAndTheSpecificationDescribesWhatLiesBetween(
    _ interopCase: InteropCase, isCompressed: Bool
  ) throws {
    let workshop = try Workshop()
    try workshop.prepare(interopCase)
    let plan = (interopCase.hasPlan ? ["--plan", "plan.json"] : []) + (isCompressed ? ["--compress"] : [])
    try workshop.run(Peers.tessera, ["convert", "source.safetensors", "model.h5"] + plan)
    try workshop.tessera("convert", "model.h5", "back.safetensors")
    #expect(try workshop.areEqual("source.safetensors", "back.safetensors"))

    try workshop.run(Peers.tessera, ["convert", "source.safetensors", "again.h5"] + plan)
    #expect(try workshop.areEqual("model.h5", "again.h5"), "two conversions differ")

    let report = try workshop.report("check.py", [interopCase.rawValue, "source.safetensors", "model.h5"])
    expectCounts(report, of: interopCase, networks: true)
    #expect(report["compressed"] == JSONValue(isCompressed ? interopCase.compressed : 0))
    // The invented names and sizes of these cases look like half cuts.
    try workshop.tessera("validate", "--deep", "model.h5", "--rule", "half-cut=off")

    try workshop.run("h5dump", ["-H", "model.h5"])
    if interopCase.isSmall { try workshop.run("h5dump", ["model.h5"]) }
    let listed = try workshop.run("h5ls", ["-r", "model.h5"]).outputText.split(separator: "\n")
    #expect(listed.count { $0.contains(" Dataset {") } == interopCase.expected.datasets)
  }

  @Test(
    arguments: [InteropCase.fashion, .minilm, .wide, .squeezed],
    [["-f", "NONE", "-l", "CONTI"], ["-f", "GZIP=1"]])
  func aRepackedCompressedFileGivesTheSameWeights(_ interopCase: InteropCase, filters: [String]) throws {
    let workshop = try Workshop()
    try workshop.prepare(interopCase)
    try workshop.tessera("convert", "source.safetensors", "made.h5", "--plan", "plan.json", "--compress")
    try workshop.run("h5repack", ["-m", "1"] + filters + ["made.h5", "repacked.h5"])
    try workshop.tessera("convert", "repacked.h5", "back.safetensors")
    #expect(try workshop.areEqual("source.safetensors", "back.safetensors"))
    try workshop.tessera("validate", "--deep", "repacked.h5", "--rule", "half-cut=off")
    try workshop.tessera("diff", "made.h5", "repacked.h5")
    let report = try workshop.report(
      "check.py", [interopCase.rawValue, "source.safetensors", "repacked.h5", "repacked"])
    expectCounts(report, of: interopCase, networks: false)
  }

  @Test(arguments: InteropCase.allCases, [[], ["-f", "SHUF", "-f", "GZIP=4"]])
  func aRepackedFileGivesTheSameWeights(_ interopCase: InteropCase, filters: [String]) throws {
    let workshop = try Workshop()
    try workshop.prepare(interopCase)
    let plan = interopCase.hasPlan ? ["--plan", "plan.json"] : []
    try workshop.run("mkdir", ["made", "repacked"])
    try workshop.run(Peers.tessera, ["convert", "source.safetensors", "made/model.h5"] + plan)
    // h5repack of 1.10 cannot chunk a dataset without elements, unless small datasets are left alone.
    try workshop.run("h5repack", ["-m", "1"] + filters + ["made/model.h5", "repacked/model.h5"])
    #expect(try !workshop.areEqual("made/model.h5", "repacked/model.h5"), "h5repack has changed nothing")

    try workshop.tessera("convert", "repacked/model.h5", "back.safetensors")
    #expect(try workshop.areEqual("source.safetensors", "back.safetensors"))
    let seen = try ["made", "repacked"].map { folder in
      try Subprocess.run(
        Peers.tessera, ["inspect", "model.h5", "--json", "--digests"],
        directory: "\(workshop.folder.path)/\(folder)")
    }
    #expect(seen[0].code == 0)
    #expect(seen[0].output == seen[1].output)

    let report = try workshop.report(
      "check.py", [interopCase.rawValue, "source.safetensors", "repacked/model.h5", "repacked"])
    expectCounts(report, of: interopCase, networks: false)
  }

  @Test func theGeneratorKnowsTheseCasesAndNoOthers() throws {
    let python = try #require(Peers.python)
    let listed = try Subprocess.run(
      python, ["-B", "-c", "import cases; print(*sorted(cases.EXPECTED), end='')"],
      directory: Workshop.scripts)
    #expect(listed.outputText == InteropCase.allCases.map(\.rawValue).sorted().joined(separator: " "))
  }

  @Test(arguments: [(-1, "expected the checksum"), (500, "metadata checksum"), (2000, "rest_xxh3")])
  func theJudgeSeesOneOtherByte(at offset: Int, finding: String) throws {
    let workshop = try Workshop()
    try workshop.prepare(.cubes)
    try workshop.tessera("convert", "source.safetensors", "model.h5", "--plan", "plan.json")
    // The last byte of the file belongs to a tensor, the one at 500 to an object header, the one at 2,000 lies between
    // two.
    try workshop.run(
      "sh",
      [
        "-c",
        """
        cp model.h5 damaged.h5
        at=\(offset); [ $at -ge 0 ] || at=$(($(stat -c %s model.h5) $at))
        printf '\\125' | dd of=damaged.h5 bs=1 seek=$at conv=notrunc status=none
        """,
      ])
    #expect(try !workshop.areEqual("model.h5", "damaged.h5"))
    let report = try workshop.report("check.py", ["cubes", "source.safetensors", "damaged.h5"])
    guard case .array(let failures)? = report["failures"], !failures.isEmpty else {
      Issue.record("the judge has found nothing")
      return
    }
    #expect(
      failures.contains { if case .string(let text) = $0 { text.contains(finding) } else { false } },
      "\(failures)")
  }

  private func expectCounts(
    _ report: JSONObject, of interopCase: InteropCase, networks: Bool,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let expected = interopCase.expected
    #expect(report["failures"] == .array([]), sourceLocation: sourceLocation)
    #expect(report["tensors"] == JSONValue(expected.tensors), sourceLocation: sourceLocation)
    #expect(report["datasets"] == JSONValue(expected.datasets), sourceLocation: sourceLocation)
    #expect(report["blocks"] == JSONValue(expected.blocks), sourceLocation: sourceLocation)
    #expect(report["networks"] == JSONValue(networks ? expected.networks : 0), sourceLocation: sourceLocation)
    #expect(report["smaller"] == JSONValue(networks ? expected.smaller : 0), sourceLocation: sourceLocation)
    #expect(report["short"] == JSONValue(networks ? expected.short : 0), sourceLocation: sourceLocation)
  }
}
