internal import Tensors

/// One dimension of one tensor of a partition.
struct TensorSite: Hashable {
  /// The tensor's place in the partition.
  let tensor: Int
  let dimension: Int
}

/// Tensors whose names differ only in their last component: a weight and its bias, or the tensors of a norm.
struct ModuleEntry {
  /// The common part of the names, without the separator.
  let name: String
  /// The character between the common part and the last component.
  let separator: Character
  /// Tensors of two dimensions or more.
  var weights: [Int] = []
  /// Tensors of one dimension.
  var vectors: [Int] = []
  /// For each weight, the dimension of its output channels.
  var outputs: [TensorSite] = []
  /// For each weight, the dimension of its input channels.
  var inputs: [TensorSite] = []
  /// Whether vectors of the module show which dimension of its weight has the outputs.
  var isOriented = false
  /// Whether the module has running statistics; only a norm of the channels made before it has them.
  var hasStatistics = false
  /// Whether a tensor is named like the factors of a norm (`weight`, `gamma`, `scale`); its size alone does not prove
  /// it.
  var hasFactors = false
  /// Whether hidden channels are also inputs (`weight_hh`).
  var isRecurrent = false

  /// The last component of the name.
  let leaf: Substring
  /// The name without its last component.
  let parent: Substring
  /// The place in `siblings` of the set with the last component; nil if there is none.
  private let siblingSet: Int?
  /// Whether an exporter made the name up. This is stored: testing the name for each pair of modules took nine tenths
  /// of the conversion of 10,000 tensors.
  let isAnonymous: Bool
  /// For a shortcut, the start of the names of its block; nil for other modules.
  let shortcutBlock: Substring?
  var isShortcut: Bool { shortcutBlock != nil }

  init(name: String, separator: Character) {
    self.name = name
    self.separator = separator
    let end = name.lastIndex { $0 == "." || $0 == "/" }
    leaf = end.map { name[name.index(after: $0)...] } ?? name[...]
    parent = end.map { name[...$0] } ?? ""
    let word = leaf.lowercased().without("_proj").without("_lin")
    siblingSet = Self.siblings.firstIndex { $0.contains(word) }
    isAnonymous = Self.isMadeUp(name)
    let shortcut = name.split(whereSeparator: { $0 == "." || $0 == "/" }).first { component in
      let lower = component.lowercased()
      return lower.has("downsample") || lower.has("shortcut") || lower.has("skip")
    }
    // Keras's ResNet: conv2_block1_0_conv.
    let keras = leaf.has("_block") && leaf.hasSuffix("_0_conv") ? name.dropLast("0_conv".count) : nil
    shortcutBlock = shortcut.map { name[..<$0.startIndex] } ?? keras
  }

  /// Names of modules that read the same stream and whose outputs are combined channel by channel.
  private static let siblings: [Set<String>] = [
    ["q", "k", "v", "query", "key", "value", "to_q", "to_k", "to_v", "wq", "wk", "wv"],
    ["gate", "up", "w1", "w3", "wi_0", "wi_1"],
  ]

  /// Whether the names show that two modules are used side by side.
  func isBeside(_ other: ModuleEntry) -> Bool {
    siblingSet != nil && siblingSet == other.siblingSet && leaf != other.leaf && parent == other.parent
  }

  /// The number at the end of the name (`bn2`, `conv2`); nil if there is none.
  var number: Int? { Int(leaf.suffix(leaf.utf8.reversed().prefix { (48...57).contains($0) }.count)) }

  /// Layer and direction of a recurrent module as PyTorch names them: `lstm_l1_reverse`; nil for others.
  var recurrentPlace: RecurrentPlace? { isRecurrent ? RecurrentPlace(name[...]) : nil }

  /// A pattern for the tensors of a norm with running statistics, which are all cut alike; nil for other modules.
  var pattern: String? { weights.isEmpty && hasStatistics ? "\(name)\(separator)*" : nil }

  /// Whether an exporter made the name up (`onnx::MatMul_43`, `val_8`, `/layer/Constant_output_0`), so that it shows
  /// nothing about the module's place.
  private static func isMadeUp(_ name: String) -> Bool {
    let number = name.utf8.dropFirst(4)
    return name.hasPrefix("onnx::") || name.hasPrefix("/") || name.has("/tessera.")
      || name.hasPrefix("val_") && !number.isEmpty && number.allSatisfy { (48...57).contains($0) }
  }
}

/// The modules of a file, in the order in which channels most likely pass through them.
///
/// Files of PyTorch and NumPy keep the order of definition. Safetensors files are sorted by name, so `bn1` and `bn2`
/// come before `conv1`; their modules are ordered by number, and a norm comes after the other modules of its number.
struct ModuleTable {
  let modules: [ModuleEntry]
  /// Whether the file is sorted by name: the module after another one in the network may then come before it.
  let isSorted: Bool

  init(_ tensors: [TensorPlacement]) {
    var modules: [ModuleEntry] = []
    var places: [TensorName: Int] = [:]
    // Safetensors files are sorted by dtype, widest first, and then by name.
    var last: [DType: TensorName] = [:]
    var isSorted = true
    for (index, tensor) in tensors.enumerated() where !tensor.spec.shape.isEmpty {
      let name = tensor.spec.name
      if let last = last.updateValue(name, forKey: tensor.spec.dtype), name < last { isSorted = false }
      let (module, separator, leaf) = Self.split(name.text)
      let key = TensorName(module)
      let place = places[key] ?? modules.count
      if place == modules.count {
        places[key] = place
        modules.append(ModuleEntry(name: module, separator: separator))
      }
      if tensor.spec.shape.count > 1 {
        modules[place].weights.append(index)
      } else {
        modules[place].vectors.append(index)
      }
      if leaf.hasPrefix("running_") || leaf.hasPrefix("moving_") { modules[place].hasStatistics = true }
      if ["weight", "gamma", "scale"].contains(leaf) { modules[place].hasFactors = true }
      if leaf.has("_hh") || leaf.has("recurrent") { modules[place].isRecurrent = true }
    }
    modules = modules.flatMap { Self.separated($0, tensors) }
    self.isSorted = isSorted
    self.modules = Self.oriented(isSorted ? Self.ordered(modules) : modules, tensors)
  }

  /// The modules of which `module` consists: names such as `layer0.up` and `layer0.down` are those of modules, not of
  /// the parameters of one module.
  ///
  /// A vector belongs to the weight whose name it begins or ends with: `up_b`, `b_up`.
  private static func separated(_ module: ModuleEntry, _ tensors: [TensorPlacement]) -> [ModuleEntry] {
    func leaf(_ tensor: Int) -> String { split(tensors[tensor].spec.name.text).leaf }
    func isParameter(_ tensor: Int) -> Bool {
      let word = leaf(tensor).lowercased()
      return word.utf8.count < 2 || parameterWords.contains { word.contains($0) }
    }
    guard module.weights.count > 1, !module.isRecurrent, !module.weights.contains(where: { isParameter($0) })
    else { return [module] }
    var rest = module
    rest.weights = []
    let parts = module.weights.map { weight in
      var part = ModuleEntry(name: tensors[weight].spec.name.text, separator: "_")
      part.weights = [weight]
      let word = leaf(weight)
      part.vectors = rest.vectors.filter { leaf($0).hasPrefix(word + "_") || leaf($0).hasSuffix("_" + word) }
      rest.vectors.removeAll { part.vectors.contains($0) }
      return part
    }
    return parts + (rest.vectors.isEmpty ? [] : [rest])
  }

  /// Words in the names of a module's parameters.
  private static let parameterWords = [
    "weight", "kernel", "embedding", "lora", "alpha", "scale", "gamma", "filter",
  ]

  /// Module and last component of a tensor's name.
  static func split(_ name: String) -> (module: String, separator: Character, leaf: String) {
    guard let place = name.lastIndex(where: { $0 == "." || $0 == "/" }) else {
      // Older tools write flat names: `fc1_weight`.
      for leaf in ["weight", "bias", "gamma", "beta", "running_mean", "running_var"] {
        if name.hasSuffix("_" + leaf) { return (String(name.dropLast(leaf.count + 1)), "_", leaf) }
      }
      return (name, "_", name)
    }
    let leaf = String(name[name.index(after: place)...])
    let module = String(name[..<place])
    // In a recurrent module, the last component gives the layer and direction: `weight_ih_l0`, `bias_hh_l1_reverse`.
    for kind in leaf.has("_ih") || leaf.has("_hh") ? ["_ih", "_hh"] : [] {
      if let range = leaf.firstRange(of: kind) {
        return (module + leaf[range.upperBound...], name[place], leaf)
      }
    }
    return (module, name[place], leaf)
  }

  // MARK: Order

  /// The sort key of one component of a module's name.
  private struct OrderKey: Comparable {
    let isUnnumbered: Bool
    let number: Int
    let rank: Int
    let word: Substring
    /// Recurrent modules are sorted by name, then by layer, then by direction.
    let layer: Int
    let isReverse: Bool

    init(_ component: Substring) {
      let place = RecurrentPlace(component)
      let name = place?.stem ?? component
      layer = place?.layer ?? 0
      isReverse = place?.isReverse ?? false
      var word = name
      while let digit = word.last, digit.isASCII, digit.isNumber { word.removeLast() }
      isUnnumbered = word.count == name.count
      number = Int(name.dropFirst(word.count)) ?? 0
      self.word = word
      let text = Substring(word.lowercased())
      let isNorm = text.has("norm") || text == "bn" || text == "ln"
      let isLast = Self.lastWords.contains(text)
      rank = isLast ? 3 : isNorm ? 1 : ["layer", "stage", "block", "features"].contains(text) ? 2 : 0
    }

    /// Names of modules that come last in a network, whatever their place in the alphabet.
    private static let lastWords: Set<Substring> = [
      "classifier", "fc", "head", "heads", "lm_head", "out", "output", "score",
    ]

    static func < (a: Self, b: Self) -> Bool {
      if a.isUnnumbered != b.isUnnumbered { return b.isUnnumbered }
      if (a.number, a.rank) != (b.number, b.rank) { return (a.number, a.rank) < (b.number, b.rank) }
      if a.word != b.word { return a.word < b.word }
      return (a.layer, a.isReverse ? 1 : 0) < (b.layer, b.isReverse ? 1 : 0)
    }
  }

  private static func ordered(_ modules: [ModuleEntry]) -> [ModuleEntry] {
    let keys = modules.map { $0.name.split(whereSeparator: { $0 == "." || $0 == "/" }).map(OrderKey.init) }
    return modules.indices.sorted {
      keys[$0] == keys[$1] ? $0 < $1 : keys[$0].lexicographicallyPrecedes(keys[$1])
    }.map { modules[$0] }
  }

  // MARK: Orientation

  /// Which dimensions of a weight are its outputs and its inputs.
  private struct Layout {
    let output: Int
    let input: Int

    /// [out, in, …] as in PyTorch, [in, out, …] as in its transposed convolutions, then the last two dimensions as in
    /// Keras; the last come first if channels are likely the last dimension.
    static func all(rank: Int, isLast: Bool) -> [Layout] {
      let first = [Layout(output: 0, input: 1), Layout(output: 1, input: 0)]
      let last = [Layout(output: rank - 1, input: rank - 2), Layout(output: rank - 2, input: rank - 1)]
      return isLast ? last + first : first + last
    }
  }

  /// Decides for each weight which dimensions are its outputs and inputs.
  ///
  /// Vectors of the module (a bias, a norm) have the size of the outputs. If they do not decide, a weight of two
  /// dimensions gets the order of most others. In weights of rank 4 or more, the smaller dimensions are positions,
  /// unless the weight is named `weight`. Otherwise the name decides.
  private static func oriented(_ modules: [ModuleEntry], _ tensors: [TensorPlacement]) -> [ModuleEntry] {
    func isKernel(_ weight: Int) -> Bool {
      let name = tensors[weight].spec.name.text
      return name.hasSuffix("kernel") || name.hasSuffix("kernel:0")
    }
    func isDepthwise(_ weight: Int) -> Bool {
      let name = tensors[weight].spec.name.text.lowercased()
      return name.has("depthwise") || name.has("dw")
    }
    // The number of [in, out] weights minus the number of [out, in] weights, for kernels and for other weights.
    var turned = [false: 0, true: 0]
    func layouts(_ weight: Int) -> [Layout] {
      let shape = tensors[weight].spec.shape
      let leaf = split(tensors[weight].spec.name.text).leaf
      let (first, last) = (shape.dropLast(2).max() ?? 0, shape.dropFirst(2).max() ?? 0)
      let balance =
        shape.count == 2
        ? turned[isKernel(weight)] ?? 0
        : shape.count > 3 && leaf != "weight" && !leaf.hasPrefix("weight_") ? last - first : 0
      return Layout.all(rank: shape.count, isLast: balance == 0 ? isKernel(weight) : balance > 0)
    }
    /// The layouts whose number of outputs is the number of elements in a vector of the module.
    func own(_ module: ModuleEntry) -> [Layout] {
      guard module.weights.count == 1, let weight = module.weights.first else { return [] }
      let sizes = Set(module.vectors.compactMap { tensors[$0].spec.shape.first })
      return layouts(weight).filter { sizes.contains(tensors[weight].spec.shape[$0.output]) }
    }
    for module in modules where module.weights.count == 1 {
      let outputs = Set(own(module).map(\.output))
      guard let weight = module.weights.first, tensors[weight].spec.shape.count == 2, outputs.count == 1
      else {
        continue
      }
      turned[isKernel(weight), default: 0] += outputs.contains(1) ? 1 : -1
    }
    return modules.map { module in
      var module = module
      let own = own(module)
      module.isOriented = Set(own.map(\.output)).count == 1
      for weight in module.weights {
        let shape = tensors[weight].spec.shape
        var layout = own.first ?? layouts(weight)[0]
        if isLookup(module) { layout = Layout(output: 1, input: 0) }
        // Keras: [kh, kw, C, 1], with one filter for each channel.
        if own.isEmpty, module.weights.count == 1, shape.count > 2, layout.output == shape.count - 1,
          shape[layout.output] == 1, isDepthwise(weight)
        {
          layout = Layout(output: shape.count - 2, input: shape.count - 1)
        }
        module.outputs.append(TensorSite(tensor: weight, dimension: layout.output))
        module.inputs.append(TensorSite(tensor: weight, dimension: layout.input))
      }
      return module
    }
  }

  /// Whether the name of a module shows an embedding: its rows are not channels, and it has no bias.
  private static func isLookup(_ module: ModuleEntry) -> Bool {
    guard module.vectors.isEmpty else { return false }
    let leaf = module.leaf.lowercased()
    return leaf.has("embed") || ["wte", "wpe", "emb"].contains(leaf)
  }
}
