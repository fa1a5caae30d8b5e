import Foundation
import StrictJSON
import TestSupport
import Testing

/// Where `tessera.toml` is found, to which files it applies, and which documents are refused.
@Suite("A project's document")
struct ProjectTests {
  private static let noI64 = "[[files]]\nmatch = \"**\"\ndtypes = [\"F32\", \"F16\"]\n"
  private static let noF16 = "[[files]]\nmatch = \"**\"\ndtypes = [\"F32\", \"I64\"]\n"

  @Test("is each one above the file, up to a folder with .git")
  func discovery() throws {
    let project = try ProjectFolder()
    try project.write(Self.noI64)
    let outer = try project.validate("sub/w.safetensors")
    #expect(
      outer.outputText.contains(
        "'steps': expected dtype F32 or F16, found I64 (tessera.toml: files[0].dtypes)"))
    // From a folder below, the document is named by its absolute path.
    let below = try project.validate("w.safetensors", directory: project.folder.file("sub"))
    #expect(below.ending == .exited(1) && below.outputText.contains("/tessera.toml (rules for 1 file)\n"))
    // A nearer one adds rules, and takes none away.
    try project.write(Self.noF16, as: "sub/tessera.toml")
    let nearer = try project.validate("sub/w.safetensors", "nan.safetensors")
    #expect(
      nearer.outputText.contains(
        "project: sub/tessera.toml (rules for 1 file)\nproject: tessera.toml (rules for 2 files)\n"))
    #expect(nearer.outputText.contains("'layer0.up'") && nearer.outputText.contains("'steps'"))
    // The search ends at .git, which is a file in a worktree.
    try FileManager.default.removeItem(atPath: project.folder.file("sub/tessera.toml"))
    try project.write("gitdir: elsewhere\n", as: "sub/.git")
    let ended = try project.validate("sub/w.safetensors")
    #expect(ended.ending == .exited(0) && !ended.outputText.contains("project"), "\(ended.outputText)")
    // A document beside .git is found.
    try project.write(Self.noF16, as: "sub/tessera.toml")
    #expect(try project.validate("sub/w.safetensors").ending == .exited(1))
  }

  @Test("is the one that --project names, or none with --no-project")
  func precedence() throws {
    let project = try ProjectFolder()
    try project.write(Self.noI64)
    try project.write(Self.noF16, as: "rules.toml")
    let named = try project.validate("--project", "rules.toml", "sub/w.safetensors")
    #expect(
      named.outputText.contains("(rules.toml: files[0].dtypes)") && !named.outputText.contains("'steps'"))
    #expect(try project.validate("--no-project", "sub/w.safetensors").ending == .exited(0))
    #expect(try project.validate("--no-project", "--project", "rules.toml", "sub/w.safetensors").code == 64)
    // A file outside the folder of a named document is not passed over in silence.
    try project.write(Self.noF16, as: "ci/rules.toml")
    let outside = try project.validate("--project", "ci/rules.toml", "sub/w.safetensors")
    #expect(
      outside.ending == .exited(1)
        && outside.outputText.contains("warning project: expected a file in the folder of 'ci/rules.toml'"))
    // The command line has precedence: its severity of non-finite takes the place of the document's.
    try project.write("[[files]]\nmatch = \"*\"\nnon-finite = \"off\"\n")
    let gate = try project.validate("--deep", "--rule", "non-finite=error", "nan.safetensors")
    #expect(
      gate.ending == .exited(1) && gate.outputText.contains("error non-finite: tensor 'a': found 2 NaN"))
    try project.write("[[files]]\nmatch = \"*\"\nnon-finite = \"error\"\n")
    let note = try project.validate("--deep", "--rule", "non-finite=note", "nan.safetensors")
    #expect(note.ending == .exited(0) && !note.outputText.contains("error"), "\(note.outputText)")
    let off = try project.validate("--deep", "--rule", "project=off", "nan.safetensors")
    #expect(off.ending == .exited(0), "\(off.outputText)")
  }

  @Test("applies every entry that matches, and the strictest non-finite of them")
  func entries() throws {
    let project = try ProjectFolder()
    try project.write(
      """
      format = "tessera.project/1"
      [[files]]
      match = "*.safetensors"
      non-finite = "note"
      largest-file = 10
      [[files]]
      match = "nan.*"
      non-finite = "error"
      forbidden = ["a"]
      [[files]]
      match = "sub/**"
      forbidden = ["a"]
      """)
    let run = try project.validate("--deep", "nan.safetensors")
    let lines = run.outputText.split(separator: "\n").dropFirst(2).map(String.init)
    #expect(
      lines == [
        "  error project: expected at most 10 bytes, found 70 (tessera.toml: files[0].largest-file)",
        "  error project: tensor 'a': expected no tensor that 'a' matches, found this one (tessera.toml: files[1].forbidden[0])",
        "  error project: tensor 'a': expected finite values, found 2 NaN of 2 elements (tessera.toml: files[1].non-finite)",
      ])
  }

  @Test("applies to a set of shards by its index, its folder or a shard, and says that it does")
  func setsOfShards() throws {
    let project = try ProjectFolder()
    let rows: [SampleWeights.Row] = (0..<6).map { ("t\($0)", "F32", [64]) }
    _ = try project.folder.write(SampleWeights.bytes(rows), as: "w.safetensors")
    #expect(
      try tessera(
        ["convert", "w.safetensors", "set/", "--shard-size", "512"], directory: project.folder.path
      )
      .code == 0)
    for match in ["set", "set/*.safetensors", "set/model.safetensors.index.json", "set/model-00002-*"] {
      try project.write("[[files]]\nmatch = \"\(match)\"\ndtypes = [\"F16\"]\n")
      for path in ["set", "set/model.safetensors.index.json", "."] {
        let run = try project.validate(path)
        #expect(
          run.outputText.contains(#/^project: tessera.toml \(rules for [1-9][0-9]* files?\)\n/#),
          "\(match): \(run.outputText)")
        #expect(run.outputText.contains("expected dtype F16, found F32"), "\(match): \(run.outputText)")
        #expect(
          !run.outputText.contains("expected a pattern that a file matches"), "\(match): \(run.outputText)")
      }
    }
  }

  @Test("is named in full in each place, since several may be used")
  func places() throws {
    let project = try ProjectFolder()
    for place in ["tessera.toml", "sub/tessera.toml"] {
      try project.write("[[files]]\nmatch = \"**\"\nrequired = [\"none\"]\n", as: place)
    }
    let run = try project.validate("sub/w.safetensors")
    for place in ["(tessera.toml: files[0].required[0])", "(sub/tessera.toml: files[0].required[0])"] {
      #expect(run.outputText.contains(place), "\(run.outputText)")
    }
  }

  @Test("has limits for its patterns and counts as a whole, and suggests few names")
  func limits() throws {
    let project = try ProjectFolder()
    func list(_ count: Int) -> String {
      "[\((0..<count).map { "\"layer0.uq\($0)\"" }.joined(separator: ", "))]"
    }
    func entry(_ key: String, _ count: Int) -> String {
      "[[files]]\nmatch = \"**\"\n\(key) = \(list(count))\n"
    }
    try project.write(entry("required", 600) + entry("forbidden", 425))
    #expect(
      try project.validate("sub/w.safetensors").sentence().hasSuffix(
        "files: expected at most 1024 patterns of tensors in all entries, found 1025"))
    let count = "[[files.counts]]\nlargest = 1\n"
    try project.write(
      (0..<2).map { _ in "[[files]]\nmatch = \"**\"\n" + String(repeating: count, count: 513) }.joined())
    #expect(
      try project.validate("sub/w.safetensors").sentence().hasSuffix(
        "files: expected at most 1024 counts in all entries, found 1026"))
    try project.write(entry("required", 30) + entry("required", 25))
    let run = try project.validate("sub/w.safetensors").outputText
    #expect(run.components(separatedBy: "; the nearest name is ").count == 6, "\(run)")
    #expect(
      run.contains("expected 10 more tensors, found none of them (tessera.toml: files[0].required)"), "\(run)"
    )
    #expect(
      run.contains("expected 5 more tensors, found none of them (tessera.toml: files[1].required)"), "\(run)")
  }

  @Test("applies to the files of a folder, and is not one of the files that --strict reports")
  func folder() throws {
    let project = try ProjectFolder()
    try FileManager.default.removeItem(atPath: project.folder.file("torn.h5"))
    try FileManager.default.removeItem(atPath: project.folder.file("module.pt"))
    _ = try project.folder.write("{}", as: "sub/config.json")
    try project.write(
      Self.noI64
        + "[[files]]\nmatch = \"sub/config.json\"\nlargest-file = 1\n[[files]]\nmatch = \"*.md\"\nlargest-file = 3\n"
    )
    _ = try project.folder.write("text\n", as: "README.md")
    let run = try project.validate(".")
    #expect(run.outputText.contains("error project: tensor 'steps'"))
    #expect(
      run.outputText.contains("./README.md: not examined (UTF-8 text)")
        || run.outputText.contains("README.md: not examined"))
    #expect(
      run.outputText.contains("expected at most 3 bytes, found 5 (tessera.toml: files[2].largest-file)"))
    #expect(
      run.outputText.contains("expected at most 1 bytes, found 2 (tessera.toml: files[1].largest-file)"))
    let strict = try project.validate("--strict", ".")
    #expect(
      strict.outputText.contains("tessera.toml: not examined (the project's rules)\n"), "\(strict.outputText)"
    )
    #expect(!strict.outputText.contains("tessera.toml: not examined (the project's rules)\n  warning"))
  }

  private static let required = """
    [[files]]
    match = "MATCH"
    required = ["t0", "t11", { match = "t{}", shape = [64], dtype = "F32" }]
    forbidden = ["t5"]
    largest-file = 400
    counts = [{ largest = 767 }]

    """

  @Test(
    "applies to a set of shards as a whole, by its index, its folder or a shard",
    arguments: [
      "set/model.safetensors.index.json", "set", "set/*-of-*.safetensors", "**/*.safetensors", "**",
    ],
    [true, false])
  func shards(match: String, hasIndex: Bool) throws {
    let folder = try folderWithSet()
    if !hasIndex {
      try FileManager.default.removeItem(atPath: folder.file("set/model.safetensors.index.json"))
      if match.hasSuffix(".json") { return }
    }
    _ = try folder.write(Self.required.replacing("MATCH", with: match), as: "tessera.toml")
    for arguments in [["set"], ["--deep", "set"], ["."]] {
      let run = try tessera(["validate"] + arguments, directory: folder.path)
      let findings = run.outputText.split(separator: "\n").filter { $0.contains("project:") }.dropFirst()
      // The tensor and the count are reported once for the set; "." also has the single file.
      let sets = findings.filter { !$0.contains("w.safetensors") }
      let isBoth = arguments == ["."] && match.hasPrefix("**")
      #expect(sets.count { $0.contains("'t5'") } == (isBoth ? 2 : 1), "\(run.outputText)")
      #expect(sets.count { $0.contains("found 768 parameters") } == (isBoth ? 2 : 1), "\(run.outputText)")
      #expect(sets.contains { $0.contains("expected at most 400 bytes") }, "\(run.outputText)")
      #expect(!run.outputText.contains("expected tensor 't"), "\(run.outputText)")
    }
  }

  /// A folder with `w.safetensors`, twelve tensors of 256 bytes, and the same in shards in `set`.
  private func folderWithSet() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    _ = try folder.write("", as: ".git/HEAD")
    let rows: [SampleWeights.Row] = (0..<12).map { ("t\($0)", "F32", [64]) }
    _ = try folder.write(SampleWeights.bytes(rows), as: "w.safetensors")
    let run = try tessera(
      ["convert", "w.safetensors", "set/", "--shard-size", "1024"], directory: folder.path)
    #expect(run.code == 0)
    return folder
  }

  @Test("reports a set that cannot be opened as not checked")
  func tornSet() throws {
    let folder = try folderWithSet()
    _ = try folder.write(Self.required.replacing("MATCH", with: "set/*.safetensors"), as: "tessera.toml")
    let first = try #require(
      try FileManager.default.contentsOfDirectory(atPath: folder.file("set")).sorted().first)
    try FileManager.default.removeItem(atPath: folder.file("set/\(first)"))
    for name in ["", "model.safetensors.index.json"] {
      if !name.isEmpty { try FileManager.default.removeItem(atPath: folder.file("set/\(name)")) }
      let run = try tessera(["validate", "set"], directory: folder.path)
      #expect(
        run.outputText.contains(
          "found a shard of a damaged set: tessera.toml: files[0].required is not checked"),
        "\(run.outputText)")
      #expect(!run.outputText.contains("expected tensor 't"), "\(run.outputText)")
    }
  }

  @Test("has a warning for an entry that is about no file of the folder that was checked")
  func idle() throws {
    let project = try ProjectFolder()
    try project.write(
      "[[files]]\nmatch = \"sub/*\"\nforbidden = [\"q\"]\n[[files]]\nmatch = \"sbu/*\"\nforbidden = [\"q\"]\n"
    )
    let run = try project.validate("--rule", "unexamined=off", ".")
    #expect(
      run.outputText.contains(
        "./tessera.toml: 1 warning") || run.outputText.contains("tessera.toml: 1 warning"),
      "\(run.outputText)")
    #expect(
      run.outputText.contains(
        "warning project: files[1].match: expected a pattern that a file matches, found 'sbu/*'\n"),
      "\(run.outputText)")
    // A part of the project says nothing about the other entries.
    #expect(!(try project.validate("sub").outputText.contains("sbu")))
    #expect(!(try project.validate("sub/w.safetensors").outputText.contains("sbu")))
  }

  @Test("reads no policy outside its folder, unless it is named")
  func policies() throws {
    let project = try ProjectFolder()
    _ = try project.folder.write("root:x:0:0\n", as: "secret/passwd")
    try project.write(
      "[[files]]\nmatch = \"*\"\ncounts = [{ policy = \"../secret/passwd\", largest = 1 }]\n",
      as: "sub/tessera.toml")
    let found = try project.validate("sub/w.safetensors")
    #expect(
      found.ending == .exited(2) && found.errorText.contains("expected a file in the folder of the document"),
      "\(found.errorText)")
    let absolute = project.folder.file("masked.json")
    try project.write(
      "[[files]]\nmatch = \"*\"\ncounts = [{ policy = \"\(absolute)\", largest = 1 }]\n",
      as: "sub/tessera.toml")
    #expect(try project.validate("sub/w.safetensors").ending == .exited(2))
    #expect(try project.validate("--project", "sub/tessera.toml", "sub/w.safetensors").ending == .exited(1))
  }

  @Test("is in the JSON report of each file to which a rule applies, and in JUnit's cases")
  func json() throws {
    let project = try ProjectFolder()
    try project.write("[[files]]\nmatch = \"sub/*\"\nforbidden = [\"steps\"]\n")
    let run = try project.validate("--json", "sub/w.safetensors", "nan.safetensors")
    guard case .object(let report) = try JSONParser().parse(run.output),
      case .array(let files)? = report["files"]
    else {
      Issue.record("no report")
      return
    }
    let projects = files.compactMap { if case .object(let file) = $0 { file["documents"] } else { nil } }
    #expect(projects == [.array(["tessera.toml"]), .array([])])
    #expect(run.outputText.contains("\"defect\": \"project.forbidden\""))
    let junit = try project.validate("--format", "junit", "sub/w.safetensors")
    #expect(junit.outputText.contains("name=\"project\">"))
    let plain = try project.validate("--format", "junit", "--no-project", "sub/w.safetensors")
    #expect(!plain.outputText.contains("name=\"project\""))
  }

  /// Documents that are refused, and the sentence after `tessera.toml: `.
  static let malformed: [(document: String, sentence: String)] = [
    ("files = 1", "line 1, column 1: files: expected an array, found an integer"),
    ("[files]\nmatch = \"a\"", "line 1, column 2: files: expected an array, found a table"),
    ("files = [1]", "line 1, column 10: files[0]: expected a table, found an integer"),
    ("a = 1", "line 1, column 1: expected one of the keys format, files, found 'a'"),
    (
      "format = \"tessera.project/2\"",
      "line 1, column 1: format: expected \"tessera.project/1\", found 'tessera.project/2'"
    ),
    ("\n[[files]]\ndtypes = []", "line 2, column 3: files[0]: expected the key 'match', found none"),
    (
      "[[files]]\nmatch = \"a\"\ndtype = [\"F32\"]",
      "line 3, column 1: files[0]: expected one of the keys match, formats, dtypes, required, forbidden, largest-file, non-finite, allow-globals, sha256, counts, found 'dtype'; the nearest name is 'dtypes'"
    ),
    (
      "[[files]]\nmatch = \"a\"\ndtypes = [\"F33\"]",
      "line 3, column 11: files[0].dtypes[0]: expected a dtype (F64, F32, "
    ),
    (
      "[[files]]\nmatch = \"a\"\ndtypes = []",
      "line 3, column 1: files[0].dtypes: expected at least one, found none"
    ),
    ("[[files]]\nmatch = \"a\"\nformats = [\"safetensor\"]", "the nearest name is 'safetensors'"),
    (
      "[[files]]\nmatch = \"/a\"",
      "files[0].match: expected a pattern of paths relative to the document's folder, such as models/*.h5 or **/*.safetensors, found '/a'"
    ),
    ("[[files]]\nmatch = \"a**\"", "found 'a**'"), ("[[files]]\nmatch = \"../a\"", "found '../a'"),
    ("[[files]]\nmatch = \"\"", "found ''"),
    ("[[files]]\nmatch = 1", "files[0].match: expected a string, found an integer"),
    (
      "[[files]]\nmatch = \"a\"\nrequired = [1]",
      "files[0].required[0]: expected a name, a pattern or a table, found an integer"
    ),
    (
      "[[files]]\nmatch = \"a\"\nrequired = [{ shape = [1] }]",
      "files[0].required[0]: expected the key 'match', found none"
    ),
    (
      "[[files]]\nmatch = \"a\"\nrequired = [{ match = \"x\", shape = [\"x\"] }]",
      "files[0].required[0].shape[0]: expected an extent, or \"*\" for any, found a string"
    ),
    ("[[files]]\nmatch = \"a\"\nrequired = [{ match = \"x\", shape = [-1] }]", "found -1"),
    (
      "[[files]]\nmatch = \"a\"\nlargest-file = \"2M\"",
      "files[0].largest-file: expected a number of bytes, or a text such as \"64MB\" or \"2GiB\", found '2M'"
    ),
    (
      "[[files]]\nmatch = \"a\"\nnon-finite = \"never\"",
      "files[0].non-finite: expected 'off' or 'note' or 'warning' or 'error', found 'never'"
    ),
    (
      "[[files]]\nmatch = \"a\"\nsha256 = \"12\"",
      "files[0].sha256: expected 64 hexadecimal digits, found '12'"
    ),
    (
      "[[files]]\nmatch = \"a\"\nsha256 = \"\(String(repeating: "-0", count: 32))\"",
      "expected 64 hexadecimal digits"
    ),
    (
      "[[files]]\nmatch = \"a\"\nallow-globals = [\"x\"]",
      "files[0].allow-globals[0]: expected module.name, found 'x'"
    ),
    (
      "[[files]]\nmatch = \"a\"\n[[files.counts]]\ntask = \"t\"",
      "line 3, column 9: files[0].counts[0]: expected the key 'largest' or 'smallest', found neither"
    ),
    (
      "[[files]]\nmatch = \"a\"\n[[files.counts]]\nlargest = \"7B\"",
      "line 4, column 1: files[0].counts[0].largest: expected a number such as 1.9M"
    ),
    (
      "[[files]]\nmatch = \"a\"\n[[files.counts]]\nlevel = 0\nlargest = 1",
      "files[0].counts[0].level: expected a level's number or name, found 0"
    ),
    (
      "[[files]]\nmatch = \"a\"\n[[files.counts]]\npolicy = \"all-stord\"\nlargest = 1",
      "line 4, column 1: files[0].counts[0].policy: expected a counting policy, found policy: expected all-stored, "
    ),
    (
      "[[files]]\nmatch = \"a\"\n[[files.counts]]\npolicy = \"absent.json\"\nlargest = 1",
      "files[0].counts[0].policy: expected a counting policy, found absent.json: cannot open: no such file or directory"
    ),
    ("a = [", "line 1, column 6: expected a value, found the end of the text"),
    (
      "when = 1979-05-27",
      "line 1, column 8: expected a string, a number, a boolean, an array or a table, found a date"
    ),
  ]

  @Test(
    "that is malformed is refused with its line and column, and nothing is checked",
    arguments: malformed.indices)
  func refusals(number: Int) throws {
    let (document, sentence) = Self.malformed[number]
    let folder = try TemporaryFolder()
    _ = try folder.write(document, as: "tessera.toml")
    _ = try folder.write(SampleWeights.bytes([("a", "F32", [2])]), as: "w.safetensors")
    let found = try tessera(["validate", "w.safetensors"], directory: folder.path).sentence()
    #expect(found.hasPrefix("tessera.toml: line "), "\(found)")
    #expect(found.contains(sentence), "\(found)")
    #expect(Self.malformed.count == 31)
  }

  @Test("that is hostile, absent or too large is refused in one sentence")
  func hostile() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write(SampleWeights.bytes([("a", "F32", [2])]), as: "w.safetensors")
    let cases: [(bytes: [UInt8], words: String)] = [
      ([UInt8](repeating: UInt8(ascii: "["), count: 1 << 20), "expected a key"),
      (Array("a=".utf8) + [UInt8](repeating: UInt8(ascii: "["), count: 1_000_000), "at most 64 levels"),
      (Array("a=".utf8) + [UInt8](repeating: UInt8(ascii: "9"), count: 1_000_000), "64-bit integer"),
      (Array("a = \"".utf8) + [0xC0, 0x80], "expected UTF-8, found byte 0xC0"),
      ([UInt8](repeating: 0x20, count: 1 << 20 | 1), "at most 1,048,576 bytes, found 1,048,577"),
      ([0], "found byte 0x00"),
    ]
    for (bytes, words) in cases {
      _ = try folder.write(bytes, as: "tessera.toml")
      let found = try tessera(["validate", "w.safetensors"], directory: folder.path).sentence()
      #expect(found.contains(words) && found.utf8.count < 300, "\(found)")
    }
    #expect(cases.count == 6)
    let absent = try tessera(
      ["validate", "w.safetensors", "--project", "absent.toml"], directory: folder.path)
    #expect(absent.sentence() == "absent.toml: cannot open: no such file or directory")
    _ = try FileManager.default.removeItem(atPath: folder.file("tessera.toml"))
    try FileManager.default.createDirectory(
      atPath: folder.file("tessera.toml"), withIntermediateDirectories: false)
    #expect(
      try tessera(["validate", "w.safetensors"], directory: folder.path).sentence().hasPrefix(
        "tessera.toml: "))
  }
}
