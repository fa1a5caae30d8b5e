import ByteFiles
import ChannelFlow
import FlatFormats
import Inference
import ONNXGraph
import Planning
import SubNetworks
internal import TensorStreams
import UnitModel

/// Reads a model's tensors as the commands do, then runs it on inputs of the declared shapes, with small limits.
enum ONNXExercise {
  static func run(_ bytes: [UInt8]) {
    guard let file = ScratchFile.holding(bytes) else { return }
    do {
      let source = try FlatFormats.open(file, as: .onnx)
      _ = try WholeReading.readAll(source, limit: 2 * bytes.count)
    } catch { requireSentence(error) }
    do { try plan(file) } catch { requireSentence(error) }
    do { try runModel(file) } catch { requireSentence(error) }
  }

  /// Plans from the graph; the plan must hold when sub-networks are made from it.
  private static func plan(_ file: ReadableFile) throws {
    let source = try FlatFormats.open(file, as: .onnx)
    let network = NetworkModel(try Model(file), weights: source)
    let proposed = try PlanRequest(unitCount: 2).propose(
      forGraph: network.model, specs: source.tensors.map(\.spec), options: FlowOptions(),
      supplier: network.whole)
    for one in proposed.resolved.assignment.networks.prefix(2) {
      let flow = try network.flow(one, plan: proposed.resolved)
      let dense = try network.dense(flow, plan: proposed.resolved)
      _ = try ModelEncoder(dense.model).pieces()
      _ = try network.masked(flow, plan: proposed.resolved)
    }
  }

  private static func runModel(_ file: ReadableFile) throws {
    let model = try Model(file)
    var limits = RunLimits()
    limits.elements = 1 << 18
    limits.bytes = 16 << 20
    limits.steps = 4_000_000
    limits.trips = 1000
    do {
      let counts = try LayerCounts(model, shapes: [:], limits: limits)
      require(
        counts.rows.allSatisfy { $0.parameters >= 0 && $0.multiplyAdds >= 0 }, "counts are not negative")
    } catch { requireSentence(error) }
    let session = try Session(model, limits: limits)
    var inputs: [String: Tensor] = [:]
    for input in session.requiredInputs.prefix(8) {
      guard case .tensor(let type?, let shape)? = input.type, type != .string else { continue }
      let extents = (shape ?? []).map { if case .fixed(let value) = $0 { value } else { 2 } }
      inputs[input.name] = try session.tensor(type, extents, for: input.name) { bytes in
        for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: index &* 11) & 0x3F }
      }
    }
    for output in try session.run(inputs) {
      require(output.tensor.shape.allSatisfy { $0 >= 0 }, "extents are not negative")
    }
  }
}
