internal import ByteFiles
internal import Tensors

/// Weights without safetensors in a folder.
extension ShardFolder {
  /// The most folders in the folder that are looked into.
  private static let innerLimit = 16
  private static let expected = "a *\(ShardName.indexSuffix) or a *\(ShardName.suffix)"
  /// The endings of files that are opened if only the folder is named, and no other file there has weights.
  private static let opened = [KerasShards.suffix, FlaxSource.format.suffix, GGUFSource.format.suffix]
  /// The ending of the list of a unit checkpoint in several files.
  private static let setSuffix = ".h5.index.json"
  /// The files that only a checkpoint of Orbax has.
  private static let orbax = ["_CHECKPOINT_METADATA", "manifest.ocdbt", "ocdbt.process_0"]

  /// The name of the only file with weights, if its format is one that is opened by its folder.
  ///
  /// Otherwise throws what the folder holds, and what to give or to run instead.
  func onlyOther(among names: [String]) throws(FlatFormatError) -> String {
    if names.contains(where: Self.orbax.contains) {
      throw refusal(Self.expected, Self.orbaxInWords("an Orbax checkpoint"))
    }
    if let name = Self.deepSpeed(among: names) {
      throw refusal(
        Self.expected, "a checkpoint of DeepSpeed (\(TensorName(name).quoted)); \(DeepSpeedPart.way)")
    }
    let files = names.filter { !SystemPath.isFolder(file($0)) }
    let lists = files.filter { $0.lowercased().hasSuffix(Self.setSuffix) }
    // The files that a list names are not weights by themselves.
    let hasKeras = files.contains { $0.lowercased().hasSuffix(KerasShards.suffix) }
    let weights = files.filter { name in
      let name = name.lowercased()
      if hasKeras, name.hasSuffix(".weights.h5") { return false }
      return FlatFormats.hasNameOfWeights(name) || name.hasSuffix(KerasShards.suffix) || Self.isOfFlax(name)
    }
    if let list = lists.first {
      throw refusal(
        Self.expected,
        "a unit checkpoint in several files; give the path of its list, \(TensorName(list).quoted)")
    }
    if let piece = weights.first(where: { GGUFSplit.first(of: $0) != nil }), weights.count > 1 {
      throw refusal(Self.expected, GGUFSplit.inWords(weights.count, piece))
    }
    if weights.count > 1 {
      throw refusal("one file of weights", "\(Self.shown(weights)); give the path of one of them")
    }
    if let only = weights.first {
      let name = only.lowercased()
      if Self.opened.contains(where: name.hasSuffix) || Self.isOfFlax(name) { return only }
      throw refusal(Self.expected, "\(TensorName(only).quoted); give its path")
    }
    throw refusal(Self.expected, inner(among: names) ?? "neither")
  }

  /// A name by which a folder is known as one of DeepSpeed.
  private static func deepSpeed(among names: [String]) -> String? {
    let states = ["_optim_states.pt", "_model_states.pt"]
    let own = names.first { name in name == "zero_to_fp32.py" || states.contains(where: name.hasSuffix) }
    return own ?? (names.contains("latest") ? names.first { $0.hasPrefix("global_step") } : nil)
  }

  /// The contents of an inner folder, in words; nil if they are unknown.
  private func inner(among names: [String]) -> String? {
    let folders = names.lazy.map { (name: $0, folder: ShardFolder(file($0))) }.prefix(Self.innerLimit)
    for case (let name, let folder?) in folders
    where (try? folder.names())?.contains(where: Self.orbax.contains) == true {
      return Self.orbaxInWords("an Orbax checkpoint in \(TensorName(name).quoted)")
    }
    return nil
  }

  private static func orbaxInWords(_ what: String) -> String {
    "\(what), which only Python reads: restore it with orbax.checkpoint, write flax.serialization.to_bytes(tree) to a "
      + ".msgpack, and give that file"
  }

  /// Whether a file has the name that `flax.training.checkpoints` gives to the msgpack of a step: `checkpoint_5`.
  private static func isOfFlax(_ name: String) -> Bool {
    name.wholeMatch(of: #/checkpoint_[0-9]{1,18}/#) != nil
  }
}
