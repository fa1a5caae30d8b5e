internal import Tensors

/// The experts of a mixture, from which a router chooses some for each token: their tensors, and their number.
///
/// Files store experts one by one, stacked along the first dimension, or as rows of one matrix. Names show which
/// tensors hold them. If a name does not, the router does: a tensor of the same module with as many matrices as the
/// router has rows holds experts. Shared experts are used by every token and are not included.
struct RoutedExperts {
  /// The contents of a tensor of experts.
  enum Place: Hashable {
    /// One expert, with its rank among those of its layer, from 0.
    case one(rank: Int)
    /// All experts of a layer.
    case stacked
  }

  /// By place of the tensor: its contents, and the number of experts of the layer.
  private(set) var places: [Int: (place: Place, of: Int)] = [:]
  /// The reason why the experts cannot be counted, as the text after "expected"; nil if they can.
  private(set) var problem: String?

  /// The least number of experts of a layer; nil if there are none.
  var least: Int? { places.values.map(\.of).min() }

  private let specs: [TensorSpec]
  private let names: [ExpertName]
  /// The router of each module that has one: its matrix, and the number of experts from which it chooses.
  private var routers: [String: (index: Int, experts: Int, isCertain: Bool)] = [:]
  /// Modules in which experts were found.
  private var found: Set<String> = []
  private let declared: Set<Int>

  /// - Parameters:
  ///   - sizes: the elements of each tensor that must be equal among experts; 0 for bookkeeping.
  ///   - declared: the numbers of experts of a layer in the model's configuration; empty if it has none.
  init(_ specs: [TensorSpec], sizes: [Int], declared: Set<Int>) {
    self.specs = specs
    self.declared = declared.filter { $0 > 1 }
    names = specs.map { ExpertName($0.name) }
    var numbered: [String: [Int: [Int]]] = [:]
    var stacked: [String: [Int]] = [:]
    for (index, name) in names.enumerated() {
      switch name.part {
      case .expert(let number): numbered[name.layer, default: [:]][number, default: []].append(index)
      case .stacked: stacked[name.layer, default: []].append(index)
      case .router(let isCertain):
        guard routers[name.layer] == nil, let count = Self.outputs(of: specs[index], name) else { continue }
        routers[name.layer] = (index, count, isCertain)
      case .neither: break
      }
    }
    for (layer, experts) in numbered { place(experts, of: layer, sizes) }
    for (layer, indices) in stacked { place(indices, stackedIn: layer) }
    placeBesideRouters()
    placeInMixtures()
    checkRest()
  }

  /// The outputs of a router's matrix: the rows of a `weight`, the columns of a `kernel`; nil for other tensors.
  private static func outputs(of spec: TensorSpec, _ name: ExpertName) -> Int? {
    guard spec.shape.count == 2, let last = name.list.last else { return nil }
    if last.elementsEqual("kernel".utf8) { return spec.shape[1] }
    return last.elementsEqual("weight".utf8) ? spec.shape[0] : nil
  }

  /// Keeps the problem whose tensor comes first in the file.
  private var firstProblem = Int.max
  private mutating func note(_ index: Int, _ sentence: String) {
    guard index < firstProblem else { return }
    firstProblem = index
    problem = sentence
  }

  private static let stacking = "experts one by one, or stacked along the first dimension"

  private mutating func place(_ experts: [Int: [Int]], of layer: String, _ sizes: [Int]) {
    let first = experts.values.joined().min() ?? 0
    let place = "under \(TensorName(layer).quoted)"
    let whole = declared.isEmpty ? "" : " (config.json: \(Self.list(declared)))"
    if experts.keys.max() != experts.count - 1 || !(declared.isEmpty || declared.contains(experts.count)) {
      return note(
        first,
        "every expert \(place)\(whole), found \(experts.count), numbered up to \(experts.keys.max() ?? 0); count the "
          + "whole model, all of its shards")
    }
    let sums = Set(experts.values.map { $0.reduce(0) { $0 &+ sizes[$1] } })
    if sums.count > 1 {
      return note(first, "experts of one size \(place), found experts of different sizes")
    }
    found.formUnion([layer, names[first].parent])
    for (number, indices) in experts {
      for index in indices { places[index] = (.one(rank: number), experts.count) }
    }
  }

  private mutating func place(_ indices: [Int], stackedIn layer: String) {
    guard let first = indices.min() else { return }
    let parent = names[first].parent
    let matrices = indices.filter { specs[$0].shape.count >= 3 }
    let known = routers[layer]?.experts ?? routers[parent]?.experts
    let isTold = known != nil || !declared.isEmpty
    let count: Int
    if let matrix = matrices.first {
      count = specs[matrix].shape[0]
      // Layers may be stacked too, as in JAX's scans.
      if !isTold, specs[matrix].shape.count > 3, specs[matrix].dtype.kind == .float {
        return note(first, "\(Self.stacking), found \(specs[matrix].name.quoted)")
      }
    } else {
      // If experts share one of two dimensions, the shape does not show their number: a router or a configuration does.
      let candidates = declared.isEmpty ? Set([known].compactMap(\.self)) : declared
      let fitting = candidates.filter { count in indices.allSatisfy { isOfRows($0, count) } }
      guard let least = fitting.min() else {
        return note(first, "\(Self.stacking), found \(specs[first].name.quoted)")
      }
      count = least
    }
    guard count > 0, declared.isEmpty || declared.contains(count), known ?? count == count else {
      return note(
        first,
        "as many experts as "
          + (declared.isEmpty ? "their router has" : "config.json has (\(Self.list(declared)))")
          + ", found \(count) in \(specs[matrices.first ?? first].name.quoted)")
    }
    found.formUnion([layer, parent])
    for index in indices {
      let shape = specs[index].shape
      if shape.first == count || matrices.isEmpty && shape.count == 2 {
        places[index] = (.stacked, count)
      } else if shape.count > 1 {
        return note(index, "\(Self.stacking), found \(specs[index].name.quoted)")
      }
      // A vector of another length is used with every expert, such as JetMoE's bias of the output.
    }
  }

  /// Whether the rows or columns of a matrix can be those of `count` experts; true for vectors, whose shape shows
  /// nothing.
  private func isOfRows(_ index: Int, _ count: Int) -> Bool {
    let shape = specs[index].shape
    return shape.count < 2 || count > 1 && shape.contains { $0 > count && $0 % count == 0 }
  }

  /// Finds stacked experts in the module of a router if no name mentions experts: Granite, JetMoE, Step-3, the first
  /// files of gpt-oss and of Mixtral.
  private mutating func placeBesideRouters() {
    var beside: [(index: Int, module: String, experts: Int, depth: Int)] = []
    for (index, name) in names.enumerated() where places[index] == nil && !name.isShared {
      guard case .neither = name.part, specs[index].shape.count >= 2 else { continue }
      for (depth, module) in name.modules.enumerated() {
        guard let router = routers[module] else { continue }
        if router.experts > 1 { beside.append((index, module, router.experts, depth)) }
        break
      }
    }
    var stacked: Set<String> = []
    for (index, module, experts, depth) in beside {
      let shape = specs[index].shape
      let isStacked = shape.count >= 3 && shape[0] == experts
      // Rows of all experts in one matrix, in a module that is named for a mixture or one level below.
      let isInRows =
        shape.count == 2 && depth <= 1 && isOfRows(index, experts)
        && lastComponent(of: module).contains("moe")
      guard isStacked || isInRows else { continue }
      places[index] = (.stacked, experts)
      stacked.insert(module)
    }
    // A vector for each expert, in a module whose matrices were found.
    for (index, module, experts, _) in beside where places[index] == nil && stacked.contains(module) {
      if specs[index].shape[0] == experts { places[index] = (.stacked, experts) }
    }
    found.formUnion(stacked)
    for module in stacked {
      guard let router = routers[module], !declared.isEmpty, !declared.contains(router.experts) else {
        continue
      }
      note(
        router.index,
        "as many experts as config.json has (\(Self.list(declared))), found \(router.experts) in the router "
          + specs[router.index].name.quoted)
    }
  }

  /// Finds experts in a module that is named for a mixture and has no router.
  private mutating func placeInMixtures() {
    var matrices: [String: [Int]] = [:]
    for (index, name) in names.enumerated() where places[index] == nil && !name.isShared {
      guard case .neither = name.part, specs[index].shape.count >= 3,
        let module = name.modules.last(where: { lastComponent(of: $0).contains("moe") }),
        !found.contains(module)
      else { continue }
      matrices[module, default: []].append(index)
    }
    for (module, indices) in matrices { place(indices, stackedIn: module) }
  }

  /// Refuses tensors that look like experts but were not found, and routers without experts.
  private mutating func checkRest() {
    for (index, name) in names.enumerated() where places[index] == nil {
      let shape = specs[index].shape
      if case .router = name.part { continue }
      let isDeclared = shape.count >= 3 && declared.contains(shape[0]) && !name.isConvolution
      let isNamed = shape.count >= 2 && name.namesExperts
      if !name.isShared, isDeclared || isNamed {
        note(index, "\(Self.stacking), found \(specs[index].name.quoted)")
      }
    }
    if problem != nil { return }
    for (module, router) in routers where !found.contains(module) {
      if router.isCertain || declared.contains(router.experts) {
        note(
          router.index,
          "the experts of the router \(specs[router.index].name.quoted), found none by names or shapes"
        )
      }
    }
  }

  private func lastComponent(of module: String) -> String {
    module.split(separator: ".").last.map(String.init) ?? ""
  }

  private static func list(_ numbers: Set<Int>) -> String {
    numbers.sorted().map(String.init).joined(separator: " or ")
  }
}
