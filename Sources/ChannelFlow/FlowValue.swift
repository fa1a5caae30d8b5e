internal import Inference
internal import ONNXGraph

/// A value of the graph as the walk knows it.
package struct FlowValue {
  /// Extents in the whole network; nil where they are not known.
  package var shape: [Int]?
  /// Labels of dimensions; those without are not cut.
  package var factors: [LabelFactor] = []
  /// Whether it is made of weights alone.
  package var isConstant = false
  /// Whether it is made of the network's inputs without a weighted sum.
  package var isRaw = false
  /// Whether every element is zero.
  var isZero = false
  /// The tensor of the model that it is.
  var constant: TensorConstant?
  /// The elements, where they are few and do not depend on the inputs' elements.
  var known: Tensor?
  /// The same in the dense sub-network.
  var denseKnown: Tensor?
  /// Labels whose positions the elements count, as `Shape` does: in a sub-network they are other numbers.
  var counted: [ChannelLabel] = []

  package init(_ shape: [Int]?) { self.shape = shape }

  /// A value that nothing is known of.
  static let unknown = FlowValue(nil)

  var rank: Int { shape?.count ?? 0 }
}

/// The labels of one dimension, or of several that only together say what a position belongs to: what a reshape makes
/// of one dimension before it is known which of the new ones is to be cut.
package struct LabelFactor {
  /// Ascending.
  package var dimensions: [Int]
  /// In C order over the dimensions.
  package var labels: [ChannelLabel]

  /// Whether it can lie on a value of this shape, of which it has several positions.
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
