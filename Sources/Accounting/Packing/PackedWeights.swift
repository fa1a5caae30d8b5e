internal import Tensors

/// Finds packed weights by the other tensors of their module, and scales and zero points that only packed weights
/// reveal.
///
/// Sources: AutoGPTQ and AutoAWQ (`qweight`), compressed-tensors (`weight_packed`), bitsandbytes (`quant_state`),
/// ModelOpt and compressed-tensors NVFP4, gpt-oss MXFP4 (`_blocks`, `.blocks`), ONNX Runtime's `MatMulNBits`, AQLM
/// (`codes`), ExLlama (`q_weight`, `trellis`), QuIP# (`Qidxs`). MLX and HQQ (`W_q`) store their number of bits in
/// config.json. Integers in a module with scales are packed, whatever their names.
struct PackedWeights {
  /// The packing of each packed tensor, by the tensor's place.
  private(set) var packings: [Int: Packing] = [:]
  /// The tensor that holds the shape of each packed tensor, by the place of the packed tensor.
  private(set) var declarations: [Int: TensorName] = [:]
  /// The number of scales of each packed weight whose bits and groups come from a configuration, by the weight's place.
  private(set) var groupScales: [Int: Int] = [:]
  /// Scales whose own names do not reveal them.
  private(set) var bookkeeping: Set<Int> = []

  private let specs: [TensorSpec]
  private let places: [TensorName: Int]

  init(_ specs: [TensorSpec], uses: [TensorName: OperatorUse]) {
    self.specs = specs
    let candidates = specs.indices.filter { Self.mayBePacked(specs[$0]) }
    guard !candidates.isEmpty else {
      places = [:]
      return
    }
    places = Dictionary(
      zip(specs.map(\.name), specs.indices), uniquingKeysWith: { first, _ in first })
    for place in candidates {
      if let elements = uses[specs[place].name]?.elements {
        packings[place] = Packing(
          holding: elements, in: specs[place], "the node that uses it gives the number of elements")
      } else {
        look(at: place)
      }
    }
  }

  /// Whether a tensor may hold packed elements: its dtype is an integer.
  private static func mayBePacked(_ spec: TensorSpec) -> Bool {
    (spec.dtype.kind == .signed || spec.dtype.kind == .unsigned) && !spec.shape.isEmpty
  }

  private func shape(_ name: String) -> [Int]? { places[TensorName(name)].map { specs[$0].shape } }

  private mutating func look(at place: Int) {
    let spec = specs[place]
    let name = spec.name.text
    func module(_ ending: String) -> String? {
      name.hasSuffix(ending) ? String(name.dropLast(ending.utf8.count)) : nil
    }
    if let module = module("qweight") {
      packings[place] = quantised(spec, module)
    } else if let module = module("weight_packed") {
      if shape(module + "weight_shape") != nil {
        declarations[place] = TensorName(module + "weight_shape")
        packings[place] = Packing(nil, "packed; another tensor of its module has its shape")
      } else {
        packings[place] = halves(spec)
      }
    } else if let module = module("blocks"), let scales = shape(module + "scales"),
      spec.shape.count == scales.count + 1, spec.dtype == .u8
    {
      packings[place] = Packing(
        doubled(spec), "blocks with scales: MXFP4, two elements in each byte")
      if let scales = places[TensorName(module + "scales")] { bookkeeping.insert(scales) }
    } else if module("weight") != nil, spec.dtype == .u8, let packing = bytes(spec, name) {
      packings[place] = packing
    } else if let module = module("codes"), let books = shape(module + "codebooks"), spec.shape.count == 3,
      books.count == 4
    {
      // AQLM: codebooks of [groups of outputs, groups of inputs, codebooks] and codes of [codebooks, codes, outputs,
      // inputs].
      packings[place] = Packing(
        product(spec.shape[0], spec.shape[1], books[2], books[3]), "codes of AQLM, each for several elements")
      keep(beside: module, "codebooks", "scales")
    } else if let module = module("q_weight"), let order = shape(module + "q_invperm"), order.count == 1,
      spec.shape.count == 2
    {
      packings[place] = Packing(product(order[0], spec.shape[1]), "ExLlama's bits, a number for each group")
    } else if let module = module("trellis") ?? module("Qidxs"),
      let inputs = shape(module + "suh") ?? shape(module + "SU"),
      let outputs = shape(module + "svh") ?? shape(module + "SV"), inputs.count == 1, outputs.count == 1
    {
      packings[place] = Packing(
        product(inputs[0], outputs[0]), "codes between two vectors, of the inputs and of the outputs")
      keep(beside: module, "suh", "svh", "SU", "SV")
    } else {
      lookBeside(place, name)
    }
  }

  /// Finds integers of rank two or more in a module with scales: only packed weights have both.
  private mutating func lookBeside(_ place: Int, _ name: String) {
    let spec = specs[place]
    guard spec.shape.count > 1, let end = name.lastIndex(of: "."), let width = spec.dtype.bits, width <= 32
    else { return }
    let components = NameComponents(spec.name)
    let isBookkeeping = SpecialRoles.role(of: components)?.role == .quantisation
    if isBookkeeping || BufferRoles.reason(of: components, rank: spec.shape.count) != nil { return }
    let module = String(name[...end])
    let last = String(name[name.index(after: end)...])
    // Biases and zero points of a module are not its weight.
    if Self.beside.contains(last) { return }
    let found = Self.beside.compactMap { places[TensorName(module + $0)] }
      .filter { !specs[$0].shape.isEmpty || width > 8 }
    guard let scales = found.first else { return }
    bookkeeping.formUnion(found)
    let isOfCodes = ["codebooks", "centroids"].contains { places[TensorName(module + $0)] != nil }
    if spec.dtype == .i8, !isOfCodes {
      packings[place] = Packing(spec.elementCount, "8-bit integers with scales")
      return
    }
    if last == "W_q", shape(module + "shape") != nil {
      declarations[place] = TensorName(module + "shape")
    } else if last == "W_q" || last == "weight" {
      groupScales[place] = scales
    }
    packings[place] = Packing(nil, "packed; no tensor of its module shows the number of bits")
  }

  /// Names of the other tensors of a packed weight's module, scales first.
  private static let beside = [
    "scales", "scale", "_scale", "s", "biases", "zeros", "zero", "_shift", "_zeropoint", "codebooks",
    "centroids",
    "SU", "SV", "suh", "svh", "q_scale",
  ]

  private mutating func keep(beside module: String, _ names: String...) {
    bookkeeping.formUnion(names.compactMap { places[TensorName(module + $0)] })
  }

  private func product(_ factors: Int...) -> Int? {
    var count = 1
    for factor in factors {
      let (next, overflow) = count.multipliedReportingOverflow(by: factor)
      if overflow { return nil }
      count = next
    }
    return count > 0 ? count : nil
  }

  private func doubled(_ spec: TensorSpec) -> Int? {
    let (count, overflow) = spec.elementCount.multipliedReportingOverflow(by: 2)
    return overflow ? nil : count
  }

  private func halves(_ spec: TensorSpec) -> Packing {
    spec.dtype == .u8
      ? Packing(doubled(spec), "packed: two elements in each byte")
      : Packing(nil, "packed; there is no tensor with its shape")
  }

  /// The packing of a weight of bytes: two elements in each, as in bitsandbytes or NVFP4; nil for one element in each.
  private func bytes(_ spec: TensorSpec, _ name: String) -> Packing? {
    let states = ["absmax", "quant_map", "quant_state.bitsandbytes__nf4", "quant_state.bitsandbytes__fp4"]
    if states.contains(where: { places[TensorName("\(name).\($0)")] != nil }) {
      return Packing(doubled(spec), "bitsandbytes' pairs of four bits")
    }
    guard let scale = places[TensorName(name + "_scale")].map({ specs[$0] }), spec.shape.count == 2,
      scale.shape.count == 2, scale.shape[0] == spec.shape[0], scale.dtype.bits == 8
    else { return nil }
    return scale.shape[1] * 8 == spec.shape[1] || scale.shape[1] * 16 == spec.shape[1]
      ? Packing(doubled(spec), "scales of 16 or 32 elements: two elements in each byte") : nil
  }

  /// GPTQ: [in · bits / 32, out] with scales [groups, out]. AWQ: [in, out · bits / 32] with the same scales.
  private func quantised(_ spec: TensorSpec, _ module: String) -> Packing {
    let unknown = Packing(nil, "packed; no tensor of its module shows the number of bits")
    guard spec.shape.count == 2, let scales = shape(module + "scales"), scales.count == 2 else {
      return unknown
    }
    let (rows, columns, out) = (spec.shape[0], spec.shape[1], scales[1])
    let width = spec.dtype.bits ?? 0
    func packed(_ inputs: Int, _ bits: Int, _ method: String) -> Packing {
      let (count, overflow) = inputs.multipliedReportingOverflow(by: out)
      return overflow || !(1...8).contains(bits)
        ? unknown : Packing(count, "\(method), \(bits) bits for each element")
    }
    func bits(_ containers: Int, _ elements: Int) -> Int {
      let (all, overflow) = containers.multipliedReportingOverflow(by: width)
      return overflow || elements <= 0 || all % elements != 0 ? 0 : all / elements
    }
    guard columns == out else { return packed(rows, bits(columns, out), "AWQ") }
    if let order = shape(module + "g_idx"), order.count == 1 {
      return packed(order[0], bits(rows, order[0]), "GPTQ")
    }
    guard let zeros = shape(module + "qzeros"), zeros.count == 2 else { return unknown }
    let size = bits(zeros[1], out)
    guard size > 0, rows.multipliedReportingOverflow(by: width).overflow == false, rows * width % size == 0
    else {
      return unknown
    }
    return packed(rows * width / size, size, "GPTQ")
  }
}

extension Packing {
  /// A weight whose shape is in another tensor: the product of the extents, if the containers can hold so many
  /// elements.
  init(declared shape: [Int], in spec: TensorSpec) {
    var count = 1
    for extent in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      guard !overflow, extent >= 0 else {
        self.init(nil, "packed; the tensor that should have its shape is not a shape")
        return
      }
      count = product
    }
    self.init(holding: count, in: spec, "the shape in another tensor gives the number of elements")
  }

  /// A weight of `count` elements, if the containers can hold them with at least one bit each. The last container may
  /// be half empty.
  init(holding count: Int, in spec: TensorSpec, _ reason: String) {
    let (bits, overflow) = spec.elementCount.multipliedReportingOverflow(by: spec.dtype.bits ?? 0)
    guard !overflow, count > 0, count <= bits else {
      self.init(nil, "packed; the number of elements that another tensor gives does not fit its containers")
      return
    }
    self.init(count, reason)
  }
}
