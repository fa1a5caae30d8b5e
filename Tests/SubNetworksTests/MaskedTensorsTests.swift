import SubNetworks
import TensorStreams
import Tensors
import TestSupport
import Testing
import UnitModel

/// Whole tensors, with the parts that a network lacks zero, compared with elements read one by one.
@Suite("Masked tensors")
struct MaskedTensorsTests {
  /// Two units of two channels each, a tensor with an owner map, one with a mask, and one of packed elements.
  private static let document = """
    { "format": "tessera.plan/1", "units": 2,
      "axes": { "c": { "size": 4 } },
      "tensors": [ { "name": "cut", "axes": ["c", null] }, { "name": "packed", "axes": ["c", null] },
                   { "name": "owned", "owners": { "map": "owners", "elements": [1, 2, 3] } },
                   { "name": "masked", "mask": "mask" } ],
      "tasks": [ { "name": "t", "order": [1, 0], "levels": [1, 2] } ] }
    """

  private static let tensors: [(name: TensorName, dtype: DType, shape: [Int])] = [
    ("cut", .i16, [4, 3]), ("packed", .i4, [4, 2]), ("owned", .u8, [2, 3]), ("owners", .u8, [2, 3]),
    ("masked", .u8, [2, 3]), ("mask", .u8, [2, 3]),
  ]

  private static let bytes: [TensorName: [UInt8]] = [
    "cut": Array(1...24), "packed": [0x11, 0x22, 0x33, 0x44], "owned": [10, 20, 30, 40, 50, 60],
    "owners": [0, 1, 2, 2, 1, 2], "masked": [1, 2, 3, 4, 5, 6], "mask": [1, 0, 0, 1, 1, 0],
  ]

  private static func plan() throws -> ResolvedPlan {
    let specs = try tensors.map { try TensorSpec(name: $0.name, dtype: $0.dtype, shape: $0.shape) }
    return try Plan(parsing: Array(document.utf8)).resolve(against: specs)
  }

  /// A source in which one tensor has another length, or is missing.
  private static func source(_ changed: TensorName? = nil, rows: Int? = nil) throws -> MemorySource {
    let kept = tensors.filter { $0.name != changed || rows != nil }
    let specs = try kept.map { tensor in
      let shape = tensor.name == changed ? [rows ?? 0, tensor.shape[1]] : tensor.shape
      return try TensorSpec(name: tensor.name, dtype: tensor.dtype, shape: shape)
    }
    return MemorySource(
      specs,
      bytes: specs.map { spec in
        let known = bytes[spec.name] ?? []
        return (0..<spec.byteCount).map { known[$0 % known.count] }
      })
  }

  private static func read(_ number: Int, _ source: MemorySource, isDense: Bool = false) throws -> [UInt8] {
    let plan = try plan()
    let network = try plan.assignment.network(task: "t", level: LevelNumber(1))
    return try MaskedTensors(source, network, plan: plan, isDense: isDense).reader(of: number).rest()
  }

  @Test("have zeros where the network has nothing, or nothing at all")
  func masked() throws {
    let source = try Self.source()
    // The network has unit 1: channels 2 and 3.
    let zeros = [UInt8](repeating: 0, count: 12)
    #expect(try Self.read(0, source) == zeros + Array(13...24))
    #expect(try Self.read(0, source, isDense: true) == Array(13...24))
    #expect(try Self.read(1, source) == [0, 0, 0x33, 0x44])
    #expect(try Self.read(1, source, isDense: true) == [0x33, 0x44])
    #expect(try Self.read(2, source) == [0, 0, 30, 40, 0, 60])
    #expect(try Self.read(4, source) == [1, 0, 0, 4, 5, 0])
  }

  @Test(
    "a tensor, an owner map or a mask of another length is refused, and so is one that is not there",
    arguments: [("cut", 0), ("owners", 2), ("mask", 4)] as [(TensorName, Int)], [nil, 0, 1, 3, 1_000])
  func otherLength(changed: (name: TensorName, number: Int), rows: Int?) throws {
    let source = try Self.source(changed.name, rows: rows)
    let error = #expect(throws: TensorStreamError.self) { try Self.read(changed.number, source) }
    #expect("\(error.map { "\($0)" } ?? "")".contains(rows == nil ? "found none" : "bytes, found"))
  }

  @Test func aNumberThatThePartitionDoesNotHaveIsRefused() throws {
    for number in [-1, 6, Int.max] {
      #expect(throws: TensorStreamError.self) { try Self.read(number, try Self.source()) }
    }
  }
}
