import Foundation
import StrictJSON
import TestSupport
import Testing

@Suite("compare")
struct CompareTests {
  /// Two plans of similar size: `b` has a head and a selector, `a` a slightly smaller body and no head.
  private func folder(_ results: String, table: String? = nil) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    func plan(_ tensors: [(String, [Int])]) -> String {
      let entries = tensors.map { #"{"name": "\#($0.0)", "dtype": "F32", "shape": \#($0.1)}"# }
      return #"{"format": "tessera.plan/1", "units": 1, "tensors": [\#(entries.joined(separator: ", "))]}"#
    }
    _ = try folder.write(plan([("body.weight", [100, 10]), ("body.bias", [10])]), as: "a.json")
    _ = try folder.write(
      plan([("body.weight", [99, 10]), ("head.weight", [5, 1]), ("selector.weight", [50, 10])]), as: "b.json")
    _ = try folder.write(
      """
      {"format": "tessera.study/1", "title": "planted", "policy": "den-estimator-only",
       "methods": [{"name": "A", "file": "a.json"}, {"name": "B", "file": "b.json"},
                   {"name": "C", "cited": {"den-estimator-only": 900}}],
       "results": \(results)}
      """, as: "study.json")
    if let table { _ = try folder.write(table, as: "table.csv") }
    return folder
  }

  private func document(_ folder: TemporaryFolder, _ more: [String] = []) throws -> JSONObject {
    let run = try tessera(["compare", "study.json", "--json"] + more, directory: folder.path)
    #expect(run.ending == .exited(0), "\(run.errorText)")
    guard case .object(let object) = try JSONParser().parse(run.output) else { return JSONObject() }
    return object
  }

  private func objects(_ object: JSONObject, _ key: String) -> [JSONObject] {
    guard case .array(let values)? = object[key] else { return [] }
    return values.compactMap { if case .object(let object) = $0 { object } else { nil } }
  }

  private func result(_ method: String, _ task: String, _ accuracy: String, _ more: String = "") -> String {
    #"{"method": "\#(method)", "task": "\#(task)", "accuracy": \#(accuracy)\#(more)}"#
  }

  @Test("of the sample has the numbers of its page, and the page's picture")
  func sample() throws {
    let study = "\(SourceFolder.root)/samples/fashion/study"
    let folder = try TemporaryFolder()
    let run = try tessera(
      ["compare", "overall.study.json", "--json", "--differences", folder.file("d.svg")], directory: study)
    guard case .object(let document) = try JSONParser().parse(run.output) else { return #expect(Bool(false)) }
    let picture = try TemporaryFolder.bytes(of: folder.file("d.svg"))
    #expect(try TemporaryFolder.bytes(of: "\(study)/overall.svg") == picture)
    let page = try String(contentsOfFile: "\(study)/README.md", encoding: .utf8).split(separator: "\n")
    func text(_ value: JSONValue?, _ format: String) throws -> String {
      guard case .number(let number)? = value else { return "no number" }
      return String(format: format, 100 * number).replacing("-", with: "−")
    }
    func row(_ point: JSONObject) throws -> Substring {
      guard case .string(let method)? = point["method"] else { return "" }
      return try #require(page.first { $0.hasPrefix("| `\(method)` |") }, "\(method)")
    }
    let points = objects(document, "points")
    for point in points { #expect(try row(point).contains("| \(text(point["accuracy"], "%.2f")) |")) }
    let pairs = objects(document, "pairs")
    for pair in pairs {
      guard case .integer(let first)? = pair["first"], case .object(let test)? = pair["test"],
        case .array(let ends)? = test["interval"]
      else { return #expect(Bool(false)) }
      let words = try [test["difference"], ends.first, ends.last].map { try text($0, "%+.2f") }
      #expect(try row(points[Int(first)]).contains("| \(words[0]) (\(words[1]) to \(words[2])) |"))
    }
    #expect(points.count == 9 && pairs.count == 7)
  }

  @Test(
    "with a baseline, every other method is compared with it alone, and the correction is over these tests")
  func baseline() throws {
    let folder = try folder("[]")
    let accuracies: [(String, [Double])] = [
      ("A", [90.1, 92.0, 91.0, 90.2]), ("B", [89.1, 90.9, 90.0, 89.1]), ("C", [90.3, 92.1, 91.3, 90.3]),
    ]
    let results = accuracies.map { name, values in
      let list = values.enumerated().map { #""\#($0.offset + 1)": \#($0.element)"# }
      return result(name, "t", "{" + list.joined(separator: ", ") + "}")
    }
    func write(_ baseline: String) throws {
      let methods = ["A", "B", "C"].map { #"{"name": "\#($0)", "file": "a.json"}"# }.joined(separator: ", ")
      _ = try folder.write(
        #"{"format": "tessera.study/1", \#(baseline) "methods": [\#(methods)], "results": [\#(results.joined(separator: ", "))]}"#,
        as: "study.json")
    }
    try write("")
    let all = objects(try document(folder), "pairs")
    #expect(all.count == 3)
    try write(#""baseline": "B","#)
    let found = try document(folder)
    #expect(found["baseline"] == "B")
    let pairs = objects(found, "pairs")
    // Points 0, 1, 2 are A, B, C; a gain over the baseline is positive.
    #expect(pairs.map { $0["first"] } == [0, 2] && pairs.map { $0["second"] } == [1, 1])
    #expect(pairs.allSatisfy { $0["verdict"] == "first-better" })
    guard case .number(let of3)? = all[0]["p_holm"], case .number(let of2)? = pairs[0]["p_holm"] else {
      return #expect(Bool(false))
    }
    #expect(of2 < of3)
    let text = try tessera(["compare", "study.json", "--differences", "d.svg"], directory: folder.path)
      .outputText
    let picture = String(decoding: try TemporaryFolder.bytes(of: folder.file("d.svg")), as: UTF8.self)
    #expect(
      picture.contains(">A − B</text>") && picture.contains(">C − B</text>") && !picture.contains("A − C"))
    // Both differences are at least a point above 0, so the dots are to the right of the line.
    let places = try picture.matches(of: #/(?:cx="|<path d="M)([0-9.]+)/#).map {
      try #require(Double($0.output.1))
    }
    // The line at 0, then the interval and the dot of each pair, then the axis.
    #expect(places.count == 6 && places[0] == 300 && places[1] < places[2] && places[3] < places[4])
    #expect(
      picture.components(separatedBy: "fill=\"#0072B2\"").count - 1 == 2 && picture.contains(">+1.05</text>"))
    #expect(picture.contains("N = 4. Intervals are not corrected.") && !picture.contains("Without a partner"))
    // The interval of A − B has three degrees of freedom: t = 3.182.
    #expect(text.contains(" 1.05 | 0.96 to 1.14 "))
    #expect(text.contains("Every method is compared with 'B' only.") && text.contains("| A − B |"))
    try write(#""baseline": "D","#)
    #expect(
      try tessera(["compare", "study.json"], directory: folder.path).sentence()
        == "study.json: baseline: expected one of the keys A, B, C, found 'D'")
  }

  @Test("no interval of an accuracy goes beyond 0 and 100 %")
  func bounded() throws {
    let folder = try folder(
      "["
        + [
          result("A", "t", #"{"1": 99.9, "2": 95.0, "3": 99.8}"#),
          result("B", "t", #"{"1": 0.1, "2": 5.0, "3": 0.2}"#),
        ].joined(separator: ", ") + "]")
    let ends = objects(try document(folder), "points").map { point -> [JSONValue] in
      if case .array(let ends)? = point["seed_interval"] { ends } else { [] }
    }
    // Student's intervals would end at 105.2 % and −5.2 %.
    #expect(ends.count == 2 && ends[0].last == .number(1) && ends[1].first == .number(0))
  }

  @Test("calls a planted flip, a planted N = 1, an insignificant gain and a real one")
  func planted() throws {
    let size = #", "test_size": 10000"#
    let folder = try folder(
      "["
        + [
          result("A", "once", "95.1", size), result("B", "once", "94.7", size),
          result("A", "noise", #"{"1": 90.1, "2": 89.0, "3": 91.0, "4": 90.2}"#),
          result("B", "noise", #"{"1": 89.9, "2": 90.1, "3": 90.0, "4": 89.9}"#),
          result("A", "real", #"{"1": 90.1, "2": 92.0, "3": 91.0, "4": 90.2}"#),
          result("B", "real", #"{"1": 89.1, "2": 90.9, "3": 90.0, "4": 89.1}"#),
          result("A", "lists", "[90.1, 90.2, 90.0, 90.1]"), result("B", "lists", "[91.1, 91.2, 91.0, 91.3]"),
          result("A", "blind", "95.1"), result("B", "blind", "94.7"),
        ].joined(separator: ", ") + "]")
    let document = try document(folder)
    let pairs = objects(document, "pairs")
    #expect(
      pairs.map { $0["verdict"] } == [
        "not-separable", "not-separable", "first-better", "second-better", "untestable",
      ])
    let kinds = pairs.map { pair -> JSONValue? in
      guard case .object(let test)? = pair["test"] else { return nil }
      return test["kind"]
    }
    #expect(kinds == ["proportions", "paired-t", "paired-t", "welch", nil])
    guard case .string(let words)? = pairs.first?["words"] else { return #expect(Bool(false)) }
    #expect(words.contains("not separable") && words.contains("N = 1"))
    // B is smaller, so it is on the front of every task; A is on it where A is more accurate.
    let front = objects(document, "points").map { $0["on_front"] == .bool(true) }
    #expect(front == [true, true, true, true, true, true, false, true, true, true])
    // Under the common policy B has 995 against 1,010; with its selector 1,495.
    let flips = objects(document, "flips")
    #expect(flips.count == 5)
    for flip in flips {
      #expect(flip["smaller"] != flip["larger"])
      guard case .array(let policies)? = flip["policies"] else { continue }
      #expect(policies.contains("den-with-selector"))
    }
    let words2 = objects(document, "asymmetries").compactMap { asymmetry -> String? in
      if case .string(let text)? = asymmetry["words"] { text } else { nil }
    }
    #expect(words2.contains("A has no heads in its file, B is counted with them"))
    #expect(words2.contains("B is counted without its selector tensors (500 elements)"))
    #expect(words2.contains { $0.hasPrefix("C was not counted") } == false)
  }

  @Test("a method whose heads a policy leaves out is named")
  func heads() throws {
    let folder = try folder(
      "[" + [result("A", "t", "90"), result("B", "t", "91")].joined(separator: ", ") + "]")
    _ = try folder.write(
      #"{"format":"tessera.counting-policy/1","id":"p","version":1,"title":"t","names":{"leave_out":["head.*"]},"assign":[{"match":"body.bias","part":"head"}]}"#,
      as: "p.json")
    let found = objects(try document(folder, ["--policy", "p.json"]), "asymmetries")
    #expect(
      found.contains { $0["words"] == "B is counted without its heads (5 elements), A with them" }, "\(found)"
    )
  }

  @Test("reads accuracies from CSV, pairs them by seed, and prints Markdown that is the same every time")
  func table() throws {
    // With a byte order mark, as spreadsheets write it.
    let folder = try folder(
      #""table.csv""#,
      table: """
        \u{FEFF}method,task,seed,accuracy\r
        A,"t, with a comma",2,90.2\r
        B,"t, with a comma",1,89.0\r
        A,"t, with a comma",1,90.0\r
        B,"t, with a comma",2,89.3\r
        C,"t, with a comma",,80\r

        """)
    let pair = try #require(objects(try document(folder), "pairs").first)
    #expect(pair["shared_seeds"] == [1, 2])
    let runs = try (0..<2).map { _ in
      try tessera(["compare", "study.json", "--svg", "p.svg"], directory: folder.path)
    }
    #expect(runs[0].outputText == runs[1].outputText)
    #expect(runs[0].outputText.contains("| t, with a comma | A "), "\(runs[0].outputText)")
    #expect(runs[0].outputText.contains("paired-t"))
    let svg = String(decoding: try TemporaryFolder.bytes(of: folder.file("p.svg")), as: UTF8.self)
    #expect(svg.hasPrefix("<svg ") && svg.hasSuffix("</svg>\n") && svg.contains("t, with a comma"))
    // Three points, and a dot for each method in the legend.
    #expect(svg.components(separatedBy: "<circle").count - 1 == 6)
  }

  @Test(
    "seeds without spread cannot be tested, and are said to be so; pictures hold no character that XML lacks")
  func withoutSpread() throws {
    let folder = try folder(
      "["
        + [result("A", "t\u{FFFE}<", "[90, 90, 90]"), result("B", "t\u{FFFE}<", "[91, 91, 91]")]
        .joined(separator: ", ") + "]")
    let pair = try #require(objects(try document(folder, ["--svg", "p.svg"]), "pairs").first)
    #expect(pair["words"] == "cannot be tested: no spread over the seeds" && pair["hedges_g"] == .null)
    let svg = String(decoding: try TemporaryFolder.bytes(of: folder.file("p.svg")), as: UTF8.self)
    #expect(svg.contains("t\u{FFFD}&lt;") && !svg.contains("\u{FFFE}"))
  }

  @Test("of the paper says that no headline is separable")
  func paper() throws {
    let run = try tessera(["compare", "study.json"], directory: PaperSample.folder)
    #expect(run.ending == .exited(0), "\(run.errorText)")
    let text = run.outputText
    #expect(text.components(separatedBy: "not separable (N = 1").count - 1 == 4)
    for p in ["0.199", "0.313", "0.442", "0.616"] { #expect(text.contains("| \(p) |"), "\(p)") }
  }

  @Test(
    "of Deep Elastic Networks says that their order with Pruning depends on the selector",
    arguments: [
      (
        "den-estimator-only", [true, false],
        "Deep Elastic Networks is smaller than Pruning under 'den-estimator-only' (5,800,000 against 6,400,000), "
          + "larger under 'den-with-selector' (9,400,000 against 6,400,000); it was also at least as accurate, so the win is gone"
      ),
      (
        "den-with-selector", [true, true],
        "Pruning is smaller than Deep Elastic Networks under 'den-with-selector' (6,400,000 against 9,400,000), "
          + "larger under 'den-estimator-only' (6,400,000 against 5,800,000)"
      ),
    ])
  func deepElasticNetworks(policy: String, front: [Bool], flip: String) throws {
    let run = try tessera(
      ["compare", "deep-elastic.study.json", "--policy", policy], directory: PaperSample.folder)
    #expect(run.ending == .exited(0), "\(run.errorText)")
    #expect(run.outputText.contains("* ICCV 2019: \(flip)\n"), "\(run.outputText)")
    let rows = run.outputText.split(separator: "\n").filter { $0.hasPrefix("| ICCV 2019 |") }
    #expect(rows.map { $0.hasSuffix(" front |") } == front)
  }

  @Test("holds cited numbers against others under the policies that they are cited for, and no others")
  func cited() throws {
    let folder = try folder(
      "[" + [result("A", "t", "90"), result("B", "t", "91"), result("C", "t", "92")].joined(separator: ", ")
        + "]")
    // Under the common policy C is cited with 900; A has 1,010 and B 995.
    let common = try document(folder)
    #expect(objects(common, "pairs").map { [$0["first"], $0["second"]] } == [[0, 1]])
    #expect(objects(common, "points").map { $0["on_front"] } == [false, false, true])
    let other = try document(folder, ["--policy", "all-stored"])
    guard case .object(let numbers)? = objects(other, "points").last?["parameters"] else {
      return #expect(Bool(false))
    }
    #expect(numbers.members.map(\.key) == ["den-estimator-only"])
    #expect(objects(other, "points").map { $0["on_front"] } == [true, true, false])
    let words = objects(other, "asymmetries").compactMap { $0["words"] }
    #expect(
      words.contains(
        "C has no number under the common policy 'all-stored', so it is not compared; cited: 900 under 'den-estimator-only'"
      ))
    // A is smaller than B if the selector counts, and larger if not; C has no number here.
    let flips = objects(other, "flips")
    #expect(flips.map { $0["under"] } == ["all-stored"] && flips.allSatisfy { $0["matched"] == false })
    let text = try TemporaryFolder.bytes(of: folder.file("study.json"))
    let slip = String(decoding: text, as: UTF8.self).replacing(
      "\"cited\": {\"den-e", with: "\"cited\": {\"dem-e")
    _ = try folder.write(slip, as: "study.json")
    #expect(
      try tessera(["compare", "study.json"], directory: folder.path).sentence()
        == "study.json: methods[2].cited: expected the id of a preset or of a policy of the study, found 'dem-estimator-only'; the nearest name is 'den-estimator-only'"
    )
  }

  static let refused: [(results: String, table: String?, sentence: String)] = [
    ("[]", nil, "study.json: results: expected 1 to 2000 results, found 0"),
    (
      #"[{"method": "D", "task": "t", "accuracy": 1}]"#, nil,
      "study.json: results[0].method: expected one of the keys A, B, C, found 'D'"
    ),
    (
      #"[{"method": "A", "task": "t", "accuracy": 101}]"#, nil,
      "study.json: results[0].accuracy: expected a number from 0.0 to 100.0, found 101.0"
    ),
    (
      #"[{"method": "A", "task": "t", "accuracy": {"x": 1}}]"#, nil,
      "study.json: results[0].accuracy: expected whole numbers as seeds, found 'x'"
    ),
    (
      #"[{"method": "A", "task": "t", "accuracy": []}]"#, nil,
      "study.json: results[0].accuracy: expected 1 to 10000 accuracies, found 0"
    ),
    (
      #"[{"method": "A", "task": "t", "level": 2, "accuracy": 90}]"#, nil,
      "study.json: results of 'A': expected a sub-network of its file, found task 't', level 2"
    ),
    (
      #"[{"method": "A", "task": "t", "accuracy": 0.9}, {"method": "B", "task": "t", "accuracy": 0.8}]"#, nil,
      "study.json: results: expected accuracies in percent, or \"accuracy_in\": \"fraction\", found none above 1"
    ),
    (
      #"[{"method": "A", "task": "t", "accuracy": 90}, {"method": "A", "task": "t", "accuracy": 91}]"#, nil,
      "study.json: results[1]: expected each method, task and level once, found 'A' again"
    ),
    (
      #""table.csv""#, "method,task,accuracy,test_size\nA,t,90,100\nB,t,90,50\nA,t,91,1000\n",
      "study.json: table.csv, line 4: test_size: expected that of the method's other seeds, 100, found 1000"
    ),
    (#""absent.csv""#, nil, "absent.csv: cannot open: no such file or directory"),
    (
      #""table.csv""#, "method,task\nA,t\n",
      "study.json: table.csv, line 1: expected the key 'accuracy', found none"
    ),
    (
      #""table.csv""#, "method,task,accuracy\nA,t\n",
      "study.json: table.csv, line 2: expected 3 cells, found 2"
    ),
    (
      #""table.csv""#, "method,task,accuracy\nA,t,ninety\n",
      "study.json: table.csv, line 2: accuracy: expected a number from 0 to 100, found 'ninety'"
    ),
    (
      #""table.csv""#, "method,task,accuracy\nA,\"t,90\n",
      "study.json: table.csv, line 2: expected a closing quote, found none"
    ),
    (
      #""table.csv""#, "method,task,accuracy,seed\nA,t,90,1\nA,t,91,1\n",
      "study.json: table.csv, line 3: seed: expected each seed once, found 1 again"
    ),
    (
      #""table.csv""#, "method,task,accuracy\nA,t,90\nAA,t,91\n",
      "study.json: table.csv, line 3: method: expected one of the keys A, B, C, found 'AA'"
    ),
    (
      #"[{"method": "A", "task": "t", "accuracy": 1}, {"method": "D", "task": "t", "accuracy": 1}]"#, nil,
      "study.json: results[1].method: expected one of the keys A, B, C, found 'D'"
    ),
  ]

  @Test("bounds what a study may ask for, and names methods that it has nothing of")
  func bounds() throws {
    let folder = try TemporaryFolder()
    func study(_ count: Int, _ more: String, _ accuracy: String) throws -> Subprocess {
      let methods = (0..<count).map { #"{"name": "m\#($0)", "cited": {"all-stored": 1000}}"# }
      let results = (0..<count - 1).map { result("m\($0)", "t", accuracy) }
      _ = try folder.write(
        """
        {"format": "tessera.study/1", \(more) "methods": [\(methods.joined(separator: ", "))],
         "results": [\(results.joined(separator: ", "))]}
        """, as: "study.json")
      return try tessera(["compare", "study.json"], directory: folder.path)
    }
    let many = "[" + (0..<5000).map { "\(50 + $0 % 40)" }.joined(separator: ", ") + "]"
    let draws = try study(3, #""resamples": 100000,"#, many).sentence()
    #expect(draws.contains("resamples: expected at most 200,000,000 accuracies drawn"), "\(draws)")
    let pairs = try study(66, "", "90").sentence()
    #expect(pairs.contains("results: expected at most 2000 pairs at matching budgets"), "\(pairs)")
    let methods = try study(2002, "", "90").sentence()
    #expect(methods.contains("methods: expected at most 2000 methods, found 2002"), "\(methods)")
    let run = try study(3, "", "90")
    #expect(run.ending == .exited(0) && run.outputText.contains("Without results: m2."), "\(run.outputText)")
  }

  @Test("that cannot be done ends with 2 and one sentence", arguments: refused)
  func refusals(results: String, table: String?, sentence: String) throws {
    let folder = try folder(results, table: table)
    let said = try tessera(["compare", "study.json"], directory: folder.path).sentence()
    withExtendedLifetime(folder) { #expect(said.hasPrefix(sentence), "\(said)") }
  }

  @Test("all numbers of a paired comparison are of the seeds that both have, and the other runs are named")
  func sharedSeeds() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write(
      """
      {"format": "tessera.study/1", "policy": "all-stored",
       "methods": [{"name": "A", "cited": {"all-stored": 10}}, {"name": "B", "cited": {"all-stored": 10}}],
       "results": [
         {"method": "A", "task": "t", "accuracy": {"0": 80.0, "1": 81.0, "2": 82.0, "3": 60.0, "4": 61.0}},
         {"method": "B", "task": "t", "accuracy": {"0": 79.9, "1": 80.9, "2": 81.8}}]}
      """, as: "s.json")
    let run = try tessera(["compare", "s.json"], directory: folder.path)
    let row = try #require(run.outputText.split(separator: "\n").first { $0.contains("A − B") })
    #expect(
      row.contains("|       0.13 |")
        && row.contains("not separable (N = 3 shared seeds; 2 other runs are left out)"), "\(row)")
    #expect(!row.contains("g -"))
  }
}
