import Foundation
import Testing

@Suite("House habits")
struct HouseHabitTests {
  @Test("no file is longer than 500 lines, and the median stays below 150")
  func fileSizes() throws {
    let files = try SourceTree.swiftFiles(in: "Sources")
    #expect(files.count > 50)
    for file in files + (try SourceTree.swiftFiles(in: "Tests")) {
      #expect(file.lines.count <= 500, "\(file.path): \(file.lines.count) lines")
    }
    let sizes = files.map(\.lines.count).sorted()
    #expect(sizes[sizes.count / 2] <= 150)
  }

  @Test("only HDF5Kit/Writing calls libhdf5", arguments: ["Sources"])
  func hdf5ChokePoint(folder: String) throws {
    let call = try Regex("\\bH5[A-Z]{1,2}[a-z][A-Za-z0-9_]*\\(")
    var calls = 0
    for file in try SourceTree.swiftFiles(in: folder) {
      for line in file.lines
      where line.contains(call) && !line.trimmingPrefix(while: \.isWhitespace).hasPrefix("//") {
        calls += 1
        #expect(file.path.hasPrefix("Sources/HDF5Kit/Writing/"), "\(file.path): \(line)")
      }
    }
    #expect(calls > 20)
  }

  @Test(
    "no trap stands where data from a file can reach it",
    arguments: ["try!", "fatalError(", "as!", "unsafelyUnwrapped"])
  func noTraps(trap: String) throws {
    for file in try SourceTree.swiftFiles(in: "Sources") {
      for line in file.lines {
        let code = line.split(separator: "//", maxSplits: 1, omittingEmptySubsequences: false)[0]
        #expect(!code.contains(trap), "\(file.path): \(line)")
      }
    }
  }

  @Test("every @unchecked Sendable has its proof beside it")
  func uncheckedSendable() throws {
    for file in try SourceTree.swiftFiles(in: "Sources") {
      for (number, line) in file.lines.enumerated()
      where line.contains("@unchecked Sendable") && !line.contains("//") {
        let around = file.lines[max(0, number - 3)...min(file.lines.count - 1, number + 3)]
        #expect(around.contains { $0.contains("Proof of @unchecked") }, "\(file.path):\(number + 1)")
      }
    }
  }

  @Test("every public declaration has a docstring")
  func publicDocstrings() throws {
    let declaration = try Regex(
      "^\\s*public (static )?(final )?(indirect )?(mutating )?(struct|class|enum|protocol|func|var|let|init|actor|typealias|subscript)\\b"
    )
    // The requirements of a protocol are documented by the protocol.
    let inherited = try Regex(
      "(var description\\b|func hash\\(into|static func (==|<) ?\\(|init\\((string|integer|boolean|array|nil)Literal|var debugDescription)"
    )
    for file in try SourceTree.swiftFiles(in: "Sources") {
      for (number, line) in file.lines.enumerated()
      where line.contains(declaration) && !line.contains(inherited) {
        var before = number - 1
        while before >= 0, file.lines[before].trimmingPrefix(while: \.isWhitespace).hasPrefix("@") {
          before -= 1
        }
        let previous = before >= 0 ? file.lines[before].trimmingPrefix(while: \.isWhitespace) : ""
        #expect(previous.hasPrefix("///"), "\(file.path):\(number + 1): \(line)")
      }
    }
  }
}
