internal import Pickle
internal import TensorStreams
internal import Tensors

/// The files of a training with DeepSpeed, which are recognised by their contents.
///
/// * `*_optim_states.pt`: with ZeRO, the weights as flat numbers without names, and one rank's share of them.
/// * `zero_pp_rank_*_model_states.pt` of ZeRO-3: the names of all tensors, whose elements are in the other files.
/// * `mp_rank_*_model_states.pt` of ZeRO-1 and ZeRO-2: the model, which is read like any other file.
///
/// DeepSpeed's `zero_to_fp32.py` puts the shares together; DeepSpeed writes it beside the checkpoint.
struct DeepSpeedPart {
  /// The other files that the model needs.
  let leftOut: [LeftOut]

  static let way =
    "run zero_to_fp32.py, which DeepSpeed writes beside the file 'latest' (python zero_to_fp32.py . OUT)"
  private static let flatWeights: Set<String> = ["fp32_flat_groups", "single_partition_of_fp32_groups"]

  /// - Throws: if the file has only a share of the weights.
  init(_ decoder: TorchDecoder) throws(FlatFormatError) {
    let edges = TorchEdges(tree: decoder.tree)
    let root = Self.members(decoder.tree.root, edges)
    func refusal(_ place: String, _ found: String) -> FlatFormatError {
      decoder.refusal(.torchDeepSpeed, place, "a file with the weights of a model", "\(found); \(Self.way)")
    }
    if let states = root["optimizer_state_dict"] {
      let keys = Self.members(states, edges)
      if let key = keys.keys.filter(Self.flatWeights.contains).min() {
        throw refusal("'optimizer_state_dict.\(key)'", "one rank's share of all weights (DeepSpeed ZeRO)")
      }
      if keys["zero_stage"] != nil, keys["partition_count"] != nil {
        throw refusal("'optimizer_state_dict'", "one rank's share of an optimizer (DeepSpeed ZeRO)")
      }
    }
    guard root["ds_version"] != nil || root["ds_config"] != nil, let module = root["module"] else {
      leftOut = []
      return
    }
    if let shapes = root["param_shapes"],
      let name = Self.hollow(Self.members(module, edges), shapes: shapes, decoder, edges)
    {
      throw refusal(
        "tensor \(TensorName(name).quoted)",
        "its name without its elements, which are divided among all ranks (DeepSpeed ZeRO-3)"
      )
    }
    guard let size = root["mp_world_size"].flatMap(decoder.integer), size > 1 else {
      leftOut = []
      return
    }
    leftOut = [
      LeftOut(
        "mp_rank_*_model_states.pt",
        "\(size - 1) other \(size == 2 ? "file" : "files") of the same model; each has a part of every large tensor",
        .elsewhere)
    ]
  }

  /// The members of a dictionary by their keys. As in Python, the last value of a key counts.
  private static func members(_ ref: PickleRef, _ edges: TorchEdges) -> [String: PickleRef] {
    Dictionary(
      edges.edges(ref).compactMap { edge in edge.label.map { ($0, edge.target) } },
      uniquingKeysWith: { $1 })
  }

  /// The first parameter that has elements by `param_shapes`, and none in the module; nil if there is none.
  ///
  /// - Parameter shapes: for each group of the optimizer, a dictionary from names to sizes.
  private static func hollow(
    _ module: [String: PickleRef], shapes: PickleRef, _ decoder: TorchDecoder, _ edges: TorchEdges
  ) -> String? {
    // A list may contain one dictionary many times.
    var seen: Set<PickleRef> = []
    for group in edges.edges(shapes) where seen.insert(group.target).inserted {
      for parameter in edges.edges(group.target) {
        guard let name = parameter.label, let size = decoder.integers(parameter.target), !size.contains(0)
        else { continue }
        // A module without any tensors is one whose layers are in files of their own.
        if let extents = module[name].flatMap(decoder.extents) {
          if extents.contains(0) { return name }
        } else if module.isEmpty {
          return name
        }
      }
    }
    return nil
  }
}
