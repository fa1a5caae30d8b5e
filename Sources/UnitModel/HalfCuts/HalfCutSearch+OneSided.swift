internal import Tensors

/// Axes with one side only: what is made and not read, and what is read and not made.
extension HalfCutSearch {
  /// For each axis that modules put channels on, or norms weight, and no tensor takes them from: the first dimension
  /// there.
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

  /// For each axis that modules take channels from, and no tensor puts them on: the first dimension there.
  ///
  /// A convolution of single channels passes on what another one makes, unless none may: a stem reads one channel, too.
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
          // A table of vectors and a transposed convolution may be called as other weights are, and make channels.
          let isMaker =
            readers[axis].map { $0.count > 1 } ?? false && !module.isOriented
            && module.outputs.contains { rank($0) > 2 || !read.contains(extent($0)) }
          if !isMaker { result.append((axis, site)) }
        }
      }
    }
    return result
  }

  /// The axes on which other dimensions than some lie; vectors are left out.
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

  /// The axes of modules whose names an exporter made up: which way channels go through them is not known.
  var unclear: Set<AxisName> {
    Set(modules.lazy.filter(\.isAnonymous).flatMap { $0.outputs + $0.inputs }.flatMap { axes(of: $0) })
  }
}
