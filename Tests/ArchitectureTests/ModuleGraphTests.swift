import Foundation
import Testing

@Suite("The module graph")
struct ModuleGraphTests {
  @Test("has no circle")
  func isAcyclic() {
    #expect(ModuleGraph.order() != nil)
  }

  @Test("is kept by every import in Sources", arguments: ModuleGraph.allowed.keys.sorted())
  func importsAreAllowed(target: String) throws {
    let allowed = try #require(ModuleGraph.allowed[target])
    let files = try SourceTree.swiftFiles(in: "Sources/\(target)")
    #expect(!files.isEmpty)
    var imported: Set<String> = []
    for file in files {
      for line in file.lines {
        guard let module = Self.importedModule(line) else { continue }
        #expect(allowed.contains(module), "\(file.path) imports \(module)")
        imported.insert(module)
      }
    }
    // A permission that nothing uses draws an arrow that is not there.
    #expect(allowed.subtracting(imported) == [], "\(target) may import what it does not")
  }

  @Test("knows every folder of Sources")
  func knowsEveryTarget() throws {
    let sources = SourceTree.root.appending(path: "Sources")
    // System libraries and kernels in C have no Swift.
    let targets = try FileManager.default.contentsOfDirectory(atPath: sources.path).filter { folder in
      try !SourceTree.swiftFiles(in: "Sources/\(folder)").isEmpty
    }
    #expect(Set(targets) == Set(ModuleGraph.allowed.keys))
  }

  @Test("finds imports however they are spelled")
  func readsImports() {
    #expect(Self.importedModule("internal import CHDF5") == "CHDF5")
    #expect(Self.importedModule("import Foundation") == "Foundation")
    #expect(Self.importedModule("@testable import Tensors") == "Tensors")
    #expect(Self.importedModule("import struct Foundation.URL") == "Foundation")
    #expect(Self.importedModule("  let imported = 3") == nil)
    #expect(Self.importedModule("/// import nothing") == nil)
  }

  private static func importedModule(_ line: Substring) -> String? {
    var words = line.split(separator: " ")[...]
    while let word = words.first,
      word.hasPrefix("@") || ["internal", "package", "public", "private"].contains(word)
    {
      words = words.dropFirst()
    }
    guard words.first == "import" else { return nil }
    words = words.dropFirst()
    if let word = words.first, ["struct", "class", "enum", "func", "protocol"].contains(word) {
      words = words.dropFirst()
    }
    return words.first.map { String($0.split(separator: ".")[0]) }
  }
}
