import TestSupport
import Testing

@Suite struct SubprocessTests {
  @Test func capturesBothPipesWhateverTheirSize() throws {
    let result = try Subprocess.run(
      "sh", ["-c", "head -c 300000 /dev/zero; head -c 200001 /dev/zero >&2; exit 3"])
    #expect(result.ending == .exited(3))
    #expect(result.output.count == 300_000)
    #expect(result.errors.count == 200_001)
  }

  @Test func killsWhatRunsTooLongWithItsChildren() throws {
    let start = ContinuousClock.now
    let result = try Subprocess.run("sh", ["-c", "echo before; sleep 300 & wait"], timeout: 0.3)
    #expect(result.ending == .timedOut)
    #expect(ContinuousClock.now - start < .seconds(250))
    #expect(result.outputText == "before\n")
  }

  @Test func reportsTheSignalThatEndedIt() throws {
    #expect(try Subprocess.run("sh", ["-c", "kill -9 $$"]).ending == .signalled(9))
  }

  @Test func setsAndRemovesVariablesAndRunsInAFolder() throws {
    let result = try Subprocess.run(
      "sh", ["-c", "echo \"$LATE-${HOME-gone}\"; pwd"], environment: ["LATE": "a=b", "HOME": nil],
      directory: "/usr")
    #expect(result.outputText == "a=b-gone\n/usr\n")
  }

  @Test func saysWhatCannotBeStarted() {
    #expect(throws: SubprocessError.self) { try Subprocess.run("/no/such/program", []) }
  }
}
