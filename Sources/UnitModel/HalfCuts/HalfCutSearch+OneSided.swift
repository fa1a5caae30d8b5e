internal import Tensors

/// Axes with only one side: channels that are written and not read, or read and not written.
extension HalfCutSearch {
  /// The axes that modules write, or that norms are on, and that no tensor reads; each with its first dimension.
  var unread: [(axis: AxisName, site: TensorSite)] {
    var known = axes(without: modules.flatMap(\.outputs) + squeezes.flatMap { modules[$0.reduce].inputs })
    var result: [(axis: AxisName, site: TensorSite)] = []
    for (number, module) in modules.enumerated() where !isChannelwise(module) && !squeezed.contains(number) {
      for site in module.outputs {
        for axis in axes(of: site) where known.insert(axis).inserted { result.append((axis, site)) }
      }
    }
    for module in modules {
      for site in module.outputs + module.vectors.map({ TensorSite(tensor: $0, dimension: 0) }) {
        for axis in axes(of: site) where known.insert(axis).inserted { result.append((axis, site)) }
      }
    }
    return result
  }

  /// The axes that modules read and no tensor writes; each with its first dimension.
  ///
  /// A depthwise convolution passes channels on, if the same number of whole outputs exists. The first module with
  /// weights does not, because it may read a single channel too.
  var unmade: [(axis: AxisName, site: TensorSite)] {
    let stem = modules.firstIndex { !$0.weights.isEmpty }
    let passing = modules.enumerated().filter { number, module in
      isChannelwise(module) && number != stem
        && module.outputs.contains { outputs[extent($0)]?[.whole] != nil }
    }
    var known = axes(
      without: modules.flatMap(\.inputs) + squeezes.flatMap { modules[$0.expand].outputs }
        + passing.flatMap(\.element.outputs)
    ).union(unclear)
    let read = Set(modules.flatMap { $0.inputs.map(extent) })
    var result: [(axis: AxisName, site: TensorSite)] = []
    for module in modules {
      for site in module.inputs {
        for axis in axes(of: site) where known.insert(axis).inserted {
          // The dimensions of an embedding or a transposed convolution may have been guessed in the wrong order; these
          // channels are then written here.
          let isMaker =
            readers[axis].map { $0.count > 1 } ?? false && !module.isOriented
            && module.outputs.contains { rank($0) > 2 || !read.contains(extent($0)) }
          if !isMaker { result.append((axis, site)) }
        }
      }
    }
    return result
  }

  /// The axes of all dimensions except `others`; vectors are not included.
  private func axes(without others: [TensorSite]) -> Set<AxisName> {
    let others = Set(others)
    var result: Set<AxisName> = []
    for (number, tensor) in partition.tensors.enumerated() where tensor.spec.shape.count > 1 {
      for (dimension, placement) in tensor.dimensions.enumerated()
      where !others.contains(TensorSite(tensor: number, dimension: dimension)) {
        result.formUnion(placement.axes)
      }
    }
    return result
  }

  /// The axes of modules with names that an exporter made up; it is unknown which of their sides reads and which
  /// writes.
  var unclear: Set<AxisName> {
    Set(modules.lazy.filter(\.isAnonymous).flatMap { $0.outputs + $0.inputs }.flatMap { axes(of: $0) })
  }
}
