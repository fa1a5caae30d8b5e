internal import ByteFiles
internal import TensorStreams
internal import Tensors

/// The names of tensors in the form of Keras 3: the names of their layers, and of their variables if they are certain.
///
/// In the file, a group is named by its layer's class and a counter (`layers/dense_1/vars/0`); the counters differ between
/// models. The layer's own name is an attribute of its group `vars`.
struct KerasNames {
  private let layerNames: [TensorName: String]

  init(_ layerNames: [TensorName: String]) { self.layerNames = layerNames }

  /// One name for each path, in the same order. If two names were equal, all tensors are named by their paths.
  func names(of specs: [TensorSpec]) -> [TensorName] {
    // The variables of a layer, by the path of their group.
    var layers: [TensorName: [TensorSpec]] = [:]
    let steps = specs.map { SystemPath.components($0.name.text) }
    for (spec, steps) in zip(specs, steps) { layers[Self.group(steps), default: []].append(spec) }
    let names = zip(specs, steps).map { spec, steps in
      name(steps, dtype: spec.dtype, of: layers[Self.group(steps)] ?? [])
    }
    return Set(names).count == names.count ? names : specs.map(\.name)
  }

  private static func group(_ steps: [String]) -> TensorName {
    TensorName(steps.dropLast().joined(separator: "/"))
  }

  private func name(_ steps: [String], dtype: DType, of layer: [TensorSpec]) -> TensorName {
    guard steps.count >= 2, steps[steps.count - 2] == "vars", let variable = steps.last else {
      return TensorName(steps.joined(separator: "/"))
    }
    let objects = steps.dropLast(2)
    var parts: [String] = []
    for (count, step) in zip(1..., objects) {
      // These groups only hold a list of layers.
      if Self.containers.contains(step), count < objects.count { continue }
      let own = (objects.prefix(count) + ["vars"]).joined(separator: "/")
      parts.append(layerNames[TensorName(own)] ?? step)
    }
    if objects.isEmpty { parts.append(layerNames["vars"] ?? "vars") }
    // The cell of a recurrent layer is named by its role; its own name begins with its class.
    let last = objects.last ?? ""
    parts.append(Self.variable(variable, of: last == "cell" ? parts.last ?? last : last, layer) ?? variable)
    return TensorName(parts.joined(separator: "/"))
  }

  private static let containers: Set<String> = ["layers", "_layer_checkpoint_dependencies"]

  /// The name of a layer's variable; nil unless class and number of variables leave one possibility.
  private static func variable(_ number: String, of group: String, _ layer: [TensorSpec]) -> String? {
    // A quantised layer has other variables.
    guard let place = Int(number), layer.allSatisfy({ [.f64, .f32, .f16, .bf16].contains($0.dtype) }) else {
      return nil
    }
    var name = group[...]
    if let bar = name.lastIndex(of: "_"), !name[bar...].dropFirst().isEmpty,
      name[bar...].dropFirst().allSatisfy({ ("0"..."9").contains($0) })
    {
      name = name[..<bar]
    }
    let names = table[String(name)]?.first { $0.count == layer.count }
    return names.flatMap { $0.indices.contains(place) ? $0[place] : nil }
  }

  /// The order in which any layer makes its variables. Keras's older form gives them back in the order of the list, so a
  /// list in another order gives a layer wrong weights.
  static let order = [
    "embeddings", "alpha", "depthwise_kernel", "pointwise_kernel", "kernel", "recurrent_kernel", "bias",
    "gamma",
    "beta", "moving_mean", "moving_variance",
  ]

  /// The variables of Keras's layers, as `build` makes them, for each number of variables that is unambiguous.
  static let table: [String: [[String]]] = {
    var table: [String: [[String]]] = [
      "embedding": [["embeddings"]], "p_re_lu": [["alpha"]],
      "batch_normalization": [
        ["gamma", "beta", "moving_mean", "moving_variance"], ["moving_mean", "moving_variance"],
      ],
      "layer_normalization": [["gamma", "beta"]], "group_normalization": [["gamma", "beta"]],
    ]
    let plain = [["kernel"], ["kernel", "bias"]]
    for name in [
      "dense", "einsum_dense", "conv1d", "conv2d", "conv3d", "conv1d_transpose", "conv2d_transpose",
      "conv3d_transpose", "depthwise_conv1d", "depthwise_conv2d", "query_dense", "key_dense", "value_dense",
      "output_dense",
    ] { table[name] = plain }
    for name in ["separable_conv1d", "separable_conv2d"] {
      table[name] = [
        ["depthwise_kernel", "pointwise_kernel"], ["depthwise_kernel", "pointwise_kernel", "bias"],
      ]
    }
    for name in ["lstm_cell", "gru_cell", "simple_rnn_cell"] {
      table[name] = [["kernel", "recurrent_kernel"], ["kernel", "recurrent_kernel", "bias"]]
    }
    return table
  }()
}

extension FlatFormats {
  /// Opens `file` as `kind`, with the names that the tensors were given when the file was read first.
  static func open(
    _ file: ReadableFile, as kind: FlatFormatKind, named specs: [TensorSpec]
  ) throws(FlatFormatError) -> any FlatWeightsSource {
    let source = try open(file, as: kind)
    guard kind == .keras, source.tensors.map(\.spec) != specs else { return source }
    let other = try open(file, as: kind, ReadingChoices(names: .paths))
    return other.tensors.map(\.spec) == specs ? other : source
  }
}
