import Foundation
import TestSupport
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Names and titles from a file must have no effect on a terminal, a CI runner or a page.
@Suite("Hostile names")
struct HostileNameTests {
  private static let names = [
    "::error title=pwned::signed", "::add-mask::a", "  ::set-output name=x::y",
    "##vso[task.setvariable variable=x]y",
    "x ##[error]y", "a\n::error::b", "a\r\n##[group]b", "a\u{1B}[2J\u{1B}]0;t\u{7}b", "a\u{9B}31mb\u{85}c",
    "a\u{202E}gpj.exe", "a\u{2066}b\u{2069}\u{200F}\u{61C}", "a\u{2028}::error::b\u{2029}",
    "<script>alert(1)</script>",
    "[x](javascript:alert(1)) ![p](http://a/b.png)", "| a | `b` | **c** |", "a%0A::error::b,c:d",
    "\"&'<>]]>\u{FFFE}",
    "\u{2003}::warning::x", "section_start:1:a\r\u{1B}[0K", "\u{E0041}\u{E0042}tag", "..", "%", "'\\'",
  ]

  /// The names, and others that combine their parts.
  private static func allNames(_ count: Int) -> [String] {
    var generator = SeededGenerator(seed: 151)
    let parts = [
      "::", "##[", "##vso[", "]", "\n", "\r", "\u{1B}[", "\u{202E}", " ", "error", ":", "#", "<b>", "é",
      "\u{2028}",
    ]
    let made = (0..<count).map { number in
      (0..<Int.random(in: 2...7, using: &generator)).map { _ in parts.randomElement(using: &generator) ?? "" }
        .joined() + "\(number)"
    }
    return names + made
  }

  private static func json(_ text: String) -> String {
    text.utf16.map { unit in
      let digits = String(unit, radix: 16)
      return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }.joined()
  }

  /// The files that the command lines use, with hostile names wherever a file can have one.
  private static func folder(_ names: [String]) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let rows: [SampleWeights.Row] = names.enumerated().map { (Self.json($1), "F32", [4, 2 + $0]) }
    _ = try folder.write(SampleWeights.bytes(rows), as: "w.safetensors")
    _ = try folder.write(SampleWeights.bytes(rows.dropLast().map { $0 }, seed: 2), as: "v.safetensors")
    _ = try folder.write(
      SampleWeights.bytes(rows), as: "\(Self.names[5].replacing("/", with: "")).safetensors")
    let tasks = names.prefix(40).map { #"{"name":"\#(Self.json($0))","order":[0,1],"levels":[1,2]}"# }
    let cut = #"{"name":"\#(Self.json(names[0]))","axes":["\#(Self.json(names[1]))",null]}"#
    _ = try folder.write(
      #"{"format":"tessera.plan/1","units":2,"axes":{"\#(Self.json(names[1]))":{"size":4}},"tensors":[\#(cut)],"tasks":[\#(tasks.joined(separator: ","))]}"#,
      as: "plan.json")
    _ = try folder.write(
      ModelBytes.model { graph in
        graph.value(11, names[0], [2, 2])
        var last = names[0]
        for (place, name) in names.enumerated().dropFirst() {
          graph.ones("w" + name, [2, 2])
          graph.node("MatMul", [last, "w" + name], ["v" + name], name: name)
          last = "v" + name
          if place + 1 == names.count { graph.value(12, last, [2, 2]) }
        }
      }, as: "m.onnx")
    _ = try folder.write(SampleWeights.bytes([(Self.json(names[0]), "F32", [2, 2])]), as: "in.safetensors")
    let methods = names.prefix(12).map { #"{"name":"\#(Self.json($0))","cited":{"all-stored":\#(100)}}"# }
    let results = names.prefix(12).map {
      #"{"method":"\#(Self.json($0))","task":"\#(Self.json(names[2]))","accuracy":90,"test_size":100}"#
    }
    _ = try folder.write(
      #"""
      {"format":"tessera.study/1","title":"\#(Self.json(names[3]))","policy":"all-stored",
       "methods":[\#(methods.joined(separator: ","))],"results":[\#(results.joined(separator: ","))]}
      """#, as: "study.json")
    _ = try folder.write(
      #"""
      {"format":"tessera.counting-policy/1","id":"mine","version":1,"title":"\#(Self.json(names[0]))",
       "description":"d","match":{"leave_out":["\#(Self.json(names[4]))"]}}
      """#, as: "policy.json")
    for line in [
      ["convert", "w.safetensors", "m.h5", "--plan", "plan.json"], ["convert", "m.onnx", "g.h5"],
    ] {
      let run = try tessera(line, directory: folder.path)
      #expect(run.ending == .exited(0), "\(line): \(run.errorText)")
    }
    return folder
  }

  /// Command lines; `NAME` is replaced by each name.
  private static let lines = [
    "inspect w.safetensors", "inspect w.safetensors --json", "inspect m.h5", "inspect m.h5 --json",
    "inspect m.onnx", "inspect w.safetensors --tree", "inspect m.h5 --tree --json",
    "inspect w.safetensors --stats",
    "inspect w.safetensors --match NAME", "inspect w.safetensors --sort NAME",
    "diff w.safetensors v.safetensors --tolerance 1 --match NAME",
    "diff w.safetensors v.safetensors --tolerance NAME",
    "diff w.safetensors v.safetensors --rename NAME=x", "diff w.safetensors v.safetensors --ulp 1",
    "inspect a\n::error::b.safetensors", "inspect NAME", "count w.safetensors --roles", "count m.h5 --roles",
    "count m.h5 --json --roles", "count m.onnx --layers", "count m.onnx --layers --json", "count g.h5 --work",
    "count a\n::error::b.safetensors", "count m.h5 --task NAME", "count m.h5 --policy policy.json",
    "count m.h5 --policy all-stored --policy pytorch-parameters", "count m.h5 --max 1",
    "diff w.safetensors v.safetensors", "diff w.safetensors v.safetensors --json",
    "diff v.safetensors m.onnx",
    "diff w.safetensors a\n::error::b.safetensors", "validate w.safetensors m.h5 NAME",
    "validate --format json w.safetensors m.h5 NAME", "validate --format github w.safetensors m.h5 NAME",
    "validate --format sarif w.safetensors m.h5 NAME", "validate --format junit w.safetensors m.h5 NAME",
    "lock w.safetensors NAME", "validate --lock NAME w.safetensors", "validate --project NAME w.safetensors",
    "validate --deep --format github a\n::error::b.safetensors", "plan w.safetensors --plan plan.json",
    "plan w.safetensors --units 2 --cut *=NAME,-", "plan m.onnx --units 2 --cut-first --tasks NAME",
    "plan w.safetensors --preset NAME", "assign m.h5", "assign m.h5 --json",
    "assign plan.json --rule nearest",
    "assign m.h5 --order NAME", "assign m.h5 --rule adjacent -o out3.h5", "convert w.safetensors NAME",
    "convert w.safetensors out.npz --plan NAME",
    "convert w.safetensors out.npz", "convert m.h5 out.safetensors", "convert m.h5 NAME.xyz",
    "verify w.safetensors m.h5", "verify v.safetensors m.h5", "verify m.onnx g.h5 --layers",
    "verify v.safetensors m.h5 --json", "extract m.h5 out2.safetensors --task NAME --level 1",
    "extract m.h5 out2.safetensors --task NAME --level 9", "extract m.h5 NAME --task a",
    "run m.onnx --input in.safetensors --output y.npz --profile", "run m.onnx --output y.npz",
    "run m.onnx --input in.safetensors --output y.npz --profile --json",
    "run m.onnx --input w.safetensors --output y.npz",
    "compare study.json", "compare study.json --json", "compare study.json --policy NAME", "NAME",
    "report w.safetensors -o out.html", "report m.h5 -o out.html", "report m.h5 --json --no-values",
    "report w.safetensors v.safetensors -o out.html", "report NAME -o out.html", "report m.h5 -o NAME",
    "compare study.json --page out.html",
    "inspect --NAME",
  ]

  /// The first part of a text that a runner or a terminal would obey; nil if there is none.
  private static func obeyed(_ text: String, asCommands: Bool) -> String? {
    if let scalar = text.unicodeScalars.first(where: { scalar in
      if scalar == "\n" { return false }
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator: return true
      default: return false
      }
    }) {
      return "U+\(String(scalar.value, radix: 16))"
    }
    for line in text.split(separator: "\n") {
      if line.contains("##[") || line.contains("##vso[") { return String(line) }
      guard line.drop(while: \.isWhitespace).hasPrefix("::") else { continue }
      let isOwn = ["::error file=", "::warning file=", "::notice file="].contains(where: line.hasPrefix)
      // The properties of a command end at the first `::`; a name has none there.
      let properties = line.dropFirst(2).components(separatedBy: "::").first ?? ""
      if !asCommands || !isOwn || properties.filter({ $0 == "," }).count > 1 { return String(line) }
    }
    return nil
  }

  @Test("no command prints anything that is obeyed, on either stream, in any format")
  func everyCommand() throws {
    let names = Self.allNames(60)
    let folder = try Self.folder(names)
    var (count, commands, done) = (0, Set<String>(), Set<String>())
    for line in Self.lines {
      let words = line.split(separator: " ", omittingEmptySubsequences: true).map(String.init)
      commands.insert(words[0])
      for name in line.contains("NAME") ? Array(names.prefix(23)) : [""] {
        let arguments = words.map { $0.replacing("NAME", with: name) }
        let run = try tessera(arguments, directory: folder.path)
        #expect(run.code.map { [0, 1, 2, 64].contains($0) } ?? false, "\(line): \(run.ending)")
        if [0, 1].contains(run.code) { done.insert(line) }
        for (stream, text) in [("output", run.output), ("errors", run.errors)] {
          let shown = try #require(String(validating: text, as: UTF8.self))
          let found = Self.obeyed(shown, asCommands: line.contains("github") && stream == "output")
          #expect(found == nil, "\(arguments): \(stream): \(found.debugDescription)")
        }
        if line.contains("json") && !line.contains(".json") || line.contains("--json")
          || line.contains("sarif"),
          !run.output.isEmpty
        {
          #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(run.output)) }
        }
        if line.contains("junit") {
          #expect(XMLParser(data: Data(run.output)).parse(), "\(run.outputText)")
        }
        count += 1
      }
    }
    let help = try tessera(["--help"]).outputText.components(separatedBy: "SUBCOMMANDS:").last ?? ""
    for line in help.split(separator: "\n") where line.hasPrefix("  ") && !line.hasPrefix("   ") {
      let command = String(line.split(separator: " ")[0])
      #expect(["help", "See"].contains(command) || commands.contains(command), "\(command)")
    }
    #expect(count >= 471)
    // The others end with a sentence that has the name.
    #expect(done.count >= 36, "\(Self.lines.filter { !done.contains($0) })")
  }

  @Test("JSON keeps the names as they are")
  func kept() throws {
    let names = Self.allNames(60)
    let folder = try Self.folder(names)
    let run = try tessera(["inspect", "w.safetensors", "--json"], directory: folder.path)
    let document = try #require(try JSONSerialization.jsonObject(with: Data(run.output)) as? [String: Any])
    let tensors = try #require(document["tensors"] as? [[String: Any]])
    let found = Set(tensors.compactMap { ($0["name"] as? String).map { Array($0.utf8) } })
    #expect(found == Set(names.map { Array($0.utf8) }))
  }

  @Test("Markdown and the picture of a study have no HTML and no link of a name")
  func markdown() throws {
    let folder = try Self.folder(Self.allNames(0))
    _ = try folder.write(
      try String(contentsOfFile: folder.file("study.json"), encoding: .utf8).replacing(
        Self.json(Self.names[1]), with: Self.json(Self.names[12])
      ).replacing(Self.json(Self.names[0]), with: Self.json(Self.names[13])), as: "study.json")
    let run = try tessera(["compare", "study.json", "--svg", "s.svg"], directory: folder.path)
    #expect(run.ending == .exited(0), "\(run.errorText)")
    for markup in ["<script", "](javascript", "![p]", "(http://"] {
      #expect(!run.outputText.replacing("\\]", with: "").contains(markup), "\(markup)")
    }
    #expect(run.outputText.contains("&lt;script&gt;"))
    let picture = try TemporaryFolder.bytes(of: folder.file("s.svg"))
    #expect(!String(decoding: picture, as: UTF8.self).contains("<script"))
    #expect(XMLParser(data: Data(picture)).parse())
  }
}
