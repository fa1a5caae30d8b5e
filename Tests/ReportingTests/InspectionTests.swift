import Reporting
import StrictJSON
import Tensors
import Testing

@Suite("Inspections")
struct InspectionTests {
  private func inspection() throws -> Inspection {
    let digest = try #require(SHA256Digest(bytes: [UInt8](repeating: 0x5A, count: 32)))
    return Inspection(
      file: "m.h5", kind: "unit-checkpoint",
      tensors: [
        .init(
          spec: try TensorSpec(name: "a\0b", dtype: .f32, shape: [3, 5]), digest: digest,
          placement: "units 0 1"),
        .init(spec: try TensorSpec(name: "tied", dtype: .f32, shape: [3, 5]), tiedTo: "a\0b"),
        .init(spec: try TensorSpec(name: "s", dtype: .bf16, shape: []), placement: "whole"),
      ],
      metadata: [], modelDigest: digest,
      checkpoint: .init(
        units: 2,
        tasks: [
          .init(
            name: "fine", order: [1, 0], levels: [[1], [1, 0]],
            axes: [(name: "stem", order: [0, 1], levels: [[0], [0, 1]])])
        ],
        axes: [.init(name: "stem", size: 3, units: [1, 1], common: 1)],
        shares: [(owner: "unit 0", byteCount: ByteCount(40)), (owner: "whole", byteCount: ByteCount(2))]))
  }

  @Test("as text show units, axes, tasks and tensors, and count a tied tensor once")
  func text() throws {
    #expect(
      try inspection().text(width: 80).split(separator: "\n").map(String.init)
        == #"""
        m.h5: unit-checkpoint, 3 tensors, 16 elements, 62 B
        model sha256 5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a
        2 units: unit 0 40 B, whole 2 B

        axis  channels  per unit  common
        stem         3  [1 1]          1

        task       order of units  units of each level
        fine       [1 0]           [1] [1 0]
          on stem  [0 1]           [0] [0 1]

        name     dtype  shape   bytes  stored             sha256
        a\u{0}b  F32    [3, 5]     60  units 0 1          5a5a5a5a5a5a
        tied     F32    [3, 5]     60  tied to 'a\u{0}b'
        s        BF16   []          2  whole

        """#.split(separator: "\n").map(String.init))
  }

  @Test("as JSON keep names as they are, and the keys that scripts rely on")
  func json() throws {
    guard case .object(let object) = try inspection().json else { return #expect(Bool(false)) }
    #expect(object["format"] == .string("tessera.inspect/1"))
    #expect(object["units"] == .integer(2))
    guard case .array(let tensors)? = object["tensors"], case .object(let first) = tensors[0],
      case .object(let second) = tensors[1], case .array(let tasks)? = object["tasks"],
      case .object(let task) = tasks[0]
    else { return #expect(Bool(false)) }
    #expect(first["name"] == .string("a\0b"))
    #expect(first["sha256"] == .string(String(repeating: "5a", count: 32)))
    #expect(second["tied_to"] == .string("a\0b"))
    #expect(second["sha256"] == nil)
    #expect(task["levels"] == [[1], [1, 0]])
    #expect(task["order"] == [1, 0])
  }

  @Test("fold axes that differ in a number alone, and no others")
  func foldedAxes() throws {
    func axis(_ name: String, _ size: Int = 8) -> Inspection.Axis {
      .init(name: name, size: size, units: [size / 2, size / 2], common: 0)
    }
    let axes =
      (0..<12).flatMap { [axis("ffn\($0)"), axis("attn\($0)", $0 == 6 ? 16 : 4)] }
      + [
        axis("x1"), axis("x2"), axis("s1.b0"), axis("s1.b1"), axis("s1.b2"), axis("s2.b0"), axis("y07"),
        axis("y08"), axis("y09"),
      ]
    let inspection = Inspection(
      file: "m.h5", kind: "unit-checkpoint", tensors: [], metadata: [], modelDigest: nil,
      checkpoint: .init(
        units: 2,
        tasks: [
          .init(
            name: "t", order: [0, 1], levels: [[0], [0, 1]],
            axes: (0..<5).map { (name: "ffn\($0)", order: $0 == 4 ? [1, 0] : [0, 1], levels: [[0]]) })
        ], axes: axes, shares: []))
    // The first column ends with two spaces.
    let names = inspection.text(width: 80).split(separator: "\n").map { line in
      line.drop { $0 == " " }.split(separator: "  ", maxSplits: 1).first.map(String.init) ?? ""
    }
    #expect(
      Array(names.dropFirst(3)) == [
        "ffn0 … ffn11", "attn0 … attn5", "attn6", "attn7 … attn11", "x1", "x2", "s1.b0 … s1.b2", "s2.b0",
        "y07", "y08", "y09", "task", "t", "on ffn0 … ffn3", "on ffn4",
      ])
    guard case .object(let json) = inspection.json, case .array(let all)? = json["axes"] else {
      Issue.record("no axes")
      return
    }
    #expect(all.count == axes.count)
  }

  @Test("as a tree count a tied tensor's bytes once, and keep a name that is a module's too")
  func treeOfTies() throws {
    let rows: [(String, String?)] = [("e.w", nil), ("head.w", "e.w"), ("head", nil), ("", nil), ("x/", nil)]
    let inspection = Inspection(
      file: "m.pt", kind: "pytorch",
      tensors: try rows.map { name, tied in
        .init(
          spec: try TensorSpec(name: TensorName(name), dtype: .f32, shape: [5]),
          tiedTo: tied.map { TensorName($0) })
      }, metadata: [], modelDigest: nil, view: .init(tree: .init(depth: nil)))
    #expect(
      inspection.text(width: nil) == """
        m.pt: pytorch, 5 tensors, 20 elements, 80 B

        module  tensors  elements  size    share  tensor
        all           5        20  80 B  100.0 %
          e           1         5  20 B   25.0 %
          head        1         0   0 B    0.0 %
          head        1         5  20 B   25.0 %  F32 [5]
                      1         5  20 B   25.0 %  F32 [5]
          x           1         5  20 B   25.0 %  F32 [5]

        """)
  }
}
