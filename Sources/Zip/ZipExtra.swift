internal import ByteFiles

/// The extra fields of one header that are used here.
struct ZipExtra {
  /// The values of the zip64 field that are not assigned yet, in order.
  private(set) var wide: ByteFields?
  private(set) var hasUnicodePath = false

  /// Walks the fields; nil if one reaches past the buffer or the zip64 field occurs twice.
  init?(_ bytes: ArraySlice<UInt8>) {
    let fields = ByteFields(bytes)
    var offset = 0
    // A rest shorter than a field's header is padding, which some writers add to align the data.
    while fields.count - offset >= 4 {
      guard let id = fields.u16(offset), let size = fields.u16(offset + 2),
        let value = fields.slice(offset + 4, Int(size))
      else { return nil }
      if id == ZipRecord.zip64ExtraID {
        if wide != nil { return nil }
        wide = ByteFields(value)
      }
      if id == ZipRecord.unicodePathExtraID { hasUnicodePath = true }
      offset += 4 + Int(size)
    }
  }

  /// The next value of the zip64 field, for a 32-bit field whose bits are all ones; nil if no value is left.
  mutating func takeWide() -> UInt64? {
    guard let fields = wide, let value = fields.u64(0) else { return nil }
    wide = ByteFields(fields.bytes.dropFirst(8))
    return value
  }
}
