import Foundation
import TestSupport
import Testing

/// File names are bytes: a name that is not UTF-8 differs from the name with U+FFFD in place of its bytes.
@Suite("File names that are not UTF-8")
struct FileNameBytesTests {
  /// Names in `printf` notation; the test puts the similar name with U+FFFD beside each, which must not change.
  private static let names = [
    #"model\377"#, #"\200"#, #"a\303"#, #"a\303\050b"#, #"\355\240\200"#, #"\364\217\237\277"#,
    #"\360\237\230\200\376"#, #"end\342\202"#, #"\300\257"#,
  ]

  @Test("each is written and read as its own file", arguments: names)
  func writes(name: String) throws {
    let folder = try TemporaryFolder()
    _ = try folder.write(SampleWeights.bytes([("a", "F32", [3]), ("b", "F32", [4])]), as: "w.safetensors")
    let script = #"""
      cd "$1" || exit 9
      name=$(printf "$2"); mkdir "d$name"
      look=$(printf "$2" | iconv -c -f UTF-8 -t UTF-8)
      printf old > "$look�.safetensors"; printf old > "x$look.safetensors"
      "$0" convert w.safetensors "$name.safetensors" || exit 3
      cmp w.safetensors "$name.safetensors" || exit 4
      "$0" convert "$name.safetensors" "d$name/" || exit 5
      "$0" diff "$name.safetensors" "d$name" || exit 6
      "$0" convert "$name.safetensors" "$name.safetensors" 2>/dev/null; [ $? = 64 ] || exit 7
      [ "$(cat "$look�.safetensors")" = old ] || exit 8
      ls -A . | grep -q 'tessera-' && exit 10
      "$0" inspect "no$name.h5"; [ $? = 2 ] || exit 11
      "$0" inspect "$name.safetensors" --json > json || exit 12
      """#
    let run = try shell(script, [Peers.tessera, folder.path, name])
    #expect(run.ending == .exited(0), "\(run.ending) \(run.outputText) \(run.errorText)")
    #expect(String(validating: run.errors, as: UTF8.self) != nil)
    #expect(run.errorText.contains("\\x"), "\(run.errorText)")
    #expect(run.errorText.contains("cannot open: no such file"), "\(run.errorText)")
    let json = try TemporaryFolder.bytes(of: folder.file("json"))
    #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(json)) }
  }

  @Test("a link that leads nowhere is followed, as others are")
  func danglingLinks() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write(SampleWeights.bytes([("a", "F32", [3])]), as: "w.safetensors")
    try FileManager.default.createDirectory(atPath: folder.file("d"), withIntermediateDirectories: false)
    for (link, target) in [
      ("one.npz", "new.npz"), ("two.npz", "d/new.npz"), ("three.npz", folder.file("abs.npz")),
      ("four.npz", "two2.npz"),
      ("two2.npz", "d/last.npz"), ("out.npz", "gone/new.npz"), ("loop.npz", "loop.npz"),
    ] {
      try FileManager.default.createSymbolicLink(atPath: folder.file(link), withDestinationPath: target)
    }
    for (link, target) in [
      ("one.npz", "new.npz"), ("two.npz", "d/new.npz"), ("three.npz", "abs.npz"), ("four.npz", "d/last.npz"),
    ] {
      let run = try tessera(["convert", "w.safetensors", link], directory: folder.path)
      #expect(run.ending == .exited(0), "\(run.errorText)")
      #expect(FileManager.default.fileExists(atPath: folder.file(target)), "\(target)")
      #expect(throws: Never.self) {
        try FileManager.default.destinationOfSymbolicLink(atPath: folder.file(link))
      }
    }
    for (link, words) in [("out.npz", "its folder does not exist"), ("loop.npz", "symbolic links")] {
      let run = try tessera(["convert", "w.safetensors", link], directory: folder.path)
      #expect(run.sentence().contains(words), "\(run.errorText)")
    }
  }

  @Test("a NUL in a path of a study is no shorter path")
  func nul() throws {
    let folder = try TemporaryFolder()
    let plan =
      #"{"format": "tessera.plan/1", "units": 1, "tensors": [{"name": "w", "dtype": "F32", "shape": [4]}]}"#
    _ = try folder.write(plan, as: "a.json")
    for (file, results, policy) in [
      (#"a.json\u0000b"#, #"[{"method":"A","task":"t","accuracy":50}]"#, "all-stored"),
      ("a.json", #""r.csv\u0000x""#, "all-stored"),
      ("a.json", #"[{"method":"A","task":"t","accuracy":50}]"#, #"./p.json\u0000"#),
    ] {
      _ = try folder.write("method,task,accuracy\nA,t,50\n", as: "r.csv")
      _ = try folder.write(
        """
        {"format": "tessera.study/1", "title": "t", "policy": "\(policy)",
         "methods": [{"name": "A", "file": "\(file)"}], "results": \(results)}
        """, as: "study.json")
      let run = try tessera(["compare", "study.json"], directory: folder.path)
      #expect(run.sentence().contains("NUL"), "\(run.errorText)")
    }
  }
}
