import StrictJSON
import TestSupport
import Testing

@Suite("diff with a tolerance, a selection and other names")
struct DiffToleranceTests {
  /// A and B: in B, `b` differs by 1 ulp in one element, `c` by far; the names in B begin with `net.`.
  private func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    func bytes(_ prefix: String, _ change: (inout [Float]) -> Void) -> [UInt8] {
      var numbers: [Float] = [1, 2, 4, 8, 100, 200, 300, 400, -1, 0, 1, 1]
      change(&numbers)
      var file = SampleWeights.bytes([
        ("\(prefix)a", "F32", [4]), ("\(prefix)b", "F32", [4]), ("\(prefix)c", "F32", [4]),
      ])
      file.removeLast(48)
      for number in numbers { withUnsafeBytes(of: number.bitPattern.littleEndian) { file += Array($0) } }
      return file
    }
    _ = try folder.write(bytes("") { _ in }, as: "a.safetensors")
    for (name, prefix) in [("b.safetensors", ""), ("renamed.safetensors", "net.")] {
      let file = bytes(prefix) {
        $0[5] = $0[5].nextUp
        $0[8] = -1.5
      }
      _ = try folder.write(file, as: name)
    }
    return folder
  }

  @Test(
    "accepts what is near, says so, and names what is not compared",
    arguments: [
      (["b.safetensors"], 1, ["0 only in A, 0 only in B, 2 changed, 1 equal\n"]),
      (
        ["b.safetensors", "--tolerance", "0.5"], 0,
        [
          "equal within |a-b| <= 0.5: 3 tensors, 1 of them bit for bit\n",
          "largest accepted: 0.5 in 'c', 4,194,304 ulp\n",
        ]
      ),
      (
        ["b.safetensors", "--tolerance", "0.4999"], 1,
        ["1 changed, 1 equal within |a-b| <= 0.5, 1 equal\n", "beyond"]
      ),
      (["b.safetensors", "--tolerance", "0,0.34"], 0, ["equal within |a-b| <= 0 + 0.34 |b|: 3 tensors"]),
      // A third of B's 1.5, and half of A's 1: the tolerance is relative to the second file.
      (["b.safetensors", "--tolerance", "0,0.33"], 1, ["1 changed"]),
      (["b.safetensors", "--ulp", "4194304"], 0, ["equal within 4194304 ulp: 3 tensors"]),
      (["b.safetensors", "--ulp", "1"], 1, ["1 changed, 1 equal within 1 ulp, 1 equal\n"]),
      (["b.safetensors", "--ulp", "0"], 1, ["2 changed, 0 equal within 0 ulp, 1 equal\n"]),
      (
        ["b.safetensors", "--match", "a"], 0,
        ["equal: 1 tensor\n", "not compared: 2 tensors of A and 2 of B, which --match leaves out\n"]
      ),
      (
        ["renamed.safetensors", "--rename", "*=net.*", "--tolerance", "1"], 0,
        ["3 tensors", "renamed: 3 tensors of A\n"]
      ),
      (
        ["renamed.safetensors", "--rename", "{}=net.{}", "--match", "net.b", "--ulp", "1"], 0,
        ["equal within 1 ulp: 1 tensor, 0 of them bit for bit\n"]
      ),
      (
        ["renamed.safetensors", "--rename", "a=net.a"], 1, ["2 only in A, 2 only in B, 0 changed, 1 equal\n"]
      ),
    ] as [([String], Int32, [String])])
  func reports(arguments: [String], code: Int32, words: [String]) throws {
    let folder = try folder()
    let run = try tessera(["diff", "a.safetensors"] + arguments, directory: folder.path)
    #expect(run.ending == .exited(code), "\(run.errorText)")
    for word in words { #expect(run.outputText.contains(word), "\(run.outputText)") }
    let json = try tessera(["diff", "a.safetensors", "--json"] + arguments, directory: folder.path)
    guard case .object(let report) = try JSONParser().parse(json.output) else {
      Issue.record("no report")
      return
    }
    #expect(report["equal"] == .bool(code == 0))
    #expect((report["within"] == nil) == (report["tolerance"] == nil))
  }

  @Test(
    "is refused where an option says nothing",
    arguments: [
      (["--tolerance", "x"], 64, "found 'x'"), (["--tolerance", "-1"], 64, "tolerance"),
      (["--tolerance", "nan"], 64, "found 'nan'"), (["--tolerance", "1,2,3"], 64, "found '1,2,3'"),
      (["--tolerance", "1", "--ulp", "1"], 64, "either --tolerance or --ulp"), (["--ulp", "-1"], 64, "ulp"),
      (["--ulp", "1.5"], 64, "ulp"), (["--rename", "a"], 64, "expected FROM=TO, found 'a'"),
      (["--rename", "a=b=c"], 64, "found 'a=b=c'"), (["--rename", "a.*=b.{}"], 64, "no more {} and *"),
      (["--rename", "aa=x"], 2, "--rename 'aa=x': expected a tensor to rename"),
      (["--rename", "a=b"], 2, "'a' and 'b' both become 'b'"), (["--match", "q*"], 2, "--match 'q*'"),
    ] as [([String], Int32, String)])
  func refusals(arguments: [String], code: Int32, words: String) throws {
    let folder = try folder()
    let run = try tessera(["diff", "a.safetensors", "b.safetensors"] + arguments, directory: folder.path)
    #expect(run.ending == .exited(code) && run.output.isEmpty, "\(run.outputText)")
    #expect(run.errorText.contains(words), "\(run.errorText)")
    #expect(run.errorText.contains("Usage:") == (code == 64), "\(run.errorText)")
  }
}
