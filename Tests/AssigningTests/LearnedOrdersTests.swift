import StrictJSON
import TestSupport
import Testing
import UnitModel

@testable import Assigning

@Suite("Orders from affinities")
struct LearnedOrdersTests {
  private static func orders(
    _ values: [[Double]], loss: ((UnitSet) throws -> Double)? = nil
  ) throws -> [[Int]] {
    let tasks = values.indices.map { TaskID("t\($0)") }
    return try LearnedOrders(AffinityMatrix(tasks: tasks, values: values)) { _ in loss }.orders.map {
      $0.map(\.index)
    }
  }

  @Test("first units are distinct, and their sum is greatest; the others follow by affinity, then by number")
  func byAffinity() throws {
    // Both tasks like unit 0 best; task 1 loses less with another one.
    #expect(try Self.orders([[9, 1, 2], [8, 7, 7]]) == [[0, 2, 1], [1, 0, 2]])
    #expect(try Self.orders([[1, 1, 1]]) == [[0, 1, 2]])
    // A unit without which a network cannot run is needed more than any other.
    #expect(try Self.orders([[.infinity, .infinity, 0, 0], [4.09, 0, 0, 0]]).map(\.[0]) == [1, 0])
    // More tasks than units: each begins with its best.
    #expect(try Self.orders([[1, 2], [1, 2], [2, 1]]) == [[1, 0], [1, 0], [0, 1]])
  }

  @Test("with a loss, the unit without which it is lowest comes last, and so on")
  func byLoss() throws {
    // Units 1 and 2 are worth nothing alone, and all together; unit 3 a little.
    let found = try Self.orders([[9, 1, 1, 5]]) { units in
      let has = { units.contains(UnitID($0)) }
      return has(1) && has(2) ? 0 : has(3) ? 1 : 2
    }
    #expect(found == [[0, 1, 2, 3]])
    // Of equal units, the one with the lower number comes first.
    #expect(try Self.orders([[0, 0, 5, 0]]) { _ in 1 } == [[2, 0, 1, 3]])
    // A set that cannot run is never better than one that can.
    let limited = try Self.orders([[5, 0, 0]]) { units in units.contains(UnitID(1)) ? .infinity : 3 }
    #expect(limited == [[0, 2, 1]])
  }

  @Test("affinities come back from a plan's record", arguments: [true, false])
  func record(_ hasAxes: Bool) throws {
    let matrix = AffinityMatrix(
      tasks: ["a", "b"], values: [[0.1234567891, -2e-9, 3], [.infinity, 0, 123_456_789]])
    #expect(matrix.values == [[0.123457, -2e-9, 3], [.infinity, 0, 123_457_000]])
    let written = Affinities(
      .ablation, matrix, axes: hasAxes ? [(AxisName("x"), matrix)] : [],
      data: .init(digest: String(repeating: "0a", count: 32), samples: 12, seed: 3))
    var plan = Plan(unitCount: 3)
    plan.provenance = written.provenance
    let read = try #require(try Plan(parsing: Array(plan.text().utf8)).provenance.flatMap(Affinities.init))
    #expect(read.matrix == matrix && read.method == .ablation && read.data == written.data)
    #expect(
      read.axes.map(\.axis) == (hasAxes ? [AxisName("x")] : [])
        && read.axes.allSatisfy { $0.matrix == matrix })
    #expect(Affinities(Provenance(rule: "nearest")) == nil)
    var damaged = written.provenance.details
    damaged["affinities"] = JSONValue.null
    #expect(Affinities(Provenance(rule: "learned", details: damaged)) == nil)
  }
}
