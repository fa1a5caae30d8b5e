public import TensorStreams
public import Tensors

/// The differences between two sets of named tensors, A and B.
public struct WeightsDifference: Sendable {
  /// Tensors of A that B lacks, by name.
  public let missing: [TensorSpec]
  /// Tensors of B that A lacks, by name.
  public let extra: [TensorSpec]
  /// Differences of tensors that both have, by name.
  public let changed: [TensorChange]
  /// Tensors whose values differ within the tolerance, by name.
  public let within: [TensorChange]
  /// The number of tensors that are equal in dtype, shape and bits.
  public let equalCount: Int

  /// Whether there are no differences, or only those that the tolerance accepts.
  public var isEqual: Bool { missing.isEmpty && extra.isEmpty && changed.isEmpty }
}

/// One difference of a tensor that both sides have.
public struct TensorChange: Sendable {
  /// The tensor in A.
  public let a: TensorSpec
  /// The tensor in B, with the same name.
  public let b: TensorSpec
  /// The kind of difference.
  public let what: What

  /// A kind of difference; values are compared only if dtype and shape are equal.
  public enum What: Sendable {
    /// The element types differ.
    case dtype
    /// The extents differ.
    case shape
    /// Some elements differ.
    case values(ValueDifference)
  }

  /// The index of the first element that the tolerance does not accept, else of the first that differs; nil for other
  /// differences.
  public var firstIndex: [Int]? {
    guard case .values(let difference) = what, var rest = difference.firstBeyond ?? difference.first else {
      return nil
    }
    var index: [Int] = []
    for extent in a.shape.reversed() where extent > 0 {
      index.append(rest % extent)
      rest /= extent
    }
    return index.reversed()
  }
}

/// Compares two sets of named tensors from any sources, through two windows of 3 MiB.
public struct WeightsComparison: Sendable {
  private let a: any TensorSource
  private let b: any TensorSource
  private let tolerance: Tolerance

  /// A comparison of two sources; names are compared by their bytes.
  public init(_ a: any TensorSource, _ b: any TensorSource, tolerance: Tolerance = .none) {
    self.a = a
    self.b = b
    self.tolerance = tolerance
  }

  /// The total bytes that are compared: both sides of each pair of tensors with the same name, dtype and shape.
  public var byteCount: Int { pairs.reduce(0) { $0 + 2 * a.tensors[$1.a].spec.byteCount } }

  /// Reads and compares everything.
  ///
  /// - Parameter progress: receives the bytes read so far; an error that it throws ends the work.
  public func run(progress: (Int) throws -> Void) throws -> WeightsDifference {
    var changed = differentSpecs
    let pairs = pairs
    var equalCount = 0
    var within: [TensorChange] = []
    var done = 0
    for pair in pairs {
      let spec = a.tensors[pair.a].spec
      var comparison = ValueComparison(
        dtype: spec.dtype, elementCount: spec.elementCount, tolerance: tolerance)
      let columns: [ParallelWindows.Column] = [(try a.reader(of: pair.a), 1), (try b.reader(of: pair.b), 1)]
      try ParallelWindows(columns, limit: Self.windowSize(of: spec.dtype)).forEach(of: spec.byteCount) {
        windows in
        comparison.append(windows[0], windows[1])
        done += 2 * windows[0].count
        try progress(done)
      }
      if comparison.difference.isEqual {
        equalCount += 1
        continue
      }
      let change = TensorChange(a: spec, b: b.tensors[pair.b].spec, what: .values(comparison.difference))
      if comparison.difference.isWithin { within.append(change) } else { changed.append(change) }
    }
    return WeightsDifference(
      missing: Self.names(of: a, lackedBy: b), extra: Self.names(of: b, lackedBy: a),
      changed: Self.sorted(changed), within: Self.sorted(within), equalCount: equalCount)
  }

  private static func windowSize(of dtype: DType) -> Int {
    let granule = ValueComparison.granule(of: dtype)
    return (3 << 20) / granule * granule
  }

  /// The tensors to be compared by value, in the order of A's file.
  private var pairs: [(a: Int, b: Int)] {
    let places = b.places
    return a.tensors.enumerated().compactMap { index, tensor in
      guard let place = places[tensor.spec.name] else { return nil }
      let other = b.tensors[place].spec
      return tensor.spec.dtype == other.dtype && tensor.spec.shape == other.shape ? (index, place) : nil
    }
  }

  private var differentSpecs: [TensorChange] {
    let places = b.places
    return a.tensors.flatMap { tensor -> [TensorChange] in
      guard let place = places[tensor.spec.name] else { return [] }
      let (one, other) = (tensor.spec, b.tensors[place].spec)
      return (one.dtype == other.dtype ? [] : [TensorChange(a: one, b: other, what: .dtype)])
        + (one.shape == other.shape ? [] : [TensorChange(a: one, b: other, what: .shape)])
    }
  }

  private static func names(of source: any TensorSource, lackedBy other: any TensorSource) -> [TensorSpec] {
    let known = other.places
    return source.tensors.map(\.spec).filter { known[$0.name] == nil }.sorted { $0.name < $1.name }
  }

  /// Sorted by name; for one name, dtype before shape.
  private static func sorted(_ changes: [TensorChange]) -> [TensorChange] {
    changes.enumerated().sorted { ($0.element.a.name, $0.offset) < ($1.element.a.name, $1.offset) }
      .map(\.element)
  }
}
