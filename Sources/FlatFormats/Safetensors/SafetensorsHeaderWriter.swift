internal import Tensors

/// Writes the header that the reference writes for the same tensors.
enum SafetensorsHeaderWriter {
  /// Indices in the reference's order: dtypes from the widest alignment to the narrowest, then names by their bytes.
  static func order(of specs: [TensorSpec]) -> [Int] {
    specs.indices.sorted { one, other in
      let (a, b) = (specs[one].dtype.safetensorsRank ?? -1, specs[other].dtype.safetensorsRank ?? -1)
      return a != b ? a > b : specs[one].name < specs[other].name
    }
  }

  /// Length, JSON and padding for `specs` in `order`; nil if their sizes do not add up to an Int.
  static func header(of specs: [TensorSpec], order: [Int], metadata: [(key: String, value: String)])
    -> [UInt8]?
  {
    var json: [UInt8] = []
    json.reserveCapacity(128 * (specs.count + 1))
    json.append(UInt8(ascii: "{"))
    if !metadata.isEmpty {
      JSONText.append(SafetensorsHeader.metadataName.text, to: &json)
      json.append(UInt8(ascii: ":"))
      JSONText.append(metadata.map { ($0.key, $0.value) }, to: &json)
    }
    var begin = 0
    for index in order {
      let spec = specs[index]
      let (end, overflow) = begin.addingReportingOverflow(spec.byteCount)
      if overflow { return nil }
      if json.count > 1 { json.append(UInt8(ascii: ",")) }
      JSONText.append(spec.name.text, to: &json)
      let shape = spec.shape.map(String.init).joined(separator: ",")
      json.append(
        contentsOf:
          ":{\"dtype\":\"\(spec.dtype.rawValue)\",\"shape\":[\(shape)],\"data_offsets\":[\(begin),\(end)]}"
          .utf8)
      begin = end
    }
    json.append(UInt8(ascii: "}"))
    while json.count % 8 != 0 { json.append(0x20) }
    let length = UInt64(json.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + json
  }
}
