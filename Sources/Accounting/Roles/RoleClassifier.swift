public import Tensors

/// Finds roles by the tensors' uses in a graph, else by names, shapes and the other tensors of a module.
///
/// A `weight` may belong to a convolution or a norm: the other tensors of its module decide. The rules are tried in the
/// order of the code.
public enum RoleClassifier {
  /// The role of each tensor, in their order.
  ///
  /// - Parameter uses: the uses of the tensors in a graph; empty without one.
  public static func roles(
    of specs: [TensorSpec], uses: [TensorName: OperatorUse] = [:]
  ) -> [ClassifiedRole] {
    roles(of: specs, uses: uses, packed: PackedWeights(specs, uses: uses))
  }

  static func roles(
    of specs: [TensorSpec], uses: [TensorName: OperatorUse], packed: PackedWeights
  ) -> [ClassifiedRole] {
    let names = specs.map { RoleName($0.name) }
    let companions = CompanionBuffers(specs)
    var modules = [ModuleKey: Siblings](minimumCapacity: specs.count)
    for (spec, name) in zip(specs, names) where name.word != .unknown {
      modules[name.module, default: Siblings()].note(spec, name)
    }
    return specs.indices.map { place in
      let (spec, name) = (specs[place], names[place])
      let components = NameComponents(spec.name)
      let use = uses.isEmpty ? nil : uses[spec.name]
      let found: ClassifiedRole
      if let packing = packed.packings[place] {
        found = ClassifiedRole(isEmbedding(name.module) ? .embedding : .weight, packing.reason)
      } else if packed.bookkeeping.contains(place) {
        found = ClassifiedRole(.quantisation, "scales of packed weights")
      } else {
        found = settled(
          role(of: spec, name, components, use, among: modules[name.module] ?? Siblings()), spec, components,
          companions)
      }
      guard let (part, component) = PartClassifier.part(of: components) else { return found }
      return ClassifiedRole(
        found.role, "\(found.reason); \(part.rawValue): under '\(component)'", part: part,
        foldsAway: found.foldsAway)
    }
  }

  /// The role, or `buffer` if the name or an integer dtype shows it: no optimizer changes integers. Integers of at most
  /// eight bits may be quantised weights.
  private static func settled(
    _ found: ClassifiedRole, _ spec: TensorSpec, _ components: NameComponents,
    _ companions: CompanionBuffers
  ) -> ClassifiedRole {
    guard mayBeBuffer.contains(found.role) else { return found }
    if let reason = companions.reason(of: spec, components)
      ?? BufferRoles.reason(of: components, rank: spec.shape.count)
    {
      return ClassifiedRole(.buffer, reason)
    }
    let isInteger = spec.dtype.kind == .signed || spec.dtype.kind == .unsigned
    // Biases of quantised layers are sums, stored as 32-bit integers.
    return isInteger && found.role != .bias && (spec.dtype.bits ?? 0 > 8 || found.role == .other)
      ? ClassifiedRole(.buffer, "integers, which training does not change") : found
  }

  private static let mayBeBuffer: Set<ParameterRole> = [
    .weight, .embedding, .bias, .other, .normAffine, .selector,
  ]

  private static func role(
    of spec: TensorSpec, _ name: RoleName, _ components: NameComponents, _ use: OperatorUse?,
    among siblings: Siblings
  ) -> ClassifiedRole {
    let rank = spec.shape.count
    switch name.word {
    case .counter: return ClassifiedRole(.counter, "its name counts steps")
    default: break
    }
    let known = use.flatMap { OperatorRoles.role(of: $0, rank: rank) }
    if let special = SpecialRoles.role(of: components), known == nil || isMeant.contains(special.role) {
      return ClassifiedRole(special.role, special.reason)
    }
    if let known { return known }
    switch name.word {
    case .counter: break
    case .statistics:
      return ClassifiedRole(.normStatistics, "it is named as a norm's statistic", foldsAway: true)
    // A norm without statistics cannot be folded: its moments come from its inputs.
    case .gamma:
      return ClassifiedRole(
        .normAffine, "gamma is the scale of a norm", foldsAway: siblings.hasStatistics)
    case .beta: return ClassifiedRole(.normAffine, "beta is the shift of a norm")
    case .weight, .bias, .scale:
      if rank <= 1, let reason = siblings.normReason(name.module) {
        return ClassifiedRole(
          .normAffine, reason, foldsAway: name.word != .bias && siblings.hasStatistics)
      }
    case .embedding, .unknown: break
    }
    if spec.dtype == .bool { return ClassifiedRole(.mask, "booleans are a mask") }
    switch name.word {
    case .bias where rank <= 2: return ClassifiedRole(.bias, "it is named as a bias")
    case .bias:
      return ClassifiedRole(.other, "it is named as a bias, but has rank \(rank): a mask or a table")
    case .embedding where rank >= 2: return ClassifiedRole(.embedding, "it is named as an embedding")
    case .weight where rank == 2 && name.module.lastComponent.elementsEqual("gate".utf8):
      return ClassifiedRole(.selector, "a matrix in a module named gate: a router")
    case .weight where rank == 2 && isEmbedding(name.module):
      return ClassifiedRole(.embedding, "a matrix in a module named for embeddings")
    case .weight where rank >= 2: return ClassifiedRole(.weight, "it is named as a weight")
    case .scale where siblings.isQuantised:
      return ClassifiedRole(.quantisation, "a scale of integer or 8-bit weights")
    case .scale: return ClassifiedRole(.other, "a scale outside a norm")
    default: break
    }
    let isInteger = spec.dtype.kind == .signed || spec.dtype.kind == .unsigned
    if rank == 0, isInteger { return ClassifiedRole(.counter, "a single integer") }
    if isInteger { return ClassifiedRole(.other, "integers without a weight's name") }
    if rank >= 1, name.componentContains("embed") {
      return ClassifiedRole(.embedding, "it is named as an embedding")
    }
    if rank >= 2 { return ClassifiedRole(.weight, "of rank \(rank), as matrices and kernels are") }
    return ClassifiedRole(.other, "of rank \(rank), and its name shows no role")
  }

  /// Roles that an operator does not show: a router is used as a weight, and a mask is multiplied like any value.
  private static let isMeant: Set<ParameterRole> = [.selector, .mask, .optimizerState, .kernelTransform]

  /// Whether a module is named for a table of embeddings. `embed_out` is a layer out of the embedding space.
  private static func isEmbedding(_ module: ModuleKey) -> Bool {
    let name = module.lastComponent
    if name.suffix(4).elementsEqual("_out".utf8) { return false }
    return contains(name, "embed") || name.suffix(4).elementsEqual("_emb".utf8)
      || name.suffix(5).elementsEqual("_embd".utf8)
      || ["wte", "wpe", "emb"].contains { name.elementsEqual($0.utf8) }
  }
}

/// What the tensors of one module reveal about each other.
private struct Siblings {
  private(set) var hasStatistics = false
  private var hasGammaOrBeta = false
  /// The elements of a vector named weight, scale or bias; nil if there is none.
  private var weight: Int?
  private var scale: Int?
  private var bias: Int?
  /// Whether the module's weight is quantised.
  private(set) var isQuantised = false

  mutating func note(_ spec: TensorSpec, _ name: RoleName) {
    switch name.word {
    case .statistics: hasStatistics = true
    case .gamma, .beta: hasGammaOrBeta = true
    default: break
    }
    if name.word == .weight, spec.shape.count >= 2 {
      isQuantised = spec.dtype.kind == .signed || spec.dtype.kind == .unsigned || spec.dtype.bits ?? 0 <= 8
    }
    // A vector `weight_v` belongs to a spectral norm and is not a scale.
    guard spec.shape.count == 1, name.isWhole, !name.component.starts(with: "weight_".utf8) else { return }
    switch name.word {
    case .weight: weight = spec.elementCount
    case .scale: scale = spec.elementCount
    case .bias: bias = spec.elementCount
    default: break
    }
  }

  /// The reason why a vector of this module belongs to a norm; nil if it does not.
  func normReason(_ module: ModuleKey) -> String? {
    if hasStatistics { return "its module keeps a mean and a variance" }
    if hasGammaOrBeta { return "its module has gamma or beta" }
    let name = module.lastComponent
    if let weight {
      // A PReLU's slope for each channel is a vector, too.
      if bias == nil, contains(name, "prelu") || name.elementsEqual("act".utf8) { return nil }
      return bias ?? weight == weight ? "its module's weight is a vector" : nil
    }
    if let scale {
      if let bias { return bias == scale ? "its module has a scale and a bias of one size" : nil }
      let isNamed = contains(name, "norm") || ["bn", "ln"].contains { name.starts(with: $0.utf8) }
      return isNamed ? "its module is named for a norm" : nil
    }
    return nil
  }
}
