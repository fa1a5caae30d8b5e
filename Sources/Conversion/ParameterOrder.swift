package import FlatFormats
internal import TensorStreams
package import Tensors

/// Finds the tensor of a model that each parameter of an optimizer is, if the optimizer has numbers instead of names.
///
/// An optimizer numbers its parameters in the order in which it gets them. Within a group, this is taken to be the order of
/// the model; nothing is assumed about which parameters are in which group, nor about the order of groups. A division of
/// the model's tensors among the groups is accepted only if it is the only one whose shapes are those of the state.
package struct ParameterOrder {
  private let candidates: [TensorSpec]
  /// For each parameter, the shapes that its state permits; nil if it has none with dimensions.
  private let shapes: [Set<[Int]>?]
  private let groups: [[Int]]

  /// The most places in all groups together that are tried, for all tensors.
  private static let limit = 1 << 20

  /// Why no order fits.
  package enum Failure: Error {
    /// No order has tensors of the parameters' shapes.
    case nothing
    /// Several orders fit.
    case several
    /// The limit was reached before it was known.
    case unknown
  }

  /// - Parameters:
  ///   - candidates: the tensors that may be parameters, in the order of the model.
  ///   - tensors: the tensors of the state.
  package init(_ state: OptimizerState, candidates: [TensorSpec], tensors: [TensorName: TensorSpec]) {
    self.candidates = candidates
    shapes = state.parameters.map { MomentShapes.shapes(of: $0, in: tensors) }
    groups = state.groups.map(\.parameters)
  }

  /// The tensors that may be parameters: all but ties, statistics of norms, and tensors of integers.
  package static func candidates(among tensors: [(spec: TensorSpec, isTied: Bool)]) -> [TensorSpec] {
    let statistics: Set<String> = ["running_mean", "running_var", "num_batches_tracked"]
    return tensors.compactMap { tensor in
      let last = tensor.spec.name.text.utf8.split(separator: UInt8(ascii: ".")).last ?? [][...]
      guard !tensor.isTied, !statistics.contains(String(decoding: Array(last), as: UTF8.self)),
        isTrained(tensor.spec.dtype)
      else { return nil }
      return tensor.spec
    }
  }

  /// Whether a parameter can have this dtype: PyTorch computes gradients of floating-point and complex tensors only.
  private static func isTrained(_ dtype: DType) -> Bool {
    switch dtype.kind {
    case .float, .brainFloat, .smallFloat, .complex: true
    default: false
    }
  }

  /// The places in the groups up to which tensors have been given, and how.
  private struct Step {
    /// The number of ways to these places, at most 2.
    var ways: Int
    /// The places before the tensor.
    let before: [Int]
    /// The group that got the tensor; nil if it is no parameter.
    let group: Int?
  }

  /// For each parameter, its tensor.
  package func names() throws(Failure) -> [TensorName] {
    let sizes = groups.map(\.count)
    let missing = candidates.count - sizes.reduce(0, +)
    guard missing >= 0 else { throw .nothing }
    let start = sizes.map { _ in 0 }
    var steps: [[[Int]: Step]] = [[start: Step(ways: 1, before: start, group: nil)]]
    var work = 0
    for (number, candidate) in candidates.enumerated() {
      var next: [[Int]: Step] = [:]
      func add(_ places: [Int], _ group: Int?, from before: [Int], ways: Int) {
        if let known = next[places]?.ways {
          next[places]?.ways = min(2, known + ways)
        } else {
          next[places] = Step(ways: ways, before: before, group: group)
        }
      }
      for (places, step) in steps[number] {
        work += groups.count + 1
        guard work <= Self.limit else { throw .unknown }
        if number - places.reduce(0, +) < missing { add(places, nil, from: places, ways: step.ways) }
        for group in groups.indices where places[group] < sizes[group] {
          guard fits(groups[group][places[group]], candidate) else { continue }
          var after = places
          after[group] += 1
          add(after, group, from: places, ways: step.ways)
        }
      }
      steps.append(next)
    }
    guard let last = steps[candidates.count][sizes] else { throw .nothing }
    if last.ways > 1 { throw .several }
    return names(steps, from: sizes)
  }

  private func fits(_ parameter: Int, _ candidate: TensorSpec) -> Bool {
    shapes[parameter]?.contains(candidate.shape) ?? true
  }

  /// The tensors on the only way to `end`.
  private func names(_ steps: [[[Int]: Step]], from end: [Int]) -> [TensorName] {
    var names = [TensorName](repeating: "", count: shapes.count)
    var places = end
    for number in candidates.indices.reversed() {
      guard let step = steps[number + 1][places] else { break }
      if let group = step.group { names[groups[group][step.before[group]]] = candidates[number].name }
      places = step.before
    }
    return names
  }
}
