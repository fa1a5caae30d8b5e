internal import Inference
package import ONNXGraph

/// Conversions between real numbers and quantised ones.
enum QuantisationRule {
  /// `QuantizeLinear` and `DequantizeLinear`: a scale and a zero point for the tensor, for each index of an axis, or for
  /// each block along an axis.
  static func linear(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    guard let shape = try call.input(0).shape, let scale = try call.input(1).shape else {
      return try call.unknownExtents()
    }
    let isOfTensor = scale.count <= 1 && !scale.contains { $0 != 1 }
    // A scale that is cut is zero at absent channels, and 0 / 0 is not zero.
    call.keepsZeros =
      call.isZeroPoint(2) && (isOfTensor || call.node.operation == "DequantizeLinear")
    let block = call.int("block_size") ?? 0
    if isOfTensor, block == 0 { return [try call.input(0).computed] }
    guard let axis = call.axis(call.int("axis") ?? 1, rank: shape.count) else {
      return try call.unknownExtents()
    }
    if block == 0 {
      guard scale == [shape[axis]] else { return try call.unknownExtents() }
      let labels = try call.labels(0, axis)
      for index in 1...2 { _ = try call.meet(labels, of: FlowPlace(index: 0, dimension: axis), index, 0) }
      return [try call.input(0).computed]
    }
    guard scale.count == shape.count else { return try call.unknownExtents() }
    let given = [0, 1, 2].filter { call.optional($0) != nil }
    for index in given {
      try call.stop(try call.labels(index, axis), "\(call.node.shown) has scales for blocks along it")
    }
    var result = try call.input(0).computed
    result.factors = []
    for dimension in shape.indices where dimension != axis && shape[dimension] != 1 {
      let places = given.map { (index: $0, dimension: dimension) }
      let labels = try call.together(places)
      try call.selectTogether(places, labels)
      result.factors += LabelFactor.list(labels, dimension)
    }
    call.keepsZeros = false
    return [result]
  }

  /// The range of the elements always has zero. Absent channels are zero in the masked network, so they do not change the
  /// scale.
  static func dynamic(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    let one = FlowValue([])
    return [try call.input(0).computed, one, one]
  }
}

extension FlowCall {
  /// Whether a zero point is zero for every element, so that the byte 0 stands for the number 0.
  func isZeroPoint(_ index: Int) -> Bool {
    guard let value = optional(index) else { return true }
    return value.known?.withBytes { $0.allSatisfy { $0 == 0 } } ?? false
  }
}

extension FlowRules {
  /// The weights, biases and zero points of quantised operators. Other tensors of whole numbers are extents, positions or
  /// codes, which are not cut.
  package static func quantisedWeights(of graph: Graph) -> Set<String> {
    var names: Set<String> = []
    for node in graph.nodes {
      for index in quantisedInputs(of: node) where node.inputs.indices.contains(index) {
        names.insert(node.inputs[index])
      }
    }
    var tensors = graph.initializers
    for node in graph.nodes {
      if case .tensor(let tensor)? = node.attributes["value"], let name = node.outputs.first {
        tensors.append(tensor.named(name))
      }
    }
    return Set(tensors.filter { names.contains($0.name) && isOfWholeBytes($0) }.map(\.name))
  }

  private static func quantisedInputs(of node: Node) -> [Int] {
    switch (node.domain, node.operation) {
    case ("", "DequantizeLinear"), ("com.microsoft", "DequantizeLinear"): [0, 2]
    case ("", "QuantizeLinear"), ("com.microsoft", "QuantizeLinear"): [2]
    case ("", "ConvInteger"): [1, 3]
    case ("", "QLinearConv"): [3, 5, 8]
    case ("", "MatMulInteger"): [0, 1, 2, 3]
    case ("", "QLinearMatMul"): [0, 2, 3, 5]
    case ("com.microsoft", "DynamicQuantizeMatMul"): [1, 3]
    case ("com.microsoft", "MatMulIntegerToFloat"): [0, 1, 4, 5]
    case ("com.microsoft", "QGemm"): [0, 2, 3, 5, 6]
    case ("com.microsoft", "QLinearAdd"), ("com.microsoft", "QLinearMul"): [0, 3]
    default: []
    }
  }

  /// A sub-network is read by bytes, so elements of fewer bits stay whole.
  private static func isOfWholeBytes(_ tensor: TensorConstant) -> Bool {
    [.int8, .uint8, .int16, .uint16, .int32].contains(tensor.type)
  }
}
