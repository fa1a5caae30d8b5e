import Foundation
import TestSupport
import Testing

@testable import Tensors

/// The lists of dtypes in files that no compiler reads.
@Suite("Lists of dtypes")
struct DTypeListTests {
  /// The file, and the beginning and the end of its list.
  static let lists: [(file: String, start: String, end: String)] = [
    ("schemas/inspect.schema.json", "\"dtype\": {\n", "]"),
    ("schemas/checkpoint-layout-v2.md", "| dtype | bits |", "\n\n"),
    ("python/src/tessera_h5/_dtypes.py", "BITS = {", "NUMPY = {"),
  ]

  @Test("has every dtype", arguments: lists.map(\.file))
  func complete(file: String) throws {
    let list = try #require(Self.lists.first { $0.file == file })
    let text = try String(contentsOfFile: "\(SourceFolder.root)/\(file)", encoding: .utf8)
    let start = try #require(text.range(of: list.start)).upperBound
    let end = try #require(text.range(of: list.end, range: start..<text.endIndex)).lowerBound
    let words = Set(text[start..<end].split { !$0.isLetter && !$0.isNumber && $0 != "_" }.map(String.init))
    #expect(DType.allCases.map(\.rawValue).filter { !words.contains($0) } == [])
  }
}
