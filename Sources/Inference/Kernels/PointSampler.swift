/// Interpolation at any point of a plane of elements, in any number of dimensions: which elements, with which weights.
struct PointSampler {
  enum Mode {
    /// Ties go to the even element.
    case nearest
    case linear
    /// Keys's kernel with a = −0.75.
    case cubic
  }

  /// The values outside the plane.
  enum Padding {
    case zeros
    /// The value of the nearest element.
    case border
    /// The plane mirrored at its edges.
    case reflection
  }

  struct Tap {
    /// The flat position of an element in the plane.
    let place: Int
    let weight: Double
  }

  let extents: [Int]
  let mode: Mode
  let padding: Padding
  /// Whether the plane ends at the centres of its edge elements, not at their outer edges.
  let endsAtCentres: Bool

  /// The most taps of a point along one dimension.
  var tapsPerAxis: Int {
    switch mode {
    case .nearest: 1
    case .linear: 2
    case .cubic: 4
    }
  }

  /// Spends the steps for `count` points, with `channels` sums for each, and returns the bytes of the list of taps.
  func spend(points count: Int, channels: Int, _ budget: RunBudget) throws(OperatorError) -> Int {
    let taps = extents.map { _ in tapsPerAxis }
    try budget.spend([count, channels + extents.count] + taps)
    // Two lists: the taps, and those of the dimensions before the last.
    return taps.product * 4 * MemoryLayout<Tap>.stride
  }

  /// Replaces the contents of `taps` with the elements around a point, whose coordinates count elements. Elements of
  /// weight 0 are left out, so an infinity beside the point has no effect.
  ///
  /// A coordinate that is not finite is outside; inside a border or a reflection, the first element stands for it.
  func fill(_ taps: inout [Tap], at point: [Double]) {
    taps.removeAll(keepingCapacity: true)
    taps.append(Tap(place: 0, weight: 1))
    for axis in extents.indices {
      let extent = extents[axis]
      let origin = inside(mode == .nearest ? point[axis].rounded(.toNearestOrEven) : point[axis], extent)
      let base = origin.rounded(.down)
      let known = taps
      taps.removeAll(keepingCapacity: true)
      for tap in known {
        for step in mode == .cubic ? -1..<3 : 0..<tapsPerAxis {
          let place = base + Double(step)
          let weight =
            mode == .cubic ? Interpolation.cubic(place - origin, -0.75) : Interpolation.linear(place - origin)
          guard weight != 0, let index = index(place, extent) else { continue }
          taps.append(Tap(place: tap.place * extent + index, weight: tap.weight * weight))
        }
      }
    }
  }

  private func bounds(_ extent: Int) -> (least: Double, greatest: Double) {
    endsAtCentres ? (0, Double(extent - 1)) : (-0.5, Double(extent) - 0.5)
  }

  /// The coordinate moved into the plane, if it is outside and the padding has values.
  private func inside(_ coordinate: Double, _ extent: Int) -> Double {
    let (least, greatest) = bounds(extent)
    if case .zeros = padding { return coordinate }
    if coordinate >= least, coordinate <= greatest { return coordinate }
    guard coordinate.isFinite else { return 0 }
    if case .border = padding { return coordinate.clamped(0, Double(extent - 1)) }
    return reflected(coordinate, extent)
  }

  /// The index of the element at a whole coordinate; nil outside a plane that zeros surround.
  private func index(_ coordinate: Double, _ extent: Int) -> Int? {
    let last = Double(extent - 1)
    if coordinate >= 0, coordinate <= last { return Int(coordinate) }
    if extent == 0 { return nil }
    switch padding {
    case .zeros: return nil
    case .border: return coordinate < 0 ? 0 : extent - 1
    case .reflection: return Int(reflected(coordinate, extent).clamped(0, last))
    }
  }

  private func reflected(_ coordinate: Double, _ extent: Int) -> Double {
    let (least, greatest) = bounds(extent)
    let range = greatest - least
    guard range > 0 else { return 0 }
    // The way beyond the edge, back and forth.
    let way = (coordinate < least ? least - coordinate : coordinate - greatest)
      .truncatingRemainder(dividingBy: 2 * range)
    let distance = way <= range ? way : 2 * range - way
    return coordinate < least ? least + distance : greatest - distance
  }
}
