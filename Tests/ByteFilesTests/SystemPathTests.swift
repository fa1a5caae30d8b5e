import TestSupport
import Testing

@testable import ByteFiles

@Suite("Paths as bytes")
struct SystemPathTests {
  private func bytes(_ text: String) -> [UInt8]? {
    SystemPath.with(text, failing: nil) { pointer in
      var bytes: [UInt8] = []
      while let byte = Optional(pointer[bytes.count]), byte != 0 { bytes.append(UInt8(bitPattern: byte)) }
      return bytes
    }
  }

  @Test("any bytes come back, and different ones are different texts")
  func anyBytes() {
    var generator = SeededGenerator(seed: 8)
    var texts: [String: [UInt8]] = [:]
    // Bytes that begin, continue and end sequences, and the sequences of the scalars that represent bytes.
    let pieces: [[UInt8]] = [
      [0x41], [0x2F], [0x80], [0xBF], [0xC3], [0xA9], [0xE2, 0x82], [0xAC], [0xED, 0xA0, 0x80], [0xF4, 0x8F],
      [0x9F, 0xBF], [0xF4, 0x8F, 0x9F, 0xBF], [0xEF, 0xBF, 0xBD], [0xFF], [0xFE], [0xC0, 0xAF],
    ]
    for _ in 0..<20_000 {
      let path = (0..<Int.random(in: 1...6, using: &generator)).flatMap { _ in
        pieces.randomElement(using: &generator) ?? []
      }
      let text = SystemPath.text(path)
      #expect(bytes(text) == path)
      #expect(texts.updateValue(path, forKey: text).map { $0 == path } ?? true)
    }
    #expect(texts.count > 10_000)
    for byte in UInt8(1)...255 { #expect(bytes(SystemPath.text([byte])) == [byte]) }
    #expect(SystemPath.text(Array("größe/名前".utf8)) == "größe/名前")
  }

  @Test("a path with a NUL leads nowhere")
  func nul() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write([1], as: "a")
    #expect(bytes("a\0b") == nil)
    let error = #expect(throws: FileError.self) { try ReadableFile(path: path + "\0.json") }
    #expect(error?.reason == "its path contains a NUL, which no path may contain")
    #expect(throws: FileError.self) { try AtomicFile(path: path + "\0.json") }
    #expect(FileIdentity(path: path + "\0") == nil)
  }
}
