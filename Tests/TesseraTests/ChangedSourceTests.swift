import Foundation
import TestSupport
import Testing

@testable import Tessera

@Suite("Sources that change while they are read")
struct ChangedSourceTests {
  @Test(
    "a part fails if its source is overwritten while it is made, and leaves no file",
    arguments: [true, false])
  func overwritten(isOverwritten: Bool) throws {
    let folder = try TemporaryFolder()
    let rows: [SampleWeights.Row] = [("a", "F32", [500, 64]), ("b", "F32", [500, 64])]
    let path = try folder.write(SampleWeights.bytes(rows, seed: 1), as: "w.safetensors")
    let opened = try OpenedFile(path)
    guard case .flat(let flat) = try opened.contents else { return #expect(Bool(false)) }
    var options = ConversionOptions()
    options.part = (1, 2)
    let cutting = try Cutting(flat, of: opened, plan: nil, options)
    let write = {
      try cutting.write(to: folder.file("part.h5")) { _ in
        guard isOverwritten else { return }
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.write(contentsOf: SampleWeights.bytes(rows, seed: 2))
        try file.close()
      }
    }
    if isOverwritten {
      let error = #expect(throws: TesseraError.self) { try write() }
      #expect("\(error.map { "\($0)" } ?? "")".contains("found that they changed while the part was made"))
    } else {
      try write()
    }
    #expect(try folder.names() == (isOverwritten ? [] : ["part.h5"]) + ["w.safetensors"])
  }
}
