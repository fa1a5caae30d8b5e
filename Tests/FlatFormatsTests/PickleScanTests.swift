import ByteFiles
import FlatFormats
import Foundation
import Pickle
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

  /// A member with only a local header: a stream reader reads it, the central directory does not list it.
  private static func localOnly(_ data: [UInt8]) -> [UInt8] {
    let file = ZipBytes([.init("m/more.pkl", data)]).file
    return Array(file.prefix(30 + 10 + data.count))
  }

  /// An archive with two members of the same name.
  private static func twice(_ first: [UInt8], _ second: [UInt8]) -> [UInt8] {
    good.with {
      $0.pickle = first; $0.others = [("m/data.pkl", second)]
    }.file
  }

  private static func unused(_ bytes: [UInt8]) -> [UInt8] {
    good.with { $0.storages.append(("7", bytes)) }.file
  }

  /// The archive with `bytes` between its members and its directory.
  private static func gap(_ bytes: [UInt8]) -> [UInt8] { good.zip.with { $0.gap = bytes }.file }

  private static let evilArchive = TorchBytes(marked).file

  /// Files that each have one pickle that runs a command, in different places.
  private static let hidden: [(name: String, bytes: [UInt8])] = [
    ("x.pkl", marked), ("x.pkl", attack), ("x.bin", marked), ("x.dat", attack), ("x.pt", attack),
    ("x.pkl", harmless + marked), ("x.pkl", harmless + harmless + attack),
    // Python runs the command before it reaches the defect.
    ("x.pkl", marked.dropLast() + [0x68, 99, 0x2E]), ("x.pkl", marked.dropLast() + [0xFF]),
    ("x.pkl", marked.dropLast()), ("x.pkl", marked.dropLast() + [0x52]),
    ("x.pt", good.with { $0.others = [("m/extra/x.pkl", marked)] }.file),
    ("x.pt", good.with { $0.others = [("m/extra/notes.txt", marked)] }.file),
    ("x.pt", good.with { $0.others = [("m/extra/notes.txt", attack)] }.file),
    ("x.pt", good.with { $0.others = [("m/constants.pkl", marked)] }.file),
    ("x.pt", good.with { $0.pickle = marked }.file), ("x.pt", good.with { $0.pickle += marked }.file),
    // The tensors are invalid, but the names must still be reported.
    ("x.pt", good.with { ($0.pickle, $0.storages) = (marked, []) }.file),
    ("x.pt", good.with { ($0.pickle, $0.version) = (marked, nil) }.file),
    ("x.pt", good.with { $0.pickle = marked }.legacy()),
    ("x.zip", ZipBytes([.init("data.txt", marked)]).file), ("x.zip", ZipBytes([.init("a/b", marked)]).file),
    ("x.npy", objects(marked)), ("x.npz", ZipBytes([.init("a.npy", objects(marked))]).file),
    ("x.npz", ZipBytes([deflated("a.npy", objects(marked))]).file),
    ("x.npz", ZipBytes([deflated("a.pkl", marked)]).file),
    // Storages that no tensor uses.
    ("x.pt", unused(marked)), ("x.pt", unused(attack)), ("x.pt", unused(harmless + marked)),
    ("x.pt", good.with { $0.others = [("m/constants/3", marked)] }.file),
    ("x.pt", good.with { $0.others = [("m/data/sub/0", marked)] }.file),
    // Two members with the same name; different readers use different ones.
    ("x.pt", twice(marked, good.pickle)), ("x.pt", twice(good.pickle, marked)),
    // Members that the central directory does not list, and a missing directory.
    ("x.pt", gap(localOnly(marked))), ("x.pt", gap(localOnly(attack))), ("x.pt", gap(marked)),
    ("x.pt", gap(localOnly([1]) + localOnly(marked))), ("x.pt", evilArchive.dropLast(30)),
    ("x.pt", good.file + marked), ("x.pt", good.file + localOnly(marked)), ("x.pt", good.file + evilArchive),
    // An archive within an archive.
    ("x.pt", good.with { $0.others = [("m/extra/more.zip", evilArchive)] }.file),
    ("x.zip", ZipBytes([.init("more", evilArchive)]).file), ("x.pt", unused(evilArchive)),
  ]

  @Test("is followed, wherever it lies and whatever is wrong with it")
  func everywhere() throws {
    #expect(Self.hidden.count == 44)
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
      ("x.pt", Self.unused(pattern(24, salt: 3))), ("x.pt", Self.unused([0])),
      ("x.pt", Self.good.with { $0.others = [("m/constants/3", [1, 2])] }.file),
      ("x.pt", Self.gap([UInt8](repeating: 7, count: 40))), ("x.pt", Self.gap(Self.localOnly([1, 2, 3]))),
      ("x.pkl", Self.harmless + Array("what is this?".utf8)),
      ("x.pkl", Self.harmless + Self.harmless.dropLast()),
      ("x.pt", Self.good.with { $0.pickle += [0, 0, 0, 0] }.file),
      ("x.pt", Self.good.with { $0.others = [("m/extra/a.zip", Self.nested)] }.file),
      ("x.pt", Self.good.with { $0.others = [("m/extra/a.zip", Self.good.file)] }.file),
    ]
    #expect(cases.count == 18)
    for (number, (name, bytes)) in cases.enumerated() {
      let folder = try TemporaryFolder()
      #expect(try GlobalClassTests.kinds(bytes, as: name, in: folder) == [.unexamined], "\(number): \(name)")
    }
  }

  /// An archive within an archive within an archive; the innermost is not searched.
  private static let nested = ZipBytes([.init("b.zip", evilArchive)]).file

  @Test("in a row is followed by others, each named, the last as far as it goes")
  func rows() throws {
    func names(_ module: String) -> [UInt8] { [0x80, 2] + Array("c\(module)\nThing\n.".utf8) }
    let rows: [(bytes: [UInt8], kinds: [FlatRemarkKind])] = [
      (names("a") + names("b"), [.foreignGlobal, .foreignGlobal]),
      (names("a") + names("a"), [.foreignGlobal]),
      (names("a") + names("b").dropLast(), [.foreignGlobal, .foreignGlobal, .unexamined]),
      (
        names("a") + names("b") + names("c").dropLast() + [0xFF],
        [.foreignGlobal, .foreignGlobal, .foreignGlobal, .unexamined]
      ),
      (Self.harmless + names("b").dropLast(), [.foreignGlobal, .unexamined]),
      // Bytes without a pickle's mark contain names by chance.
      (names("a") + Array("cb\nThing\n".utf8), [.foreignGlobal, .unexamined]),
      (names("a") + Array("cb\nThing\n.".utf8), [.foreignGlobal, .foreignGlobal]),
      (names("a") + Self.marked.dropLast(), [.foreignGlobal, .codeGlobal, .unexamined]),
    ]
    for (number, (bytes, kinds)) in rows.enumerated() {
      let folder = try TemporaryFolder()
      #expect(try GlobalClassTests.kinds(bytes, as: "x.pkl", in: folder) == kinds, "\(number)")
    }
  }

  @Test("that the elements of a tensor are is reported when it is whole and names what can run code")
  func elements() throws {
    func tensor(_ bytes: [UInt8]) -> [UInt8] {
      TorchBytes(
        stateDict {
          $0.tensor(
            "w",
            TensorArguments(
              storageClass: PickleGlobal("torch", "ByteStorage"), count: bytes.count, shape: [bytes.count],
              strides: [1]))
        }
      ).with { $0.storages = [("0", bytes)] }.file
    }
    let long = Self.marked.dropLast() + [UInt8](repeating: 0x4E, count: 700) + [0x2E]
    let cases: [(bytes: [UInt8], kinds: [FlatRemarkKind])] = [
      (Self.marked, [.codeInStorage]), (Self.attack, [.codeInStorage]), (long, [.codeInStorage]),
      (Self.marked + pattern(99, salt: 1), [.codeInStorage]),
      // Some tensors hold a pickle of plain data; an incomplete pickle is not one.
      (Self.harmless, []), (Self.marked.dropLast(), []), (long.dropLast(), []), (pattern(600, salt: 2), []),
    ]
    for (number, (bytes, kinds)) in cases.enumerated() {
      let folder = try TemporaryFolder()
      #expect(try GlobalClassTests.kinds(tensor(bytes), as: "x.pt", in: folder) == kinds, "\(number)")
    }
  }

  @Test("after the end of an older PyTorch file is followed, and other bytes there are named")
  func afterTheEnd() throws {
    let rests: [(bytes: [UInt8], kinds: [FlatRemarkKind])] = [
      (Self.marked, [.codeGlobal]), (Self.attack, [.codeGlobal]),
      (Self.harmless + Self.marked, [.codeGlobal]),
      (Self.evilArchive, [.codeGlobal, .unexamined]), (Self.good.file, [.unexamined]), ([0], [.unexamined]),
      (Array("the end".utf8), [.unexamined]),
    ]
    for (number, (rest, kinds)) in rests.enumerated() {
      let folder = try TemporaryFolder()
      let file = try ReadableFile(path: try folder.write(Self.good.legacy() + rest, as: "x.pt"))
      let source = try FlatFormats.open(file)
      let unread = source.remarks.compactMap(\.unread)
      #expect(unread == [file.size - rest.count..<file.size], "\(number)")
      var scan = try PickleScan(file)
      #expect(scan.remarks.isEmpty)
      for range in unread { try scan.scan(unread: range, of: file) }
      #expect(scan.remarks.map(\.kind) == kinds, "\(number)")
    }
  }

  @Test("and names of members that are very many are counted")
  func many() throws {
    let folder = try TemporaryFolder()
    let others = (0..<300).map { (name: "m/x/\($0)", bytes: [UInt8(1)]) }
    let path = try folder.write(Self.good.with { $0.others = others }.file, as: "x.pt")
    let remarks = try PickleScan(ReadableFile(path: path)).remarks
    #expect(remarks.count == 101)
    #expect(
      remarks.last?.sentence
        == "file: expected tensors, or parts of the format, found 200 more parts that are neither")
  }

  @Test("and nothing is said of a file with tensors alone")
  func silent() throws {
    let deflatedArray = Self.deflated("a.npy", Self.array)
    let cases: [(name: String, bytes: [UInt8])] = [
      ("x.pt", Self.good.file), ("x.pt", Self.good.legacy()),
      // A storage may have any bytes.
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
