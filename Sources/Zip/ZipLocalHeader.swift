internal import ByteFiles
internal import Tensors

/// The header before a member's data. It must repeat the central directory's values.
///
/// Some readers use one of the two, some the other; all of them must read the same archive.
struct ZipLocalHeader {
  let file: ReadableFile
  let central: ZipDirectory.Central
  let start: Int

  /// The first difference between the two headers.
  struct Disagreement {
    let error: ZipError
    /// Whether only the unpacked size differs; unpacking the data shows which size is correct.
    var isOfSize = false
  }

  /// The position of the data, and the first difference between the two headers. The caller must have checked that the
  /// 30 bytes of the fixed part are in the file.
  func read() throws(ZipError) -> (dataStart: Int, disagreement: Disagreement?) {
    let fixed = ByteFields(try read(start, ZipRecord.localSize))
    guard fixed.u32(0) == ZipRecord.localSignature, let nameSize = fixed.u16(26),
      let extraSize = fixed.u16(28)
    else {
      throw refusal(
        .localSignature, "a local header at byte \(start)",
        "the signature 0x" + String(fixed.u32(0) ?? 0, radix: 16))
    }
    let nameStart = start + ZipRecord.localSize
    let variable = Int(nameSize) + Int(extraSize)
    guard variable <= file.size - nameStart else {
      throw refusal(
        .dataBounds, "a local header within the file", "\(variable.grouped) bytes of name and extra fields"
      )
    }
    let rest = try read(nameStart, variable)
    guard var extra = ZipExtra(rest.dropFirst(Int(nameSize))) else {
      throw refusal(
        .extra, "extra fields of the local header that fit their \(extraSize.grouped) bytes",
        "a longer field")
    }
    let name = rest.prefix(Int(nameSize))
    if !name.elementsEqual(central.name) {
      let text = TensorName(String(decoding: name, as: UTF8.self)).quoted
      return (nameStart + variable, disagreement("name", text))
    }
    return (nameStart + variable, difference(fixed, &extra))
  }

  private func difference(_ fixed: ByteFields, _ extra: inout ZipExtra) -> Disagreement? {
    guard let flags = fixed.u16(6), let method = fixed.u16(8), let crc = fixed.u32(14),
      let compressed = fixed.u32(18), let size = fixed.u32(22)
    else { return nil }
    let compared = ZipRecord.secretFlags | ZipRecord.utf8Flag | ZipRecord.descriptorFlag
    guard flags & compared == central.flags & compared else { return disagreement("flags", "\(flags)") }
    guard method == central.method else { return disagreement("method", "\(method)") }
    // With a descriptor after the data, or with a masked header, these fields may be zero.
    let mayBeZero = flags & (ZipRecord.descriptorFlag | ZipRecord.maskedFlag) != 0
    let hasWide = extra.wide != nil
    let fullSize = size == 0xFFFF_FFFF && hasWide ? extra.takeWide() : UInt64(size)
    let fullCompressed = compressed == 0xFFFF_FFFF && hasWide ? extra.takeWide() : UInt64(compressed)
    guard fullSize == central.size || (mayBeZero && fullSize == 0) else {
      var reported = disagreement("uncompressed size", "\(fullSize ?? 0)")
      reported.isOfSize = true
      return reported
    }
    guard fullCompressed == central.compressedSize || (mayBeZero && fullCompressed == 0) else {
      return disagreement("compressed size", "\(fullCompressed ?? 0)")
    }
    guard crc == central.crc || (mayBeZero && crc == 0) else { return disagreement("CRC-32", "\(crc)") }
    return nil
  }

  private func disagreement(_ what: String, _ found: String) -> Disagreement {
    Disagreement(
      error: refusal(.local, "the \(what) of the central directory in the local header", found))
  }

  private func refusal(_ rule: ZipRule, _ expected: String, _ found: String) -> ZipError {
    .refused(rule, path: file.path, place: central.shown, expected: expected, found: found)
  }

  private func read(_ start: Int, _ count: Int) throws(ZipError) -> [UInt8] {
    try asZip { () throws(FileError) in try file.bytes(at: start, count: count) }
  }
}
