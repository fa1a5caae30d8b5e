import Accounting
import TensorStreams
import Tensors
import TestSupport
import Testing
import UnitModel

@Suite("Masks that are counted together")
struct MaskCounterTests {
  /// More elements than in a window.
  private static let count = 150_001

  @Test("an element counts where one mask or more leaves it in")
  func together() throws {
    let names: [TensorName] = ["t", "thirds", "fifths"]
    let specs = try names.enumerated().map {
      try TensorSpec(name: $1, dtype: $0 == 0 ? .i16 : .u8, shape: [Self.count])
    }
    // The low byte of every seventh element is zero, and both bytes of every fourteenth.
    let values = (0..<Self.count).flatMap { place -> [UInt8] in
      place % 7 == 0 ? [0, place % 2 == 0 ? 0 : 1] : [1, 0]
    }
    let source = MemorySource(
      specs,
      bytes: [values] + [3, 5].map { step in (0..<Self.count).map { $0 % step == 0 ? UInt8(9) : 0 } })
    let plan = try Plan.whole.resolve(against: specs)
    let counter = MaskCounter(plan.partition.tensors, in: source)
    let all = 0..<Self.count
    #expect(try counter.count(of: 0, keptBy: [1]) == all.count { $0 % 3 == 0 })
    #expect(try counter.count(of: 0, keptBy: [1, 2]) == all.count { $0 % 3 == 0 || $0 % 5 == 0 })
    #expect(
      try counter.count(of: 0, keptBy: [1, 2], ofNonZero: true)
        == all.count { ($0 % 3 == 0 || $0 % 5 == 0) && !($0 % 7 == 0 && $0 % 2 == 0) })
    #expect(try NonZeroCount.blocks(of: [specs[0]], in: source) == [[all.count { $0 % 14 != 0 }]])
    let other = MaskCounter(plan.partition.tensors, in: MemorySource([specs[0]], bytes: [values]))
    let error = #expect(throws: AccountingError.self) { try other.count(of: 0, keptBy: [1]) }
    #expect("\(error.map { "\($0)" } ?? "")".contains("'thirds', found none"))
  }
}
