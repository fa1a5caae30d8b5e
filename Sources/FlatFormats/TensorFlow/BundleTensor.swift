internal import Tensors

/// A tensor of a checkpoint: one entry, or the slices of a partitioned variable.
struct BundleTensor {
  /// The key of its entry.
  let key: TensorName
  let spec: TensorSpec
  /// The entries with its bytes, in the order of the axis that they divide.
  let parts: [BundleEntry]
  /// The runs of each part: the product of the axes before the divided one.
  let turns: Int

  /// The checksums of all parts.
  var checksums: [UInt32] { parts.map(\.crc) }

  /// - Parameter index: loses the entries of the slices.
  init(
    _ key: TensorName, _ entry: BundleEntry, dtype: DType, path: String, index: inout BundleIndex
  ) throws(FlatFormatError) {
    self.key = key
    spec = try Self.spec(key, dtype, entry.shape, path)
    if entry.slices.isEmpty {
      guard entry.size == spec.byteCount else {
        throw Self.refusal(
          .tensorflowTensor, key, path,
          "\(spec.byteCount.grouped) bytes for \(dtype.rawValue) \(spec.shapeText)",
          entry.size.grouped)
      }
      (parts, turns) = ([entry], 1)
      return
    }
    var slices: [(ranges: [Range<Int>], entry: BundleEntry)] = []
    for slice in entry.slices {
      let ranges = try Self.ranges(slice, of: entry.shape, key, path)
      guard let own = index.take(slice: slice.key(of: Array(key.text.utf8))) else {
        throw Self.refusal(
          .tensorflowSlices, key, path, "an entry for each slice", "none for \(Self.words(ranges))")
      }
      let shape = ranges.map(\.count)
      let part = try Self.spec(key, dtype, shape, path)
      guard own.dtype == entry.dtype, own.shape == shape, own.slices.isEmpty, own.size == part.byteCount
      else {
        throw Self.refusal(
          .tensorflowSlices, key, path, "a slice \(Self.words(ranges)) of \(dtype.rawValue)",
          "one of another type, shape or size")
      }
      slices.append((ranges, own))
    }
    let axis = try Self.axis(slices.map(\.ranges), of: entry.shape, key, path)
    slices.sort { $0.ranges[axis].lowerBound < $1.ranges[axis].lowerBound }
    var end = 0
    for slice in slices {
      let range = slice.ranges[axis]
      guard range.lowerBound == end else {
        throw Self.refusal(
          .tensorflowSlices, key, path, "a slice that begins at \(end) of axis \(axis)",
          "one at \(range.lowerBound)")
      }
      end = range.upperBound
    }
    guard end == entry.shape[axis] else {
      throw Self.refusal(
        .tensorflowSlices, key, path, "slices up to \(entry.shape[axis]) of axis \(axis)",
        "slices up to \(end)")
    }
    parts = slices.map(\.entry)
    turns = spec.elementCount == 0 ? 1 : entry.shape[..<axis].reduce(1, *)
    guard turns == 1 || parts.count <= JoinedReader.openLimit else {
      throw Self.refusal(
        .tensorflowLimit, key, path, "at most \(JoinedReader.openLimit.grouped) slices of an inner axis",
        parts.count.grouped)
    }
  }

  /// The ranges of a slice on every axis.
  private static func ranges(
    _ slice: BundleSlice, of shape: [Int], _ key: TensorName, _ path: String
  ) throws(FlatFormatError) -> [Range<Int>] {
    guard slice.ranges.count == shape.count else {
      throw refusal(
        .tensorflowSlices, key, path, "slices of \(shape.count) axes", "one of \(slice.ranges.count)")
    }
    var ranges: [Range<Int>] = []
    for (range, extent) in zip(slice.ranges, shape) {
      guard let range else {
        ranges.append(0..<extent)
        continue
      }
      guard range.start >= 0, range.length >= 0, range.length <= extent, range.start <= extent - range.length
      else {
        throw refusal(
          .tensorflowSlices, key, path, "slices within \(shape)",
          "one of \(range.length) elements at \(range.start)")
      }
      ranges.append(range.start..<(range.start + range.length))
    }
    return ranges
  }

  /// The only axis that the slices divide; the first one if there is one slice with everything.
  private static func axis(
    _ slices: [[Range<Int>]], of shape: [Int], _ key: TensorName, _ path: String
  ) throws(FlatFormatError) -> Int {
    let divided = shape.indices.filter { axis in
      slices.contains { $0[axis] != 0..<shape[axis] }
    }
    guard divided.count <= 1, let axis = divided.first ?? shape.indices.first else {
      throw refusal(
        .tensorflowFeature, key, path, "slices that divide one axis",
        shape.isEmpty
          ? "slices of a scalar"
          : "slices that divide axes \(divided.map(String.init).joined(separator: " and "))")
    }
    return axis
  }

  private static func spec(
    _ key: TensorName, _ dtype: DType, _ shape: [Int], _ path: String
  ) throws(FlatFormatError) -> TensorSpec {
    do throws(TensorError) { return try TensorSpec(name: key, dtype: dtype, shape: shape) } catch {
      throw refusal(.tensorflowTensor, key, path, "a shape whose bytes can be counted", "\(shape)")
    }
  }

  private static func words(_ ranges: [Range<Int>]) -> String {
    "[" + ranges.map { "\($0.lowerBound):\($0.upperBound)" }.joined(separator: ", ") + "]"
  }

  private static func refusal(
    _ rule: FlatFormatRule, _ key: TensorName, _ path: String, _ expected: String, _ found: String
  ) -> FlatFormatError {
    .refused(rule, path: path, place: "tensor \(key.quoted)", expected: expected, found: found)
  }
}
