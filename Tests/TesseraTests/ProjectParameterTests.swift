import Tessera
import TestSupport
import Testing

@Suite("A project's rules in the library")
struct ProjectParameterTests {
  @Test("are applied if the caller names their document")
  func named() async throws {
    let folder = try TemporaryFolder()
    let weights = try folder.write(SampleWeights.bytes([("a", "F32", [2])]), as: "w.safetensors")
    let rules = Array("[[files]]\nmatch = \"*\"\ndtypes = [\"F16\"]\n".utf8)
    let document = try folder.write(rules, as: "tessera.toml")
    #expect(try await validate(weights).isClean)
    let report = try await validate(weights, project: document)
    #expect(report.findings.map(\.rule) == ["project"] && report.findings.map(\.location) == ["tensor 'a'"])
    _ = try folder.write(Array("a".utf8), as: "tessera.toml")
    await #expect(throws: TesseraError.self) { try await validate(weights, project: document) }
  }
}
