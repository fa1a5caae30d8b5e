/// The layout of a tensor in its storage: extents and strides in elements, outermost first, and the first element.
struct TorchStrides: Hashable {
  let offset: Int
  let shape: [Int]
  let strides: [Int]

  /// The number of places from the first to the last element; 0 for an empty tensor, nil if it overflows.
  var span: Int? {
    if shape.contains(0) { return 0 }
    var last = 0
    for (extent, stride) in zip(shape, strides) {
      let (step, overflow) = (extent - 1).multipliedReportingOverflow(by: stride)
      let (sum, sumOverflow) = last.addingReportingOverflow(step)
      if overflow || sumOverflow { return nil }
      last = sum
    }
    return last == .max ? nil : last + 1
  }

  /// Whether the elements are adjacent and in C order.
  var isContiguous: Bool {
    if shape.contains(0) { return true }
    var expected = 1
    for (extent, stride) in zip(shape, strides).reversed() where extent > 1 {
      if stride != expected { return false }
      let (product, overflow) = expected.multipliedReportingOverflow(by: extent)
      if overflow { return false }
      expected = product
    }
    return true
  }

  /// Whether two elements are at the same place; also true if a full check would take too long.
  var overlaps: Bool {
    var axes = zip(shape, strides).filter { $0.0 > 1 }
    if shape.contains(0) { return false }
    axes.sort { $0.1 < $1.1 }
    var reach = 0
    var isCertain = true
    var count = 1
    for (extent, stride) in axes {
      if stride == 0 { return true }
      if stride <= reach { isCertain = false }
      // The span fits an Int, so these numbers do too.
      reach += (extent - 1) * stride
      count = count.multipliedReportingOverflow(by: extent).overflow ? .max : count * extent
    }
    if isCertain { return false }
    // There are more elements than places.
    if count > reach + 1 { return true }
    return count > 100_000 || Self.meets(axes)
  }

  /// Whether two elements are at the same place, found by listing the places of all elements.
  private static func meets(_ axes: [(Int, Int)]) -> Bool {
    var places: Set<Int> = [0]
    for (extent, stride) in axes {
      var next: Set<Int> = []
      for place in places {
        for index in 0..<extent where !next.insert(place + index * stride).inserted { return true }
      }
      places = next
    }
    return false
  }
}
