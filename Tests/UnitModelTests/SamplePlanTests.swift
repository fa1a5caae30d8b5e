import Foundation
import Testing
import UnitModel

@Suite("The plans of the samples")
struct SamplePlanTests {
  @Test("every plan under samples/ is read, and written and read again")
  func samples() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "samples").resolvingSymlinksInPath()
    let files =
      FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)?
      .compactMap { $0 as? URL }.filter { $0.lastPathComponent.hasSuffix("plan.json") } ?? []
    #expect(!files.isEmpty)
    for file in files {
      let plan = try Plan(parsing: Array(Data(contentsOf: file)))
      #expect(try Plan(parsing: Array(plan.text().utf8)) == plan)
      #expect(try plan.filled().tasks.allSatisfy { $0.levels != nil })
    }
  }
}
