import ByteFiles
import FlatFormats
import Foundation
import TestSupport
import Testing

@Suite("Every pickle in a file")
struct PickleScanTests {
  private static let attack: [UInt8] = Array("cposix\nsystem\n(S'true'\ntR.".utf8)
  private static let marked: [UInt8] = [0x80, 2] + attack
  private static let harmless: [UInt8] = [0x80, 2, 0x7D, 0x2E]
  private static let good = TorchBytes.tensor()

  private static func objects(_ pickle: [UInt8]) -> [UInt8] {
    npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", data: 0) + pickle
  }

  private static let array = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", data: 12)

  /// A packed member.
  private static func deflated(_ name: String, _ data: [UInt8]) -> ZipBytes.Member {
    var member = ZipBytes.Member(name, FlatFormatsTests.deflated(data))
    member.method = 8
    member.size = UInt32(data.count)
    member.crc = crc32(data)
    return member
  }

  /// Files in each of which one pickle runs a command, by where it is.
  private static let hidden: [(name: String, bytes: [UInt8])] = [
    ("x.pkl", marked), ("x.pkl", attack), ("x.bin", marked), ("x.dat", attack), ("x.pt", attack),
    ("x.pkl", harmless + marked), ("x.pkl", harmless + harmless + attack),
    // Python has run the command when it meets what is wrong.
    ("x.pkl", marked.dropLast() + [0x68, 99, 0x2E]), ("x.pkl", marked.dropLast() + [0xFF]),
    ("x.pkl", marked.dropLast()), ("x.pkl", marked.dropLast() + [0x52]),
    ("x.pt", good.with { $0.others = [("m/extra/x.pkl", marked)] }.file),
    ("x.pt", good.with { $0.others = [("m/extra/notes.txt", marked)] }.file),
    ("x.pt", good.with { $0.others = [("m/extra/notes.txt", attack)] }.file),
    ("x.pt", good.with { $0.others = [("m/constants.pkl", marked)] }.file),
    ("x.pt", good.with { $0.pickle = marked }.file), ("x.pt", good.with { $0.pickle += marked }.file),
    // Nothing of the tensors is in order, and the names are reported all the same.
    ("x.pt", good.with { ($0.pickle, $0.storages) = (marked, []) }.file),
    ("x.pt", good.with { ($0.pickle, $0.version) = (marked, nil) }.file),
    ("x.pt", good.with { $0.pickle = marked }.legacy()),
    ("x.zip", ZipBytes([.init("data.txt", marked)]).file), ("x.zip", ZipBytes([.init("a/b", marked)]).file),
    ("x.npy", objects(marked)), ("x.npz", ZipBytes([.init("a.npy", objects(marked))]).file),
    ("x.npz", ZipBytes([deflated("a.npy", objects(marked))]).file),
    ("x.npz", ZipBytes([deflated("a.pkl", marked)]).file),
  ]

  @Test("is followed, wherever it lies and whatever is wrong with it")
  func everywhere() throws {
    #expect(Self.hidden.count == 26)
    for (number, (name, bytes)) in Self.hidden.enumerated() {
      let folder = try TemporaryFolder()
      let found = try GlobalClassTests.kinds(bytes, as: name, in: folder)
      #expect(found.contains(.codeGlobal), "\(number): \(name) \(found)")
    }
  }

  @Test("or what is not followed is named")
  func unexamined() throws {
    let archive = ZipBytes([.init("a.npy", Self.array)]).file
    let cases: [(name: String, bytes: [UInt8])] = [
      ("x.pt", Self.good.with { $0.others = [("m/extra/more.zip", archive)] }.file),
      ("x.pt", Self.good.with { $0.others = [("m/extra/more.pkl", archive)] }.file),
      ("x.pt", Self.good.with { $0.others = [("m/extra/x", [0x1F, 0x8B, 8, 0])] }.file),
      ("x.pt", Self.good.with { $0.others = [("m/code/x.py", Array("import this".utf8))] }.file),
      ("x.pkl", Self.harmless.dropLast()), ("x.pkl", [0x80, 2] + [UInt8](repeating: 0x5D, count: 2_000_001)),
      ("x.pkl", [[UInt8]](repeating: Self.harmless, count: 65).flatMap { $0 }),
      ("x.npz", ZipBytes([.init("a.npy", Self.array), .init("README", [35])]).file),
    ]
    for (number, (name, bytes)) in cases.enumerated() {
      let folder = try TemporaryFolder()
      #expect(try GlobalClassTests.kinds(bytes, as: name, in: folder) == [.unexamined], "\(number): \(name)")
    }
  }

  @Test("and nothing is said of a file with tensors alone")
  func silent() throws {
    let deflatedArray = Self.deflated("a.npy", Self.array)
    let cases: [(name: String, bytes: [UInt8])] = [
      ("x.pt", Self.good.file), ("x.pt", Self.good.legacy()),
      // A storage may look like anything.
      ("x.pt", Self.good.with { $0.storages[0].bytes = Array((Self.marked + Self.marked).prefix(24)) }.file),
      ("x.npy", Self.array), ("x.npz", ZipBytes([deflatedArray]).file),
      ("x.txt", Array("configuration\nof a model\n".utf8)), ("x.pkl", Self.harmless),
    ]
    for (number, (name, bytes)) in cases.enumerated() {
      let folder = try TemporaryFolder()
      #expect(try GlobalClassTests.kinds(bytes, as: name, in: folder) == [], "\(number): \(name)")
    }
  }
}
