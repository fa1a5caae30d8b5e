import Pickle
import TensorStreams
import TestSupport
import Testing

@testable import FlatFormats

/// An array as protocol 0 writes it; a test can change each part.
private struct ArrayText {
  var shape = "I2\nI3\n"
  var dtype = "(Vf4\nI00\nI01\nt"
  var state = "(I3\nV<\nNNNI-1\nI-1\nI0\nt"
  var type = "cnumpy\nndarray\n"
  var order = "I00\n"
  var data = "V" + String(repeating: "a", count: 24) + "\n"
  var arguments = "(I0\nt"
  /// The part before the rest of the state.
  var version = "I1\n"
  /// The part after the state.
  var rest = ""

  var element: String { "cnumpy\ndtype\n\(dtype)R\(state)b" }

  /// `{"w": array}`
  var pickle: [UInt8] {
    Array(
      ("(dVw\ncnumpy.core.multiarray\n_reconstruct\n(\(type)\(arguments)Vb\ntR(\(version)(\(shape)t\(element)\(order)"
        + "\(data)tb\(rest)s.").utf8)
  }
}

@Suite("Arrays in pickles that are not what they say")
struct HostileArrayTests {
  private enum Ending: Sendable {
    case reads([Int])
    case refused(FlatDefect)
    /// The reason must end in this text.
    case leftOut(String)
  }

  private static func array(_ change: (inout ArrayText) -> Void) -> [UInt8] {
    var text = ArrayText()
    change(&text)
    return text.pickle
  }

  /// `{"w": _frombuffer(bytes, dtype, shape, order[, axes])}`
  private static func buffer(_ shape: String, _ order: String, rest: String = "") -> [UInt8] {
    Array("(dVw\ncnumpy.core.numeric\n_frombuffer\n(".utf8) + [0x43, 24]
      + [UInt8](repeating: 7, count: 24) + Array("\(ArrayText().element)(\(shape)t\(order)tR\(rest)s.".utf8)
  }

  private static let cases: [(label: String, pickle: [UInt8], ending: Ending)] = [
    ("as NumPy writes it", array { _ in }, .reads([24])),
    ("without a version", array { $0.version = "" }, .reads([24])),
    ("without a byte order", array { $0.state = "(I3\nV=\nNNNI-1\nI-1\nI0\nt" }, .reads([24])),
    ("no extents", array { ($0.shape, $0.data) = ("", "Vaaaa\n") }, .reads([4])),
    (
      "2^62 times nothing", array { ($0.shape, $0.data) = ("I0\nI4611686018427387904\nI8\n", "V\n") },
      .reads([0])
    ),
    (
      "a byte too few", array { $0.data = "V" + $0.data.dropFirst(2) },
      .refused(.format(.torchStorageSize))
    ),
    ("a byte too many", array { $0.data = "Va" + $0.data.dropFirst() }, .refused(.format(.torchStorageSize))),
    (
      "a character that is no byte", array { $0.data = "V\\u0100" + $0.data.dropFirst(7) },
      .leftOut("not in the pickle")
    ),
    (
      "2^63 elements", array { $0.shape = "I4294967296\nI4294967296\n" }, .refused(.format(.torchStorageSize))
    ),
    ("2^64 bytes", array { $0.shape = "I4611686018427387904\n" }, .refused(.format(.torchStorageSize))),
    ("a negative extent", array { $0.shape = "I-2\nI-3\n" }, .refused(.format(.torchTensor))),
    ("an extent that is text", array { $0.shape = "V2\nI3\n" }, .refused(.format(.torchTensor))),
    (
      "65 extents", array { $0.shape = String(repeating: "I1\n", count: 65) }, .refused(.format(.torchTensor))
    ),
    ("a real number for an order", array { $0.order = "F0.5\n" }, .refused(.format(.torchTensor))),
    ("a state of three parts", array { ($0.version, $0.order) = ("", "") }, .refused(.format(.torchTensor))),
    (
      "two states", array { $0.rest = "(I1\n(I2\nI3\nt\($0.element)I00\n\($0.data)tb" },
      .leftOut("several states")
    ),
    ("a class of its own", array { $0.type = "cmine\nArray\n" }, .leftOut("the class 'mine.Array'")),
    ("a class that is text", array { $0.type = "Vndarray\n" }, .refused(.format(.torchTensor))),
    (
      "a dtype of 8 bytes for 4", array { $0.dtype = "(Vf8\nI00\nI01\nt" },
      .refused(.format(.torchStorageSize))
    ),
    ("an unknown dtype", array { $0.dtype = "(Vfloat32\nI00\nI01\nt" }, .leftOut("'<float32'")),
    (
      "a dtype of 2^64 bytes", array { $0.dtype = "(Vf18446744073709551616\nI00\nI01\nt" },
      .leftOut("551616'")
    ),
    ("a dtype without a name", array { $0.dtype = "(I00\nI01\nt" }, .leftOut("unknown dtype")),
    (
      "a dtype that is called", array { $0.dtype = "(cos\nsystem\n(VX\ntRI00\nI01\nt" },
      .leftOut("unknown dtype")
    ),
    ("a dtype that is a function", array { $0.dtype = "(cos\nsystem\nI00\nI01\nt" }, .leftOut("'os.system'")),
    (
      "a dtype with two states", array { $0.state += "b(I3\nV>\nNNNI-1\nI-1\nI0\nt" },
      .leftOut("several states")
    ),
    (
      "a dtype with fields", array { $0.state = "(I3\nV|\nN(Va\nt(dI4\nI1\nI0\nt" },
      .leftOut("records of several fields")
    ),
    (
      "a dtype within another", array { $0.state = "(I3\nV|\n(I1\ntNNI4\nI1\nI0\nt" },
      .leftOut("arrays within an array")
    ),
    (
      "objects", array { ($0.dtype, $0.data) = ("(VO8\nI00\nI01\nt", "(lp9\ng9\na") },
      .leftOut("which is not run")
    ),
    ("objects without a list", array { $0.dtype = "(VO8\nI00\nI01\nt" }, .leftOut("which is not run")),
    ("a list for bytes", array { $0.data = "(lI1\na" }, .leftOut("not in the pickle")),
    (
      "bytes that a function makes", array { $0.data = "cos\nurandom\n(I24\ntR" },
      .leftOut("not in the pickle")
    ),
    (
      "text in another coding", array { $0.data = "c_codecs\nencode\n(\($0.data)Vutf-16\ntR" },
      .leftOut("not in the pickle")
    ),
    (
      "text that is encoded ten times",
      array { text in
        for _ in 0..<10 { text.data = "c_codecs\nencode\n(\(text.data)Vlatin1\ntR" }
      }, .leftOut("not in the pickle")
    ),
    (
      "a line with Python's escapes", array { $0.data = "S'" + $0.data.dropFirst().dropLast() + "'\n" },
      .leftOut("not in the pickle")
    ),
    ("an item that is set in it", array { $0.rest = "I0\nF9\ns" }, .leftOut("changed after it is made")),
    ("items that are set in it", array { $0.rest = "(I0\nF9\nu" }, .leftOut("changed after it is made")),
    (
      "bytes that are added to",
      array { $0.data = "c__builtin__\nbytearray\n(\($0.data)tR(I1\nI2\ne" }, .leftOut("not in the pickle")
    ),
    (
      "bytes one of which is set",
      array { $0.data = "c__builtin__\nbytearray\n(\($0.data)tRI0\nI2\ns" }, .leftOut("not in the pickle")
    ),
    ("bytes in a bytearray", array { $0.data = "c__builtin__\nbytearray\n(\($0.data)tR" }, .reads([24])),
    (
      "a buffer with a state",
      buffer("I2\nI3\n", "VC\n", rest: "(I1\n(I2\nI3\nt\(ArrayText().element)I00\nVab\ntb"),
      .leftOut("changed after it is made")
    ),
    ("a buffer", buffer("I2\nI3\n", "VC\n"), .reads([24])),
    ("a buffer in Fortran order", buffer("I2\nI3\n", "VF\n"), .reads([24])),
    ("a buffer with axes exchanged", buffer("I2\nI3\n", "VK\n(I1\nI0\nt"), .reads([24])),
    ("a buffer of unknown order", buffer("I2\nI3\n", "VA\n"), .refused(.format(.torchTensor))),
    ("an axis twice", buffer("I2\nI3\n", "VK\n(I1\nI1\nt"), .refused(.format(.torchTensor))),
    ("an axis that is none", buffer("I2\nI3\n", "VK\n(I1\nI2\nt"), .refused(.format(.torchTensor))),
    ("an axis below zero", buffer("I2\nI3\n", "VK\n(I0\nI-1\nt"), .refused(.format(.torchTensor))),
    ("one axis of two", buffer("I2\nI3\n", "VK\n(I0\nt"), .refused(.format(.torchTensor))),
    ("axes in C order", buffer("I2\nI3\n", "VC\n(I1\nI0\nt"), .refused(.format(.torchTensor))),
    ("a buffer that is too short", buffer("I2\nI4\n", "VC\n"), .refused(.format(.torchStorageSize))),
    ("a buffer of -1 rows", buffer("I-1\nI3\n", "VC\n"), .refused(.format(.torchTensor))),
  ]

  @Test("each ends in tensors, in a name that is left out, or in a sentence")
  func endings() throws {
    let folder = try TemporaryFolder()
    #expect(Self.cases.count == 51)
    for (label, pickle, ending) in Self.cases {
      let path = try folder.write(TorchBytes(pickle).file, as: "x.pt")
      var found: Ending
      do {
        let source = try open(path)
        found = .reads(try readAll(path).map(\.count))
        if let item = source.leftOut.first { found = .leftOut(item.why) }
      } catch let error as FlatFormatError { found = .refused(error.defect ?? .format(.notRecognised)) }
      let agrees =
        switch (found, ending) {
        case (.reads(let one), .reads(let other)): one == other
        case (.refused(let one), .refused(let other)): one == other
        case (.leftOut(let one), .leftOut(let other)): one.hasSuffix(other)
        default: false
        }
      #expect(agrees, "\(label): \(found)")
    }
  }

  @Test("texts stand for bytes by their coding, wherever a read begins")
  func codings() throws {
    let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 37 / 3) }
    let text = String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    let count = text.utf8.count
    let payload = Latin1Payload(
      MemoryPayload(Array(("xx" + text).utf8), path: "t"), start: 2, count: count, path: "t")
    #expect(try payload.byteCount() == bytes.count)
    for (start, size) in [(0, 10), (70_000, 65_537), (5, 1), (199_990, 10), (0, 200_000), (200_000, 0)] {
      var part = [UInt8](repeating: 0, count: size)
      try part.withUnsafeMutableBytes { try payload.read(at: start, into: $0) }
      #expect(part == Array(bytes[start..<(start + size)]), "\(start)")
    }
    let error = refusal {
      var part = [UInt8](repeating: 0, count: 11)
      try part.withUnsafeMutableBytes { try payload.read(at: 199_990, into: $0) }
    }
    #expect(error?.defect == .format(.readPastEnd))
    for wrong: [UInt8] in [[0xC4, 0x80], [0xC2], [0xC3, 0x41], [0x80], [0xE2, 0x82, 0xAC], [0xFF]] {
      let payload = Latin1Payload(MemoryPayload(wrong, path: "t"), start: 0, count: wrong.count, path: "t")
      #expect(try payload.byteCount() == nil, "\(wrong)")
    }
  }

  @Test("a thousand arrays of one text are counted once: the work is that of the pickle")
  func shared() throws {
    let folder = try TemporaryFolder()
    // `[text, array, array, …]`; every array takes its bytes from the text in the memo.
    func pickle(_ count: Int) -> [UInt8] {
      let size = 70_000
      var bytes: [UInt8] = [0x80, 2, 0x5D, 0x58] + FlatFormatsTests.bytes(UInt32(size))
      bytes += [UInt8](repeating: 97, count: size) + [0x71, 9, 0x61]
      for _ in 0..<count {
        var text = ArrayText()
        (text.shape, text.data) = ("I17500\n", "g9\n")
        bytes += text.pickle.dropFirst("(dVw\n".utf8.count).dropLast(2) + [0x61]
      }
      return bytes + [0x2E]
    }
    for count in [10, 1_000] {
      let path = try folder.write(TorchBytes(pickle(count)).file, as: "\(count).pt")
      let source = try open(path)
      #expect(source.tensors.count == count)
      #expect(source.tensors.allSatisfy { $0.tiedTo == nil })
    }
    let path = try folder.write(TorchBytes(pickle(16_000)).file, as: "many.pt")
    #expect(refusal { _ = try open(path) }?.defect == .format(.torchAmplification))
  }
}
