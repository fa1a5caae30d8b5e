package import FlatFormats
internal import TensorStreams
package import Tensors

/// Finds the tensor of a model that each parameter of an optimizer is, if the optimizer has numbers instead of names.
///
/// An optimizer numbers its parameters in the order in which it gets them: usually that of `model.parameters()`, or
/// weights with decay and then all others. Orders are accepted only if every number and shape fits in exactly one way.
package struct ParameterOrder {
  private let candidates: [TensorSpec]
  /// For each parameter, the shapes that its state permits; nil if it has none with dimensions.
  private let shapes: [Set<[Int]>?]
  private let groups: [[Int]]

  /// The work limit: numbers of parameters times numbers of tensors that may lie between.
  private static let limit = 1 << 26

  /// Why no order fits.
  package enum Failure: Error {
    /// No order has tensors of the parameters' shapes.
    case nothing
    /// Several orders fit.
    case several
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

  /// For each parameter, its tensor.
  package func names() throws(Failure) -> [TensorName] {
    var found: Set<[TensorName]> = []
    for division in divisions {
      guard let names = try embedding(division) else { continue }
      found.insert(names)
    }
    if found.count > 1 { throw .several }
    guard let only = found.first else { throw .nothing }
    return only
  }

  /// Lists of parameters, each with the tensors that it is among, in order.
  private typealias Division = [(parameters: [Int], tensors: [TensorSpec])]

  private var divisions: [Division] {
    var all: [Division] = [[(groups.flatMap { $0 }, candidates)]]
    guard groups.count == 2 else { return all }
    for decays in [Self.isMatrix, Self.isDecaying] {
      let with = candidates.filter(decays)
      let without = candidates.filter { !decays($0) }
      all.append([(groups[0], with), (groups[1], without)])
      all.append([(groups[0], without), (groups[1], with)])
    }
    return all
  }

  private static func isMatrix(_ spec: TensorSpec) -> Bool { spec.shape.count >= 2 }

  /// Whether weights are usually decayed: not in a bias or a norm.
  private static func isDecaying(_ spec: TensorSpec) -> Bool {
    let name = spec.name.text.lowercased()
    let parts = name.unicodeScalars.split { $0 == "." || $0 == "_" || $0 == "/" }.map(String.init)
    return isMatrix(spec) && parts.last != "bias" && !name.contains("norm") && !parts.contains("ln")
  }

  /// The only way to find each list in order among its tensors; nil if there is none.
  private func embedding(_ division: Division) throws(Failure) -> [TensorName]? {
    var names = [TensorName?](repeating: nil, count: shapes.count)
    var isAmbiguous = false
    for (parameters, tensors) in division {
      let (count, places) = try Embedding(parameters.map { shapes[$0] }, tensors.map(\.shape), Self.limit)
        .unique()
      if count == 0 { return nil }
      isAmbiguous = isAmbiguous || count > 1
      for (parameter, place) in zip(parameters, places) { names[parameter] = tensors[place].name }
    }
    if isAmbiguous { throw .several }
    let all = names.compactMap(\.self)
    return all.count == names.count ? all : nil
  }
}

/// The ways to find shapes, in order, among those of tensors.
private struct Embedding {
  private let shapes: [Set<[Int]>?]
  private let tensors: [[Int]]

  init(_ shapes: [Set<[Int]>?], _ tensors: [[Int]], _ limit: Int) throws(ParameterOrder.Failure) {
    self.shapes = shapes
    self.tensors = tensors
    let (work, overflow) = (shapes.count + 1).multipliedReportingOverflow(
      by: max(0, tensors.count - shapes.count) + 1)
    if overflow || work > limit { throw .several }
  }

  /// The number of ways, at most 2, and the places of the first one.
  func unique() -> (count: Int, places: [Int]) {
    let skips = tensors.count - shapes.count
    if skips < 0 { return (0, []) }
    let width = skips + 1
    // ways[i · width + s]: the ways to find the parameters from i on, if s tensors before were skipped.
    var ways = [UInt8](repeating: 0, count: (shapes.count + 1) * width)
    for number in stride(from: shapes.count, through: 0, by: -1) {
      for skipped in stride(from: skips, through: 0, by: -1) {
        if number == shapes.count {
          ways[number * width + skipped] = 1
          continue
        }
        var count: UInt8 = skipped < skips ? ways[number * width + skipped + 1] : 0
        if fits(number, number + skipped) { count = min(2, count + ways[(number + 1) * width + skipped]) }
        ways[number * width + skipped] = count
      }
    }
    var places: [Int] = []
    var skipped = 0
    while places.count < shapes.count, ways[0] > 0 {
      let number = places.count
      if fits(number, number + skipped), ways[(number + 1) * width + skipped] > 0 {
        places.append(number + skipped)
      } else {
        skipped += 1
        if skipped > skips { return (0, []) }
      }
    }
    return (Int(ways[0]), places)
  }

  private func fits(_ number: Int, _ place: Int) -> Bool {
    guard let known = shapes[number] else { return true }
    return known.contains(tensors[place])
  }
}
