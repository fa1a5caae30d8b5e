import Testing

@testable import StrictJSON

@Suite("Changes of single members")
struct JSONEditTests {
  private func edited(_ text: String, _ change: (inout JSONEdit) -> Bool) -> String? {
    var edit = JSONEdit(Array(text.utf8))
    return change(&edit) ? String(decoding: edit.bytes, as: UTF8.self) : nil
  }

  static let replacements: [(text: String, path: [String], result: String?)] = [
    (#"{"a": 1}"#, ["a"], #"{"a": 7}"#),
    ("{\n  \"b\": [1, {\"a\": 2}],\n  \"a\" : 3 }\n", ["a"], "{\n  \"b\": [1, {\"a\": 2}],\n  \"a\" : 7 }\n"),
    (#"{"x":{"a":1,"c":"}"},"a":"\"{"}"#, ["x", "a"], #"{"x":{"a":7,"c":"}"},"a":"\"{"}"#),
    (#"{"x":{"a":1,"c":"}"},"a":"\"{"}"#, ["a"], #"{"x":{"a":1,"c":"}"},"a":7}"#),
    (#"{"a":null,"b":-1.5e3}"#, ["b"], #"{"a":null,"b":7}"#), (#"{"a":[]}"#, ["b"], nil),
    (#"{"a":{"b":1}}"#, ["b"], nil), (#"{"a":1}"#, ["a", "b"], nil), ("[1]", ["a"], nil), ("{}", ["a"], nil),
  ]

  @Test("a value is replaced, and no other byte changes", arguments: replacements)
  func replacing(text: String, path: [String], result: String?) throws {
    #expect(edited(text) { $0.replace(path, with: "7") } == result)
    if let result { _ = try JSONParser().parse(Array(result.utf8)) }
  }

  @Test("a member is inserted with the space of the one before it")
  func inserting() {
    #expect(
      edited("{\n    \"a\": 1\n}") { $0.insert("h", "6", after: ["a"]) }
        == "{\n    \"a\": 1,\n    \"h\": 6\n}")
    #expect(edited(#"{"a":1,"b":2}"#) { $0.insert("h", "6", after: ["a"]) } == #"{"a":1,"h": 6,"b":2}"#)
    #expect(edited(#"{"a":1}"#) { $0.insert("h", "6", after: ["b"]) } == nil)
  }
}
