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

  @Test("the parts of a path go by code units, whatever characters are beside a slash")
  func parts() {
    var generator = SeededGenerator(seed: 17)
    let pieces = [
      "a", "/", "/", ".", "\u{301}", "\u{200D}", "\u{FE0F}", "\u{1F3FD}", "e\u{301}", "\u{E9}", "\r", "\n",
    ]
    for _ in 0..<20_000 {
      let path = (0..<Int.random(in: 0...8, using: &generator)).map { _ in
        pieces.randomElement(using: &generator) ?? ""
      }.joined()
      let bytes = Array(path.utf8)
      let parts = bytes.split(separator: 0x2F, omittingEmptySubsequences: false).map(Array.init)
      #expect(SystemPath.components(path).map { Array($0.utf8) } == parts)
      #expect(Array(SystemPath.bareName(of: path).utf8) == parts[parts.count - 1])
      let last = parts[parts.count - 1]
      let start = bytes.dropLast(last.count)
      #expect(Array(SystemPath.prefix(of: path).utf8) == Array(start))
      let above: [UInt8] = start.isEmpty ? [0x2E] : start.count == 1 ? [0x2F] : Array(start.dropLast())
      #expect(Array(SystemPath.folder(of: path).utf8) == above)
      #expect(SystemPath.isAbsolute(path) == (bytes.first == 0x2F))
      let cut = path.unicodeScalars.index(path.startIndex, offsetBy: path.unicodeScalars.count / 2)
      let (head, tail) = (String(path.unicodeScalars[..<cut]), String(path.unicodeScalars[cut...]))
      #expect(SystemPath.rest(of: path, after: head).map { Array($0.utf8) } == Array(tail.utf8))
      #expect(SystemPath.same(path, head + tail))
    }
    #expect(
      SystemPath.rest(of: "e\u{301}/a", after: "\u{E9}/") == nil && !SystemPath.same("e\u{301}", "\u{E9}"))
    #expect(SystemPath.joined(".", "a") == "a" && SystemPath.joined("/", "a") == "/a")
    #expect(SystemPath.joined("b/", "a") == "b/a" && SystemPath.joined("b", "a") == "b/a")
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
