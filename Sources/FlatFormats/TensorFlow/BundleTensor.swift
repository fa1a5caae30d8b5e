internal import Tensors

/// A tensor of a checkpoint: one entry, or the slices of a partitioned variable.
struct BundleTensor {
  /// The key of its entry.
  let key: TensorName
  let spec: TensorSpec
  /// The entries with its bytes, in the order of the axis that they divide.
  let parts: [BundleEntry]
  /// How the parts make up the tensor; nil for one part, or if there are no elements.
  let tiling: PieceTiling?

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
      (parts, tiling) = ([entry], nil)
      return
    }
    var slices: [(box: PieceBox, entry: BundleEntry)] = []
    for slice in entry.slices {
      let box = try Self.box(slice, of: entry.shape, key, path)
      guard let own = index.take(slice: slice.key(of: Array(key.text.utf8))) else {
        throw Self.refusal(
          .tensorflowSlices, key, path, "an entry for each slice", "none for \(box.words)")
      }
      let part = try Self.spec(key, dtype, box.sizes, path)
      guard own.dtype == entry.dtype, own.shape == box.sizes, own.slices.isEmpty, own.size == part.byteCount
      else {
        throw Self.refusal(
          .tensorflowSlices, key, path, "a slice \(box.words) of \(dtype.rawValue)",
          "one of another type, shape or size")
      }
      slices.append((box, own))
    }
    let axis = try Self.axis(slices.map(\.box), of: entry.shape, key, path)
    slices.sort { $0.box.offsets[axis] < $1.box.offsets[axis] }
    parts = slices.map(\.entry)
    tiling = spec.elementCount == 0 ? nil : try Self.tiling(slices.map(\.box), of: entry.shape, key, path)
    guard tiling == nil || axis == 0 || parts.count <= AssembledReader.openLimit else {
      throw Self.refusal(
        .tensorflowLimit, key, path, "at most \(AssembledReader.openLimit.grouped) slices of an inner axis",
        parts.count.grouped)
    }
  }

  private static func tiling(
    _ boxes: [PieceBox], of shape: [Int], _ key: TensorName, _ path: String
  ) throws(FlatFormatError) -> PieceTiling {
    // Slices divide one axis, so each is looked at a few times.
    var work = Int.max
    do throws(PieceTiling.Failure) { return try PieceTiling.of(shape, boxes, work: &work) } catch {
      let (expected, found) =
        switch error {
        case .missing(let ranges): ("a slice with \(PieceBox.words(ranges))", "none")
        case .overlap(let ranges, _, _): ("\(PieceBox.words(ranges)) in one slice", "it in two")
        case .work: ("fewer slices", "\(boxes.count.grouped)")
        }
      throw refusal(.tensorflowSlices, key, path, expected, found)
    }
  }

  /// The range of a slice on every axis.
  private static func box(
    _ slice: BundleSlice, of shape: [Int], _ key: TensorName, _ path: String
  ) throws(FlatFormatError) -> PieceBox {
    guard slice.ranges.count == shape.count else {
      throw refusal(
        .tensorflowSlices, key, path, "slices of \(shape.count) axes", "one of \(slice.ranges.count)")
    }
    let box = PieceBox(
      offsets: slice.ranges.map { $0?.start ?? 0 },
      sizes: zip(slice.ranges, shape).map { range, extent in range?.length ?? extent })
    guard box.isInside(shape) else {
      throw refusal(.tensorflowSlices, key, path, "slices within \(shape)", "one of \(box.words)")
    }
    return box
  }

  /// The only axis that the slices divide; the first one if there is one slice with everything.
  private static func axis(
    _ boxes: [PieceBox], of shape: [Int], _ key: TensorName, _ path: String
  ) throws(FlatFormatError) -> Int {
    let divided = shape.indices.filter { axis in boxes.contains { $0.sizes[axis] != shape[axis] } }
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

  private static func refusal(
    _ rule: FlatFormatRule, _ key: TensorName, _ path: String, _ expected: String, _ found: String
  ) -> FlatFormatError {
    .refused(rule, path: path, place: "tensor \(key.quoted)", expected: expected, found: found)
  }
}
