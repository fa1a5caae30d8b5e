internal import Tensors

/// What a tensor's name shows: that it belongs to experts, to the router in front of them, or to neither.
///
/// Sources: transformers (`mlp.experts.3.up_proj.weight`, `experts.expert_3.wi`, `experts.gate_up_proj`), DeepSpeed
/// (`experts.deepspeed_experts.3`), Megatron (`experts.local_experts.3`, `experts.linear_fc1.weight3`), LLaMA-MoE
/// (`experts.weight_up.3`), mlx-lm (`switch_mlp.up_proj`), llama.cpp (`ffn_up_exps`).
struct ExpertName {
  enum Part {
    /// One of a layer's experts.
    case expert(number: Int)
    /// All experts of a layer in one tensor, or a tensor in the same module.
    case stacked
    /// The router of a layer's experts; `isCertain` if its word has no other meaning.
    case router(isCertain: Bool)
    case neither
  }

  let part: Part
  /// The module with the experts, or with the router and the experts.
  let layer: String
  /// The components of the name, in lower case.
  let list: [ArraySlice<UInt8>]

  init(_ name: TensorName) {
    let list = NameComponents(name).list
    self.list = list
    func text(upTo end: Int) -> String { Self.text(list[..<end]) }
    if let number = list.firstIndex(where: { Self.numberedExpert($0) != nil }),
      let value = Self.numberedExpert(list[number])
    {
      (part, layer) = (.expert(number: value), text(upTo: number))
      return
    }
    var container = list.firstIndex(where: Self.holdsExperts)
    while let outer = container, outer + 1 < list.count, Self.holdsExperts(list[outer + 1]) {
      container = outer + 1
    }
    guard let container else {
      let router = list.firstIndex { Self.routers.contains($0) || Self.gates.contains($0) }
      part = router.map { .router(isCertain: Self.routers.contains(list[$0])) } ?? .neither
      layer = text(upTo: router ?? 0)
      return
    }
    layer = text(upTo: container + 1)
    let rest = list[(container + 1)...]
    if let first = rest.first, Self.routers.contains(first) {
      part = .router(isCertain: true)
    } else {
      part = Self.number(rest).map { .expert(number: $0) } ?? .stacked
    }
  }

  /// The parent of the module with the experts, where most families have the router.
  var parent: String {
    layer.lastIndex(of: ".").map { String(layer[..<$0]) } ?? ""
  }

  /// The modules that the tensor is in, the innermost first.
  var modules: [String] { list.indices.reversed().map { Self.text(list[..<$0]) } }

  /// Whether a component says that every token uses the tensor.
  var isShared: Bool { list.contains { contains(Array($0), "share") } }
  var isConvolution: Bool { list.contains { contains(Array($0), "conv") } }
  /// Whether a component names experts that are not shared.
  var namesExperts: Bool {
    list.contains { $0.starts(with: "expert".utf8) || $0.suffix(7).elementsEqual("experts".utf8) }
  }

  private static func text(_ components: ArraySlice<ArraySlice<UInt8>>) -> String {
    components.map(NameComponents.text).joined(separator: ".")
  }

  private static let containers = WordTable(["experts", "expert", "switch_mlp", "switch_glu"])
  private static let containerEndings = WordTable(["_experts", "_exps"])
  private static let routers = WordTable(["router", "gating", "gate_network", "ffn_gate_inp"])
  private static let gates = WordTable(["gate", "wg"])

  private static func holdsExperts(_ component: ArraySlice<UInt8>) -> Bool {
    containers.contains(component)
      || containerEndings.endsAny(component) && !contains(Array(component), "share")
  }

  /// `expert_3`, or `expert3`.
  private static func numberedExpert(_ component: ArraySlice<UInt8>) -> Int? {
    guard component.starts(with: "expert".utf8) else { return nil }
    let rest = component.dropFirst(6)
    return digits(rest.first == UInt8(ascii: "_") ? rest.dropFirst() : rest)
  }

  /// `3.up_proj.weight`, `weight_up.3`, or `linear_fc1.weight3`.
  private static func number(_ rest: ArraySlice<ArraySlice<UInt8>>) -> Int? {
    if let number = rest.first.flatMap(digits) { return number }
    guard rest.count > 1, let last = rest.last else { return nil }
    if let number = digits(last) { return number }
    for word in ["weight", "bias"] where last.starts(with: word.utf8) {
      return digits(last.dropFirst(word.utf8.count))
    }
    return nil
  }

  private static func digits(_ text: ArraySlice<UInt8>) -> Int? {
    guard !text.isEmpty, text.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int(NameComponents.text(text))
  }
}
