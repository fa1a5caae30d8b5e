package import TensorStreams
internal import Tensors
package import UnitModel

/// What a tensor does with the channels on one of its dimensions.
package enum ChannelSide {
  /// Its rows compute the channels.
  case makes
  /// It reads them. `means` has the mean square of the value at each position, if samples were run.
  case reads(means: [Double]?)
  /// It is the scale of a norm, a number for each channel.
  case scales
}

/// The importance of channels.
///
/// By weights: the norm of the weights that make a channel times the norm of those that read it. By samples: the root
/// mean square of the channel times the norm of the weights that read it. Norms are Euclidean, over all of these
/// weights; biases do not count.
package struct ChannelImportance {
  /// For each channel, sums of squares: of the weights that make it, of those that read it, times the mean squares, and
  /// of the scales of its norms. Each is nil if no tensor contributes.
  package struct Sums {
    package fileprivate(set) var made: [Double]?
    package fileprivate(set) var read: [Double]?
    package fileprivate(set) var scaled: [Double]?
    fileprivate let size: Int

    fileprivate init(size: Int) { self.size = size }

    fileprivate mutating func add(
      _ value: Double, _ channel: Int, to sums: WritableKeyPath<Sums, [Double]?>
    ) {
      if self[keyPath: sums] == nil { self[keyPath: sums] = [Double](repeating: 0, count: size) }
      self[keyPath: sums]?[channel] += value
    }
  }

  /// The sums of each axis that is cut.
  package private(set) var sums: [AxisName: Sums] = [:]
  private let hasSamples: Bool

  /// Reads every tensor that makes, reads or scales channels of an axis.
  ///
  /// - Parameter option: the option that asks for it, for messages.
  package init(
    _ resolved: ResolvedPlan, hasSamples: Bool, _ source: any TensorSource,
    option: (name: String, value: String) = ("--order", "importance"),
    side: (TensorPlacement, _ dimension: Int) -> ChannelSide?
  ) throws {
    self.hasSamples = hasSamples
    let places = source.places
    for axis in resolved.partition.axes where !axis.isWhole {
      sums[axis.name] = Sums(size: axis.size)
    }
    for tensor in resolved.partition.tensors where !tensor.cutDimensions.isEmpty {
      // The biases of stacked experts have two dimensions.
      if tensor.spec.name.text.hasSuffix("bias") { continue }
      guard let place = places[tensor.spec.name] else { continue }
      let uses = tensor.dimensions.enumerated().flatMap { dimension, placement in
        AxisStretch.all(placement, extent: tensor.spec.shape[dimension], dimension: dimension) {
          sums[$0]?.size
        }
      }
      let sides = Dictionary(
        uses.map { ($0.dimension, side(tensor, $0.dimension)) }, uniquingKeysWith: { first, _ in first }
      ).compactMapValues { $0 }.filter { _, side in
        // A vector neither makes channels of its own nor reads them.
        if case .scales = side { tensor.spec.shape.count == 1 } else { tensor.spec.shape.count > 1 }
      }
      if sides.isEmpty { continue }
      let squares = try PositionSquares(tensor.spec, Set(sides.keys), source, place, option).sums
      for use in uses {
        guard let side = sides[use.dimension], let squares = squares[use.dimension] else { continue }
        for (position, channel) in use.positions {
          switch side {
          case .makes: sums[use.axis]?.add(squares[position], channel, to: \.made)
          case .reads(let means):
            let mean = means.map { $0.indices.contains(position) ? $0[position] : 0 } ?? 1
            sums[use.axis]?.add(squares[position] * mean, channel, to: \.read)
          case .scales: sums[use.axis]?.add(squares[position], channel, to: \.scaled)
          }
        }
      }
    }
  }

  /// The importance of each channel; nil if no weights make the channels, or none read them.
  package func scores(of axis: AxisName) -> [Double]? {
    guard let read = sums[axis]?.read, read.contains(where: { $0 > 0 }) else { return nil }
    if hasSamples { return read.map { $0.squareRoot() } }
    guard let made = sums[axis]?.made, made.contains(where: { $0 > 0 }) else { return nil }
    return zip(made, read).map { ($0 * $1).squareRoot() }
  }
}

/// A run of positions on a dimension that has every channel of an axis.
private struct AxisStretch {
  let axis: AxisName
  let dimension: Int
  let use: AxisUse
  let start: Int
  let size: Int

  /// The positions with their channels.
  var positions: [(position: Int, channel: Int)] {
    (0..<use.outer).flatMap { copy in
      (0..<size * use.inner).map { (start + copy * size * use.inner + $0, $0 / use.inner) }
    }
  }

  static func all(
    _ placement: DimensionPlacement, extent: Int, dimension: Int, size: (AxisName) -> Int?
  ) -> [AxisStretch] {
    let parts: [ConcatPart] =
      switch placement {
      case .axis(let use): [.axis(use)]
      case .concat(let parts): parts
      case .whole, .compact: []
      }
    var found: [AxisStretch] = []
    var start = 0
    for part in parts {
      switch part {
      case .uncut(let size): start += size
      case .axis(let use):
        guard let channels = size(use.axis), let count = use.positions(channels: channels),
          start + count <= extent
        else { return found }
        found.append(
          AxisStretch(axis: use.axis, dimension: dimension, use: use, start: start, size: channels))
        start += count
      }
    }
    return found
  }
}

/// For some dimensions of a tensor, the sum of the squares of all elements at each position.
private struct PositionSquares {
  private(set) var sums: [Int: [Double]] = [:]

  init(
    _ spec: TensorSpec, _ dimensions: Set<Int>, _ source: any TensorSource, _ place: Int,
    _ option: (name: String, value: String)
  ) throws {
    guard let width = spec.dtype.bytes,
      Self.squares(of: spec.dtype, UnsafeRawBufferPointer(start: nil, count: 0)) != nil
    else {
      throw PlanningError.unsortable(
        spec, option, expected: "weights of F64, F32, F16 or BF16", found: spec.dtype.rawValue)
    }
    for dimension in dimensions { sums[dimension] = .init(repeating: 0, count: spec.shape[dimension]) }
    let strides = spec.shape.indices.map { spec.shape[($0 + 1)...].reduce(1, *) }
    // Positions of the last dimension are summed element by element, those of the others row by row.
    let last = spec.shape.count - 1
    let extent = spec.shape[last]
    let outer = dimensions.subtracting([last])
    var columns = [Double](repeating: 0, count: extent)
    var index = 0
    var rest: [UInt8] = []
    try source.reader(of: place).forEachWindow(limit: 1 << 20) { window in
      // A window may end inside an element.
      rest += window
      let whole = rest.count / width * width
      let squares = rest[..<whole].withUnsafeBytes { Self.squares(of: spec.dtype, $0) } ?? []
      rest.removeFirst(whole)
      var start = 0
      while start < squares.count {
        let column = index % extent
        let count = min(extent - column, squares.count - start)
        var sum = 0.0
        for offset in 0..<count {
          columns[column + offset] += squares[start + offset]
          sum += squares[start + offset]
        }
        for dimension in outer { sums[dimension]?[index / strides[dimension] % spec.shape[dimension]] += sum }
        start += count
        index += count
      }
    }
    guard columns.allSatisfy(\.isFinite) else {
      throw PlanningError.unsortable(spec, option, expected: "finite weights", found: "others")
    }
    if dimensions.contains(last) { sums[last] = columns }
  }

  /// The squares of elements; nil for dtypes that are not ordinary weights.
  private static func squares(of dtype: DType, _ bytes: UnsafeRawBufferPointer) -> [Double]? {
    func all<Bits: FixedWidthInteger>(_ type: Bits.Type, _ value: (Bits) -> Double) -> [Double] {
      (0..<bytes.count / MemoryLayout<Bits>.size).map { index in
        let bits = bytes.loadUnaligned(fromByteOffset: index * MemoryLayout<Bits>.size, as: Bits.self)
        let number = value(Bits(littleEndian: bits))
        return number * number
      }
    }
    switch dtype {
    case .f64: return all(UInt64.self) { Double(bitPattern: $0) }
    case .f32: return all(UInt32.self) { Double(Float(bitPattern: $0)) }
    case .f16: return all(UInt16.self) { Double(Float16(bitPattern: $0)) }
    case .bf16: return all(UInt16.self) { Double(Float(bitPattern: UInt32($0) << 16)) }
    default: return nil
    }
  }
}

extension PlanningError {
  /// Weights by which channels cannot be sorted.
  fileprivate static func unsortable(
    _ spec: TensorSpec, _ option: (name: String, value: String), expected: String, found: String
  ) -> PlanningError {
    .badOption(
      option: option.name, text: option.value, expected: expected,
      found: "\(found) in tensor \(spec.name.quoted)")
  }
}
