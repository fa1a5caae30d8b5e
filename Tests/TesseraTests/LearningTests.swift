import Assigning
import FlatFormats
import Inference
import ONNXGraph
import Planning
import SubNetworks
import TensorStreams
import Tensors
import TestSupport
import Testing
import UnitModel

@testable import Tessera

/// Networks in which each task needs some units more than others, because its head says so.
private struct PlantedNetwork {
  static let (units, width, inputs, classes, samples) = (4, 3, 5, 3, 96)
  /// For each task, its order of units.
  let orders: [[Int]]
  /// The channel of the axis at each place of the planted grouping.
  let channels: [Int]
  private let hidden: [[Float]]
  private let heads: [[[Float]]]

  var tasks: [String] { orders.indices.map { "t\($0)" } }

  /// - Parameters:
  ///   - strengths: how much a task needs the units of its order.
  ///   - isPermuted: whether a unit's channels lie anywhere on the axis.
  init(seed: UInt64, strengths: [Float], isPermuted: Bool = false) {
    var random = SeededGenerator(seed: seed)
    func normal() -> Float { (0..<12).reduce(-6) { sum, _ in sum + Float.random(in: 0...1, using: &random) } }
    let firsts = Array(0..<Self.units).shuffled(using: &random)
    orders = firsts.map { first in [first] + (0..<Self.units).filter { $0 != first }.shuffled(using: &random)
    }
    let all = Array(0..<Self.units * Self.width)
    channels = isPermuted ? all.shuffled(using: &random) : all
    // Rows of equal length, so that only heads make a difference.
    hidden = all.map { _ in
      let row = (0..<Self.inputs).map { _ in normal() }
      let norm = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return row.map { 3 * $0 / norm }
    }
    var heads: [[[Float]]] = []
    for order in orders {
      var head = [[Float]](repeating: [Float](repeating: 0, count: all.count), count: Self.classes)
      for (place, unit) in order.enumerated() {
        for channel in 0..<Self.width {
          // Columns of equal length.
          var column = (0..<Self.classes).map { _ in normal() }
          let norm = column.reduce(0) { $0 + $1 * $1 }.squareRoot()
          column = column.map { 2 * strengths[place] * $0 / norm }
          for row in 0..<Self.classes { head[row][channels[unit * Self.width + channel]] = column[row] }
        }
      }
      heads.append(head)
    }
    self.heads = heads
  }

  private static func bytes(_ rows: [[Float]]) -> [UInt8] {
    rows.flatMap { $0.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } } }
  }

  var model: [UInt8] {
    let (size, heads) = (Self.units * Self.width, heads)
    return ModelBytes.model { graph in
      for (number, task) in tasks.enumerated() {
        // Each task has a path of its own, with its own scale, through the shared weights.
        graph.node("Mul", ["x", "scale.\(task)"], ["x.\(task)"], name: "mul.\(task)")
        graph.tensor("scale.\(task)", [1], raw: Self.bytes([[Float(number + 1)]]))
        graph.node("Gemm", ["x.\(task)", "w"], ["h.\(task)"], name: "gemm.\(task)") {
          $0.attribute("transB", int: 1)
        }
        graph.node("Relu", ["h.\(task)"], ["r.\(task)"], name: "relu.\(task)")
        graph.node("Gemm", ["r.\(task)", "head.\(task)"], [task], name: task) {
          $0.attribute("transB", int: 1)
        }
        graph.tensor("head.\(task)", [Self.classes, size], raw: Self.bytes(heads[number]))
      }
      graph.tensor("w", [size, Self.inputs], raw: Self.bytes(hidden))
      graph.value(11, "x", [Self.samples, Self.inputs])
      for task in tasks { graph.value(12, task, [Self.samples, Self.classes]) }
    }
  }

  var plan: Plan {
    get throws {
      let entries = tasks.map { "{ \"name\": \"head.\($0)\", \"axes\": [null, \"h\"] }" }
      let tasks = tasks.map { "{ \"name\": \"\($0)\", \"private\": [\"head.\($0)\", \"scale.\($0)\"] }" }
      return try Plan(
        parsing: Array(
          """
          { "format": "tessera.plan/1", "units": \(Self.units), "axes": { "h": { "size": \(Self.units * Self.width) } },
            "tensors": [{ "name": "w", "axes": ["h", null] }, \(entries.joined(separator: ", "))],
            "tasks": [\(tasks.joined(separator: ", "))], "assignment": { "rule": "nearest" } }
          """.utf8))
    }
  }

  /// Inputs, and the class that the whole network gives each.
  func data(seed: UInt64) throws -> MemorySource {
    var random = SeededGenerator(seed: seed &+ 1000)
    let inputs = (0..<Self.samples).map { _ in
      (0..<Self.inputs).map { _ in Float.random(in: -2...2, using: &random) }
    }
    var specs = [try TensorSpec(name: "x", dtype: .f32, shape: [Self.samples, Self.inputs])]
    var bytes = [Self.bytes(inputs)]
    for (task, head) in zip(tasks, heads) {
      specs.append(try TensorSpec(name: TensorName("\(task).labels"), dtype: .u8, shape: [Self.samples]))
      bytes.append(
        inputs.map { x in
          let values = hidden.map { row in max(0, zip(row, x).reduce(0) { $0 + $1.0 * $1.1 }) }
          let logits = head.map { row in zip(row, values).reduce(0) { $0 + $1.0 * $1.1 } }
          return UInt8(logits.indices.max { logits[$0] < logits[$1] } ?? 0)
        })
    }
    return MemorySource(specs, bytes: bytes)
  }
}

@Suite("Learned assignments")
struct LearningTests {
  private static func learning(
    _ network: PlantedNetwork, _ method: LearningMethod, seed: UInt64, in folder: TemporaryFolder,
    labels: Bool = true
  ) throws -> Learning {
    let opened = try OpenedFile(try folder.write(network.model, as: "m.onnx"))
    let resolved = try network.plan.resolve(against: try opened.source.tensors.map(\.spec))
    var data = try network.data(seed: seed)
    if !labels { data = MemorySource([data.tensors[0].spec], bytes: [data.bytes[0]]) }
    return try Learning(
      opened, plan: (try network.plan, resolved), data: method == .weights ? nil : OpenedFile(data),
      samples: nil, seed: 1,
      method: method, limits: .init())
  }

  @Test(
    "every method finds the units that only one task needs", arguments: LearningMethod.allCases, 1...20)
  func disjoint(_ method: LearningMethod, _ seed: UInt64) throws {
    let network = PlantedNetwork(seed: seed, strengths: [1, 0, 0, 0])
    let learning = try Self.learning(network, method, seed: seed, in: try TemporaryFolder())
    let affinities = try learning.affinities(method, perAxis: false)
    for (row, order) in zip(affinities.matrix.values, network.orders) {
      let other = row.indices.filter { $0 != order[0] }.map { row[$0] }.max() ?? 0
      #expect(row[order[0]] > 0.05 && other == 0)
    }
    let orders = try learning.orders(affinities).orders
    #expect(orders.map { $0.order[0].index } == network.orders.map { $0[0] })
    #expect(orders.allSatisfy { Set($0.order).count == PlantedNetwork.units })
  }

  @Test(
    "every method finds the whole order of units of decreasing need", arguments: LearningMethod.allCases,
    1...20)
  func graded(_ method: LearningMethod, _ seed: UInt64) throws {
    let network = PlantedNetwork(seed: seed, strengths: [8, 3, 1, 0.2])
    let learning = try Self.learning(
      network, method, seed: seed, in: try TemporaryFolder(), labels: method == .ablation)
    let orders = try learning.orders(try learning.affinities(method, perAxis: false)).orders
    // The share of a unit grows with its strength, so orders by share are exact. The loss depends on the samples, too.
    let compared = method == .ablation ? 1 : PlantedNetwork.units
    #expect(
      orders.map { $0.order.prefix(compared).map(\.index) }
        == network.orders.map { Array($0.prefix(compared)) })
  }

  @Test(
    "regrouping finds a planted grouping that was permuted",
    arguments: [LearningMethod.weights, .activations], 1...20)
  func regrouped(_ method: LearningMethod, _ seed: UInt64) throws {
    let network = PlantedNetwork(seed: seed, strengths: [1, 0, 0, 0], isPermuted: true)
    let folder = try TemporaryFolder()
    let opened = try OpenedFile(try folder.write(network.model, as: "m.onnx"))
    let specs = try opened.source.tensors.map(\.spec)
    let proposed = try network.plan.checked(against: specs)
    let data = method == .weights ? nil : OpenedFile(try network.data(seed: seed))
    let found = try proposed.regrouped(method, of: opened, data: data, limits: .init())
    // By the rule, task t begins with unit t: it has the channels that only task t needs.
    let axis = try #require(found.resolved.partition.axes.first)
    for (task, order) in network.orders.enumerated() {
      let start = order[0] * PlantedNetwork.width
      let planted = network.channels[start..<start + PlantedNetwork.width].sorted()
      #expect(axis.channels(of: UnitID(task)).channels == planted)
    }
    // The whole network and the flat file stay the same.
    let cutting = try Cutting(
      try #require(try opened.source as? any FlatWeightsSource), of: opened, plan: (found.plan, "p.json"),
      ConversionOptions())
    guard case .proved? = try cutting.proof() else { return #expect(Bool(false)) }
    try cutting.write(to: folder.file("m.h5")) { _ in }
  }

  @Test(
    "every batch counts: their order does not matter", arguments: [LearningMethod.activations, .ablation])
  func batches(_ method: LearningMethod) throws {
    let network = PlantedNetwork(seed: 3, strengths: [8, 3, 1, 0.2])
    let folder = try TemporaryFolder()
    let opened = try OpenedFile(try folder.write(network.model, as: "m.onnx"))
    let resolved = try network.plan.resolve(against: try opened.source.tensors.map(\.spec))
    /// The samples of two seeds, which are two batches because the graph fixes the number of rows.
    func affinities(_ first: UInt64, _ second: UInt64) throws -> AffinityMatrix {
      let parts = [try network.data(seed: first), try network.data(seed: second)]
      let specs = try parts[0].tensors.map {
        try TensorSpec(
          name: $0.spec.name, dtype: $0.spec.dtype,
          shape: [2 * PlantedNetwork.samples] + $0.spec.shape.dropFirst())
      }
      let learning = try Learning(
        opened, plan: (try network.plan, resolved),
        data: OpenedFile(MemorySource(specs, bytes: zip(parts[0].bytes, parts[1].bytes).map { $0 + $1 })),
        samples: nil, seed: 1, method: method, limits: .init())
      return try learning.affinities(method, perAxis: false).matrix
    }
    let (found, turned) = (try affinities(1, 2), try affinities(2, 1))
    #expect(found == turned)
    for seed in 1...2 as ClosedRange<UInt64> {
      let one = try affinities(seed, seed)
      #expect(found != one)
    }
  }

  /// The data of a network, changed: arrays by name, with new numbers of rows.
  private static let mistakes:
    [(
      name: String, change: @Sendable (TensorSpec, [UInt8]) throws -> (TensorSpec, [UInt8]), sentence: String
    )] = [
      (
        "t1.labels",
        { spec, bytes in (try TensorSpec(name: spec.name, dtype: .u8, shape: [90]), Array(bytes.prefix(90)))
        },
        "task 't1': expected as many labels as samples of each input, found 96 in 'x', 90 in 't1.labels'"
      ),
      (
        "t1.labels",
        { spec, bytes in (try TensorSpec(name: spec.name, dtype: .u8, shape: [192]), bytes + bytes) },
        "task 't1': expected as many labels as samples of each input, found 96 in 'x', 192 in 't1.labels'"
      ),
      (
        "t2.labels",
        { spec, bytes in
          (
            try TensorSpec(name: spec.name, dtype: .i64, shape: [96]),
            bytes.flatMap { _ in withUnsafeBytes(of: Int64(-100).littleEndian) { Array($0) } }
          )
        }, "task 't2': expected a label that is not −100, found none"
      ),
      (
        "t2.labels",
        { spec, bytes in
          (
            try TensorSpec(name: spec.name, dtype: .i64, shape: [96]),
            bytes.flatMap { _ in withUnsafeBytes(of: Int64.max.littleEndian) { Array($0) } }
          )
        }, "expected labels from 0 to 2, found 9.2233"
      ),
      (
        "x",
        { spec, bytes in
          (
            spec,
            Array(bytes.dropLast(4)) + withUnsafeBytes(of: Float.nan.bitPattern.littleEndian) { Array($0) }
          )
        }, "expected finite values in the whole network, and in the data, found infinity or NaN"
      ),
      (
        "t3.labels", { spec, bytes in (try TensorSpec(name: "t3.label", dtype: .u8, shape: [96]), bytes) },
        "array 't3.label': expected TASK.INPUT or TASK.labels, INPUT or labels, found another name; the nearest name is 't3.labels'"
      ),
    ]

  @Test(
    "wrong data are refused with their place", arguments: mistakes.indices)
  func wrongData(_ number: Int) throws {
    let (name, change, sentence) = Self.mistakes[number]
    let network = PlantedNetwork(seed: 1, strengths: [1, 0.5, 0.2, 0.1])
    let data = try network.data(seed: 1)
    var specs: [TensorSpec] = []
    var bytes: [[UInt8]] = []
    for (tensor, old) in zip(data.tensors, data.bytes) {
      let (spec, new) = tensor.spec.name.text == name ? try change(tensor.spec, old) : (tensor.spec, old)
      specs.append(spec)
      bytes.append(new)
    }
    let folder = try TemporaryFolder()
    let opened = try OpenedFile(try folder.write(network.model, as: "m.onnx"))
    let resolved = try network.plan.resolve(against: try opened.source.tensors.map(\.spec))
    let error = #expect(throws: (any Error).self) {
      let learning = try Learning(
        opened, plan: (try network.plan, resolved), data: OpenedFile(MemorySource(specs, bytes: bytes)),
        samples: nil, seed: 1, method: .ablation, limits: .init())
      _ = try learning.affinities(.ablation, perAxis: false)
    }
    #expect("\(error.map { "\($0)" } ?? "")".contains(sentence), "\(error.map { "\($0)" } ?? "")")
  }
}
