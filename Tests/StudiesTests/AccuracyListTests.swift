import Studies
import Testing
import UnitModel

@Suite("Accuracies of one method")
struct AccuracyListTests {
  private func list(_ text: String) throws -> AccuracyList { try AccuracyList(parsing: Array(text.utf8)) }

  private func error(_ text: String) -> String {
    do { _ = try list(text) } catch { return "\(error)" }
    return "none"
  }

  @Test(
    "CSV and JSON give the same accuracies",
    arguments: [
      "task,level,seed,accuracy\na,1,1,90\na,1,2,92\nb,2,1,50.5\n",
      #"[{"task": "a", "level": 1, "accuracy": {"1": 90, "2": 92}}, {"task": "b", "level": 2, "accuracy": 50.5}]"#,
      #"""
      {"accuracy_in": "fraction",
       "results": [{"task": "a", "level": 1, "accuracy": [0.9, 0.92]}, {"task": "b", "level": 2, "accuracy": 0.505}]}
      """#,
    ])
  func forms(text: String) throws {
    let items = try list(text).items
    #expect(items.map(\.task.text) == ["a", "b"] && items.map(\.level.value) == [1, 2])
    #expect(items.map(\.sample.count) == [2, 1])
    #expect(abs(items[0].sample.mean - 0.91) < 1e-12 && abs(items[1].sample.mean - 0.505) < 1e-12)
    #expect(items[0].interval != nil && !items[0].isOfTestSet && items[1].interval == nil)
  }

  @Test("A single run has the interval of its test set")
  func testSet() throws {
    let items = try list("method,task,level,accuracy,test_size\nours,a,1,98.8,1000\n").items
    let interval = try #require(items[0].interval)
    #expect(items[0].isOfTestSet && interval.low < 0.988 && interval.high > 0.988)
  }

  @Test(
    "are refused with the place of the defect",
    arguments: [
      ("", "a line of titles"), ("task,level\na,1\n", "accuracy"),
      ("task,level,accuracy\na,1,190\n", "line 2: accuracy"),
      ("task,accuracy\na,90\n", "level"), ("[]", "1 to 2000 results"), ("{}", "results"),
      ("method,task,level,accuracy\nx,a,1,9\ny,a,2,9\n", "expected one method, 'x', found 'y'"),
      (
        #"[{"task": "a", "level": 1, "accuracy": 9}, {"task": "a", "level": 1, "accuracy": 9}]"#,
        "level 1 again"
      ),
      (#"{"results": [], "accuracy_in": "points"}"#, "'percent' or 'fraction'"), ("[", ""),
    ])
  func refusals(text: String, words: String) {
    let error = error(text)
    #expect(error != "none" && error.contains(words), "\(error)")
  }

  @Test(
    "fractions without a word are refused, in CSV and in JSON; small percentages beside large ones are not")
  func fractions() throws {
    #expect(error("task,level,accuracy\na,1,0.71\na,2,0.9\n").contains("none above 1"))
    #expect(error(#"[{"task": "a", "level": 1, "accuracy": 0.71}]"#).contains("none above 1"))
    #expect(try list("task,level,accuracy\na,1,0.71\na,2,9\n").items.count == 2)
    #expect(
      try list(#"{"accuracy_in": "fraction", "results": [{"task": "a", "level": 1, "accuracy": 0.009}]}"#)
        .items.count == 1)
  }
}
