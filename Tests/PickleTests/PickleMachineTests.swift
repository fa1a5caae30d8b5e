import TestSupport
import Testing

@testable import Pickle

@Suite("The pickle machine")
struct PickleMachineTests {
  /// The tree as text; calls look like Python's.
  static func text(_ tree: PickleTree, _ ref: PickleRef) -> String {
    func list(_ refs: [PickleRef]) -> String { refs.map { text(tree, $0) }.joined(separator: ", ") }
    func pairs(_ refs: [PickleRef]) -> String {
      stride(from: 0, to: refs.count - 1, by: 2).map {
        text(tree, refs[$0]) + ": " + text(tree, refs[$0 + 1])
      }
      .joined(separator: ", ")
    }
    let children = tree.children(ref)
    switch tree.value(ref) {
    case .none: return "None"
    case .boolean(let value): return value ? "True" : "False"
    case .integer(let value): return "\(value)"
    case .bigInteger(let bytes): return "big \(bytes.count)"
    case .real(let value): return "\(value)"
    case .text(let text): return "'\(text)'"
    case .opaque(let count): return "opaque \(count)"
    case .list: return "[\(list(children))]"
    case .tuple: return "(\(list(children)))"
    case .set: return "{\(list(children))}"
    case .dictionary: return "{\(pairs(children))}"
    case .global(let global): return "\(global)"
    case .persistent: return "persistent \(list(children))"
    case .object:
      let states = tree.states(ref).map { " state " + text(tree, $0) }.joined()
      let entries = tree.entries(ref).isEmpty ? "" : " entries {\(pairs(tree.entries(ref)))}"
      let items = tree.items(ref).isEmpty ? "" : " items [\(list(tree.items(ref)))]"
      return text(tree, children[0]) + text(tree, children[1]) + states + entries + items
    }
  }

  private static func bytes(_ parts: Any...) -> [UInt8] {
    parts.flatMap { part -> [UInt8] in
      switch part {
      case let text as String: Array(text.utf8)
      case let number as Int: [UInt8(truncatingIfNeeded: number)]
      case let bytes as [UInt8]: bytes
      default: []
      }
    }
  }

  @Test("bytes, and text that may stand for bytes, know where they lie")
  func runs() throws {
    let long = Array(repeating: UInt8(97), count: 70_000)
    let cases: [([UInt8], PickleRun)] = [
      (Self.bytes("C", 3, "abc."), .init(offset: 2, count: 3, coding: .plain)),
      (Self.bytes("B", 3, 0, 0, 0, "abc."), .init(offset: 5, count: 3, coding: .plain)),
      (Self.bytes(0x96, 2, 0, 0, 0, 0, 0, 0, 0, "ab."), .init(offset: 9, count: 2, coding: .plain)),
      (Self.bytes("U", 2, "ab."), .init(offset: 2, count: 2, coding: .plain)),
      (Self.bytes("U", 2, 0xC3, 0xA9, "."), .init(offset: 2, count: 2, coding: .plain)),
      (Self.bytes("X", 2, 0, 0, 0, 0xC3, 0xA9, "."), .init(offset: 5, count: 2, coding: .latin1)),
      (Self.bytes("X", 0x70, 0x11, 1, 0, long, "."), .init(offset: 5, count: 70_000, coding: .latin1)),
      (Self.bytes(0x8C, 1, "a."), .init(offset: 2, count: 1, coding: .latin1)),
      (Self.bytes("Vab\n."), .init(offset: 0, count: 2, coding: .held)),
      (Self.bytes("S'ab'\n."), .init(offset: 0, count: 2, coding: .absent)),
      (Self.bytes("S'\\xff'\n."), .init(offset: 0, count: 1, coding: .absent)),
      (Self.bytes(0x97, "."), .init(offset: 1, count: 0, coding: .absent)),
      // The same letters in two codings are two runs of bytes; the second is on top.
      (
        Self.bytes("U", 2, 0xC3, 0xA9, "X", 2, 0, 0, 0, 0xC3, 0xA9, "."),
        .init(offset: 9, count: 2, coding: .latin1)
      ),
      (
        Self.bytes("X", 2, 0, 0, 0, 0xC3, 0xA9, "U", 2, 0xC3, 0xA9, "."),
        .init(offset: 9, count: 2, coding: .plain)
      ),
    ]
    #expect(cases.count == 14)
    for (bytes, run) in cases {
      let tree = try PickleMachine.read(PickleBytes(bytes))
      #expect(tree.run(tree.root) == run, "\(bytes.prefix(12))")
    }
    let none = try PickleMachine.read(PickleBytes(Self.bytes("]", ".")))
    #expect(none.run(none.root) == nil)
  }

  static let cases: [([UInt8], String)] = [
    // Protocols 0 and 1.
    (bytes("I12\n."), "12"), (bytes("I01\n."), "True"), (bytes("I00\n."), "False"), (bytes("I-7\n."), "-7"),
    (bytes("L99L\n."), "99"), (bytes("L-99L\n."), "-99"), (bytes("F2.5\n."), "2.5"),
    (bytes("L119547037146038801333356L\n."), "big 11"),
    (bytes("S'a\\x41\\n'\n."), "'aA\n'"), (bytes("S\"it's\"\n."), "'it's'"),
    (bytes("S'\\xff'\n."), "opaque 1"),
    (bytes("Vé\n."), "'Ã©'"), (bytes("V\\u0041\\U0001f4a5\n."), "'A💥'"),
    (bytes("(lp0\nI1\naI2\na."), "[1, 2]"), (bytes("(I1\nI2\nl."), "[1, 2]"),
    (bytes("(I1\nI2\nt."), "(1, 2)"),
    (bytes("(dS'a'\nI1\ns."), "{'a': 1}"), (bytes("(S'a'\nI1\nd."), "{'a': 1}"),
    (bytes("N(NN1."), "None"), (bytes("N(0."), "None"), (bytes("I5\n2", 0x86, "."), "(5, 5)"),
    (bytes("I5\np3\n0g3\n."), "5"), (bytes("cos\nsystem\n(S'x'\ntR."), "os.system('x')"),
    (bytes("(S'x'\nios\nsystem\n."), "os.system('x')"), (bytes("(cos\nsystem\nS'x'\no."), "os.system('x')"),
    (bytes("Pkey\n."), "persistent 'key'"), (bytes("I1\nQ."), "persistent 1"),
    (bytes("U", 2, "abT", 1, 0, 0, 0, "c", 0x86, "."), "('ab', 'c')"),
    (bytes("J", [0xFE, 0xFF, 0xFF, 0xFF] as [UInt8], "."), "-2"), (bytes("M", 1, 2, "."), "513"),
    (bytes("G", [0x3F, 0xF8, 0, 0, 0, 0, 0, 0] as [UInt8], "."), "1.5"),
    // Protocol 2.
    (bytes(0x80, 2, 0x88, 0x89, 0x86, "."), "(True, False)"), (bytes(0x8A, 0, "."), "0"),
    (bytes(0x8A, 1, 0xFF, "."), "-1"), (bytes(0x8A, 8, [UInt8](repeating: 0xFF, count: 8), "."), "-1"),
    (bytes(0x8A, 9, [UInt8](repeating: 0xFF, count: 8), 0, "."), "big 9"),
    (bytes(0x8B, 2, 0, 0, 0, 0, 1, "."), "256"),
    (bytes(0x8A, 9, [0, 0, 0, 0, 0, 0, 0, 0x80, 0xFF] as [UInt8], "."), "\(Int.min)"),
    (bytes("ca\nB\n)", 0x81, "}(U", 1, "kK", 1, "ub."), "a.B() state {'k': 1}"),
    (bytes("ca\nB\n)R(K", 1, "K", 2, "uK", 3, "a."), "a.B() entries {1: 2} items [3]"),
    (bytes("ca\nB\n}b."), "a.B({})"), (bytes(0x82, 7, "."), "copyreg.extension 7"),
    // Protocols 3 to 5.
    (bytes("C", 2, 0, 0xFF, "."), "opaque 2"), (bytes("B", 3, 0, 0, 0, "abc."), "opaque 3"),
    (bytes(0x80, 4, 0x95, 3, 0, 0, 0, 0, 0, 0, 0, 0x8C, 1, "a", "."), "'a'"),
    (bytes(0x8C, 1, "a", 0x94, 0x8C, 1, "b", 0x94, "h", 0, 0x87, "."), "('a', 'b', 'a')"),
    (bytes(0x8C, 1, "m", 0x8C, 1, "n", 0x93, "."), "m.n"), (bytes(0x8F, "(K", 1, 0x90, "."), "{1}"),
    (bytes("(K", 1, "K", 2, 0x91, "."), "{1, 2}"),
    (bytes("ca\nB\n)}(U", 1, "kK", 1, "u", 0x92, "."), "a.B() entries {'k': 1}"),
    (bytes(0x96, 2, 0, 0, 0, 0, 0, 0, 0, 1, 2, "."), "opaque 2"), (bytes(0x97, 0x98, "."), "opaque 0"),
    (bytes("X", 3, 0, 0, 0, 0xED, 0xA0, 0x80, "."), "opaque 3"),
  ]

  @Test("every instruction of protocols 0 to 5 makes what it says", arguments: cases)
  func instructions(_ pickle: [UInt8], _ expected: String) throws {
    let tree = try PickleMachine.read(PickleBytes(pickle + [1, 2, 3]))
    #expect(Self.text(tree, tree.root) == expected)
    #expect(tree.end == pickle.count)
  }

  @Test("a value that is used twice is there once, and may hold itself")
  func circles() throws {
    let tree = try PickleMachine.read(PickleBytes(Self.bytes("]q", 0, "h", 0, "ah", 0, "a.")))
    #expect(tree.children(tree.root) == [tree.root, tree.root])
    #expect(tree.count == 1)
  }

  @Test(
    "what a pickle costs is bounded",
    arguments: [
      (\.instructions, 100, [UInt8](repeating: 0x4E, count: 200)),
      (\.nodes, 100, [UInt8](repeating: 0x5D, count: 200)),
      (\.stack, 100, [UInt8](repeating: 0x4E, count: 200)),
      (\.stack, 100, [UInt8](repeating: 0x28, count: 200)),
      (
        \.members, 100,
        bytes("]q", 0, "0") + [UInt8](repeating: 0, count: 200).flatMap { _ in bytes("h", 0, 0x85) }
      ),
      (\.memo, 100, bytes("N") + (0..<200).flatMap { bytes("q", $0) }),
      (\.textBytes, 1000, (0..<99).flatMap { bytes("U", 5, "text", 33 + $0) }),
      (\.line, 100, bytes("V") + [UInt8](repeating: 97, count: 200) + [10]),
    ] as [(WritableKeyPath<PickleLimits, Int> & Sendable, Int, [UInt8])])
  func limits(_ limit: WritableKeyPath<PickleLimits, Int> & Sendable, _ value: Int, _ pickle: [UInt8]) {
    var limits = PickleLimits()
    limits[keyPath: limit] = value
    let found = Result { () throws(PickleError) in
      try PickleMachine.read(PickleBytes(pickle + [0x2E]), limits: limits)
    }
    guard case .failure(.refused(let defect, _, _, _)) = found else {
      Issue.record("no refusal")
      return
    }
    #expect(defect == .limit)
  }

  @Test("long text is stepped over, and a window's end changes nothing")
  func windows() throws {
    var long = PickleLimits()
    long.text = 200_000
    for count in [65_530, 65_536, 65_537, 131_000] {
      let text = [UInt8](repeating: 98, count: count)
      let size = withUnsafeBytes(of: UInt32(count).littleEndian) { Array($0) }
      let pickle = Self.bytes("N") + Self.bytes("X") + size + text + Self.bytes("K", 9, 0x87, ".")
      let tree = try PickleMachine.read(PickleBytes(pickle))
      let middle = tree.children(tree.root)[1]
      #expect(
        tree.value(middle)
          == (count > 65_536 ? .opaque(byteCount: count) : .text(String(decoding: text, as: UTF8.self))))
      #expect(tree.value(tree.children(tree.root)[2]) == .integer(9))
    }
  }

  @Test("20,000 seeded rows of instructions end in a tree or in a defect")
  func random() {
    var generator = SeededGenerator(seed: 4)
    let opcodes = Array("(.012FIJKLMNPQRSTUVXabcdeghijloqrstu}])G".utf8) + Array(0x80...0x98)
    var (read, refused) = (0, Set<PickleDefect>())
    for _ in 0..<20_000 {
      var pickle: [UInt8] = []
      for _ in 0..<generator.number(in: 1...30) {
        pickle.append(opcodes[generator.number(in: 0...(opcodes.count - 1))])
        if generator.number(in: 0...2) == 0 {
          pickle += generator.bytes(generator.number(in: 0...4)).map { $0 % 12 }
        }
      }
      do throws(PickleError) {
        _ = try PickleMachine.read(PickleBytes(pickle + [0x2E]))
        read += 1
      } catch {
        if case .refused(let defect, _, _, _) = error { refused.insert(defect) }
      }
    }
    #expect(read > 100)
    #expect(refused.isSuperset(of: [.truncated, .stack, .memo, .argument, .version, .opcode]))
  }
}

@Suite("The pickle writer")
struct PickleWriterTests {
  @Test("what is written is read again, and names come once")
  func roundTrip() throws {
    var writer = PickleWriter()
    writer.call(PickleGlobal("a", "B")) { writer in
      for value in [0, 255, 256, 65_535, 65_536, -1, Int(Int32.max), Int(Int32.max) + 1, .min, .max] {
        writer.integer(value)
      }
      writer.boolean(true)
      writer.tuple([1, 2])
      writer.persistent { $0.sharedText("s") }
      writer.sharedText("s")
      writer.text("é")
      writer.global(PickleGlobal("a", "B"))
    }
    writer.items { writer in
      writer.text("k")
      writer.boolean(false)
    }
    writer.stop()
    let tree = try PickleMachine.read(PickleBytes(writer.bytes))
    #expect(
      PickleMachineTests.text(tree, tree.root)
        == "a.B(0, 255, 256, 65535, 65536, -1, 2147483647, 2147483648, \(Int.min), \(Int.max), True, (1, 2), "
        + "persistent ('s'), 's', 'é', a.B) entries {'k': False}")
    #expect(tree.globals == [PickleGlobal("a", "B")])
  }
}
