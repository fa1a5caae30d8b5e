import Foundation
import TestSupport
import Testing

/// What `plan` says about folders, and what `extract` does.
@Suite("A plan says which levels become folders", .serialized)
struct PlannedFolderTests {
  private static let start = "extract will write no folder for level"

  private static let cuts = [
    ["--units", "2"], ["--units", "2", "--cut", "heads"], ["--units", "2", "--cut", "experts"],
    ["--units", "2", "--skip-layers", "0"], ["--units", "2", "--cut", "*.weight=half,-", "--axis", "half=3"],
  ]

  @Test("extract refuses those levels, for that reason, and no others", arguments: ModelFolderTests.kinds)
  func agrees(kind: String) throws {
    let folders = ModelFolderTests()
    var agreed = 0
    for options in Self.cuts {
      let folder = try folders.copied(kind)
      let plan = try tessera(["plan", "model", "-o", "plan.json"] + options, directory: folder.path)
      // Not every model has heads that are known, experts, or layers that can go.
      if plan.ending != .exited(0) { continue }
      let run = try tessera(["convert", "model", "m.h5", "--plan", "plan.json"], directory: folder.path)
      try #require(run.ending == .exited(0), "\(kind) \(options): \(run.errorText)")
      let said = plan.errorText.split(separator: "\n").filter { $0.hasPrefix(Self.start) }
      let extract = try tessera(["extract", "m.h5", "small/", "--level", "1"], directory: folder.path)
      let words = said.first { $0.contains(#/levels? 1\b/#) }
      if let words {
        let reason = words.drop { $0 != ":" }.dropFirst(2)
        #expect(extract.ending == .exited(2), "\(kind) \(options): \(words)")
        #expect(extract.errorText.contains(reason), "\(kind) \(options): \(extract.errorText)")
      } else {
        #expect(extract.ending == .exited(0), "\(kind) \(options): \(extract.errorText)")
      }
      // A plan that is only checked says the same.
      let check = try tessera(["plan", "model", "--plan", "plan.json"], directory: folder.path)
      #expect(
        check.errorText.split(separator: "\n").filter { $0.hasPrefix(Self.start) } == said, "\(kind)")
      agreed += 1
    }
    #expect(agreed >= 1, "\(kind)")
  }

  @Test("an unknown model_type has no folders, and a plan that cuts nothing has all")
  func unknown() throws {
    let folder = try ModelFolderTests().copied("llama")
    let text = try String(contentsOfFile: folder.file("model/config.json"), encoding: .utf8)
    _ = try folder.write(Array(text.replacing("\"llama\"", with: "\"nova\"").utf8), as: "model/config.json")
    let plan = try tessera(["plan", "model", "--units", "2", "-o", "plan.json"], directory: folder.path)
    #expect(
      plan.errorText.contains(
        Self.start + " 1: expected a known model_type, found 'nova'"), "\(plan.errorText)")
  }
}
