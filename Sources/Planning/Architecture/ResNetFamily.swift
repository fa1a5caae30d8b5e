internal import Tensors
internal import UnitModel

/// Residual networks with torchvision's names: `conv1`, `layer1.0.conv1`, …, `fc`.
///
/// The stem stays whole, as in the paper. A stage that begins with a projection has one axis for its residual stream.
/// Every other stage adds to the stream of the stage before it; so the first stage of basic blocks (ResNet-18 and 34)
/// stays whole with the stem. Every block has its own axes for the channels between its convolutions. Wrappers give the
/// names a prefix (`module.`, `model.`, `backbone.`); names of axes have it only if there are several prefixes.
struct ResNetFamily {
  static let name = "resnet"
  static let example = "layer1.0.conv1.weight"

  private struct Block {
    /// The block's name without the prefix; the names of its axes begin with it.
    let title: String
    /// The block's name in the file.
    let place: String
    let stage: Int
    let number: Int
    /// The convolutions, first to last: two of a basic block, three of a bottleneck.
    let convolutions: [TensorSpec]
    let hasProjection: Bool
  }

  /// The entries for a file; nil if it has no such names.
  static func rules(for names: TensorNames) -> PresetRules? {
    let networks = names.prefixes(of: "layer{}.{}.conv1.weight").map { ($0, blocks(of: names, under: $0)) }
      .filter { !$0.1.isEmpty }
    if networks.isEmpty { return nil }
    var rules = PresetRules()
    for (prefix, blocks) in networks {
      append(blocks, prefix, axisPrefix: networks.count > 1 ? prefix : "", names, to: &rules)
    }
    return rules
  }

  private static func append(
    _ blocks: [Block], _ prefix: String, axisPrefix: String, _ names: TensorNames, to rules: inout PresetRules
  ) {
    rules.words.append(
      "recognised tensors of a residual network with torchvision's names"
        + (prefix.isEmpty ? "" : " under '\(prefix)'") + " (preset \(name))")
    rules.words.append("the stem (conv1, bn1) is left whole, as in the paper")
    var placements: [(String, [DimensionPlacement])] = []
    var stream = DimensionPlacement.whole
    for (place, block) in blocks.enumerated() {
      let input = stream
      let isFirst = place == 0 || blocks[place - 1].stage != block.stage
      if isFirst, block.hasProjection { stream = axis("\(axisPrefix)layer\(block.stage)") }
      if isFirst, stream == .whole {
        rules.words.append(
          "the blocks of layer\(block.stage) add to the stem, so their sum is left whole too")
      }
      add(block, axisPrefix, from: input, to: stream, &placements, names, &rules)
    }
    if let head = names.first("\(prefix)fc.weight"), head.shape.count == 2 {
      placements.append((head.name.text, [.whole, stream]))
    }
    for (name, dimensions) in placements where dimensions.contains(where: { $0 != .whole }) {
      let tensor = names.first(name)
      guard let tensor, tensor.shape.count == dimensions.count else { continue }
      rules.tensors.append(PlanTensor(selector: .name(tensor.name), dimensions: dimensions))
    }
  }

  private static func axis(_ name: String) -> DimensionPlacement { .axis(AxisUse(AxisName(name))) }

  private static func blocks(of names: TensorNames, under prefix: String) -> [Block] {
    guard let pattern = NamePattern("\(prefix)layer{}.{}.conv1.weight") else { return [] }
    var blocks: [Block] = []
    for spec in names.specs {
      guard let found = pattern.match(spec.name.text)?.components, let stage = Int(found[0]),
        let number = Int(found[1])
      else { continue }
      let title = "layer\(found[0]).\(found[1])"
      let place = prefix + title
      let convolutions = ["conv1", "conv2", "conv3"].compactMap { names.first("\(place).\($0).weight") }
      // Kernels of one or three dimensions are cut in the same way.
      guard convolutions.count >= 2, convolutions.allSatisfy({ $0.shape.count >= 3 }) else { continue }
      blocks.append(
        Block(
          title: title, place: place, stage: stage, number: number, convolutions: convolutions,
          hasProjection: names.first("\(place).downsample.0.weight") != nil))
    }
    return blocks.sorted { ($0.stage, $0.number) < ($1.stage, $1.number) }
  }

  /// Adds the tensors of a block.
  ///
  /// - Parameters:
  ///   - input: the placement of the block's inputs; for the first block of a stage, the stream of the stage before it.
  ///   - stream: the placement of its sum.
  private static func add(
    _ block: Block, _ axisPrefix: String, from input: DimensionPlacement, to stream: DimensionPlacement,
    _ placements: inout [(String, [DimensionPlacement])], _ names: TensorNames, _ rules: inout PresetRules
  ) {
    var before = input
    for (index, convolution) in block.convolutions.enumerated() {
      let isLast = index == block.convolutions.count - 1
      let width = index == 0 ? nil : block.convolutions[index - 1].shape[0]
      var after = isLast ? stream : axis("\(axisPrefix)\(block.title).conv\(index + 1)")
      let isGrouped = width.map { $0 != convolution.shape[1] } ?? false
      if !isLast, isGrouped || isGroupedNext(block, index) {
        after = .whole
        if index == 0 {
          rules.words.append(
            "'\(block.place)' is left whole between its convolutions: one of them is grouped, so its inputs are not channels"
          )
        }
      }
      if isGrouped { before = .whole }
      let rest = [DimensionPlacement](repeating: .whole, count: convolution.shape.count - 2)
      placements.append((convolution.name.text, [after, before] + rest))
      placements.append(("\(block.place).conv\(index + 1).bias", [after]))
      for part in ["weight", "bias", "running_mean", "running_var"] {
        placements.append(("\(block.place).bn\(index + 1).\(part)", [after]))
      }
      before = after
    }
    guard block.hasProjection else { return }
    let kernel = names.first("\(block.place).downsample.0.weight")?.shape.count ?? 4
    placements.append(
      (
        "\(block.place).downsample.0.weight",
        [stream, input] + [DimensionPlacement](repeating: .whole, count: max(0, kernel - 2))
      ))
    for part in ["weight", "bias", "running_mean", "running_var"] {
      placements.append(("\(block.place).downsample.1.\(part)", [stream]))
    }
  }

  /// Whether the next convolution is grouped, so that the outputs of this one stay whole too.
  private static func isGroupedNext(_ block: Block, _ index: Int) -> Bool {
    guard block.convolutions.indices.contains(index + 1) else { return false }
    return block.convolutions[index + 1].shape[1] != block.convolutions[index].shape[0]
  }
}
