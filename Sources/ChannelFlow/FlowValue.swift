internal import Inference
internal import ONNXGraph

/// A value of the graph during the walk.
package struct FlowValue {
  /// Extents in the whole network; nil if they are unknown.
  package var shape: [Int]?
  /// The labels of dimensions; a dimension without labels is not cut.
  package var factors: [LabelFactor] = []
  /// Whether it is computed from weights alone.
  package var isConstant = false
  /// Whether it is computed from the network's inputs without a weighted sum.
  package var isRaw = false
  /// Whether every element is zero.
  var isZero = false
  /// The model's tensor, if the value is one.
  var constant: TensorConstant?
  /// The elements, if they are few and do not depend on the inputs' elements.
  var known: Tensor?
  /// The same elements in the dense sub-network.
  var denseKnown: Tensor?
  /// Labels of the positions that the elements count, as in the result of `Shape`. In a sub-network the numbers differ.
  var counted: [ChannelLabel] = []

  package init(_ shape: [Int]?) { self.shape = shape }

  /// A value whose shape, labels and elements are unknown.
  static let unknown = FlowValue(nil)

  var rank: Int { shape?.count ?? 0 }
}

/// The labels of one dimension, or the joint labels of several dimensions. A reshape makes joint labels: it is not yet
/// known which of the new dimensions is cut.
package struct LabelFactor {
  /// The dimensions, ascending; more than one for joint labels.
  package var dimensions: [Int]
  /// One label for each position, in C order over the dimensions.
  package var labels: [ChannelLabel]

  /// Whether the factor fits a value of this shape and has more than one position.
  func fits(_ shape: [Int]) -> Bool {
    guard dimensions.allSatisfy(shape.indices.contains), zip(dimensions, dimensions.dropFirst()).allSatisfy(<)
    else { return false }
    var count = 1
    for dimension in dimensions {
      let (product, overflow) = count.multipliedReportingOverflow(by: shape[dimension])
      if overflow { return false }
      count = product
    }
    return count == labels.count && count > 1
  }
}
