internal import ByteFiles
internal import Tensors

/// Writes the header that `numpy.save` writes.
enum NpyHeaderWriter {
  /// The digits for which NumPy leaves room, so that the first extent can grow in place.
  private static let growthDigits = 21
  /// The data begin at a multiple of this number of bytes.
  private static let alignment = 64

  /// Magic, version, length and dictionary for `spec`; throws if NumPy has no such array.
  ///
  /// With `opaque`, dtypes that NumPy lacks become raw bytes of the same width (`|V2`, `|V1`). Elements that share bytes become
  /// whole bytes: along the last dimension if it has a whole number of bytes, else along one flat dimension.
  static func header(of spec: TensorSpec, _ contents: SinkContents) throws(FlatFormatError) -> [UInt8] {
    let place = "tensor \(spec.name.quoted)"
    var shape = spec.shape
    let descr: String
    if let text = NpyDType.text(of: spec.dtype) {
      descr = text
    } else if contents.opaque {
      descr = "|V\(spec.dtype.bytes ?? 1)"
      if spec.dtype.bytes == nil { shape = byteShape(of: spec) }
    } else {
      throw contents.refusal(
        .npyOpaqueWrite, place, expected: "a dtype that NumPy has, or leave to write raw bytes (--opaque)",
        found: spec.dtype.rawValue)
    }
    let header = bytes(descr: descr, shape: shape)
    // NumPy would refuse a longer header, and its arrays have at most 64 dimensions.
    guard shape.count <= 64, header.count - 10 <= NpyHeader.sizeLimit else {
      throw contents.refusal(
        .npyHeaderWrite, place, expected: "at most 64 dimensions, as NumPy has", found: "\(shape.count)")
    }
    return header
  }

  /// The header's bytes, version 1.0.
  static func bytes(descr: String, shape: [Int]) -> [UInt8] {
    let list = shape.map(String.init)
    let tuple = list.count == 1 ? "(\(list[0]),)" : "(" + list.joined(separator: ", ") + ")"
    var text = Array("{'descr': '\(descr)', 'fortran_order': False, 'shape': \(tuple), }".utf8)
    if let first = list.first {
      text += [UInt8](repeating: 0x20, count: max(0, growthDigits - first.utf8.count))
    }
    // NumPy also pads a length that is already a multiple.
    let padding = alignment - (10 + text.count + 1) % alignment
    text += [UInt8](repeating: 0x20, count: padding) + [0x0A]
    // 64 dimensions of 19 digits are far below 65,536 bytes; a longer header is refused above.
    return NpyHeader.magic + [1, 0] + ByteFields.bytes(of: UInt16(truncatingIfNeeded: text.count)) + text
  }

  private static func byteShape(of spec: TensorSpec) -> [Int] {
    guard let last = spec.shape.last, spec.byteCount > 0 else { return [spec.byteCount] }
    guard last % spec.dtype.block.elements == 0 else { return [spec.byteCount] }
    return spec.shape.dropLast() + [spec.dtype.byteCount(ofElements: last)]
  }
}
