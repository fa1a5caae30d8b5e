package import ByteFiles
internal import Tensors

/// A zip archive whose whole central directory has been read and checked.
package final class ZipArchive: Sendable {
  package let file: ReadableFile
  /// Every member, in the directory's order.
  package let entries: [ZipEntry]
  /// The archive's comment.
  package let comment: [UInt8]

  /// The ratio is checked only for more unpacked bytes than this; a smaller archive can do no harm.
  private static let ratioFloor = 64 << 20
  /// The best ratio of deflate: 258 bytes in two bits.
  private static let deflateLimit = 1032
  /// A whole archive with more unpacked bytes than this may unpack to at most `totalLimit` times its size.
  private static let totalFloor = 4 << 30
  private static let totalLimit = 200

  package init(_ file: ReadableFile) throws(ZipError) {
    let end = try ZipEnd.find(in: file)
    let entries = try ZipDirectory(file: file, end: end).entries()
    self.file = file
    self.entries = entries
    comment = end.comment
    try Self.checkRatios(entries, of: file)
  }

  /// The bytes of a member from its first one; throws if the member must not be read.
  package func stream(of entry: ZipEntry) throws(ZipError) -> ZipMemberStream {
    if let refusal = entry.refusal {
      // Unpacking shows which of the two sizes is correct, and its error is more precise.
      if entry.disagreesInSize { try ZipMemberStream(file: file, entry: entry).skip(entry.size) }
      throw refusal
    }
    return try ZipMemberStream(file: file, entry: entry)
  }

  private static func checkRatios(_ entries: [ZipEntry], of file: ReadableFile) throws(ZipError) {
    var total = 0
    for entry in entries {
      let (most, overflow) = entry.compressedSize.multipliedReportingOverflow(by: deflateLimit)
      if entry.size > ratioFloor, !overflow, entry.size > most {
        throw .refused(
          .ratio, path: file.path, place: "member " + TensorName(entry.name).quoted,
          expected:
            "at most \(most.grouped) bytes, which is all that \(entry.compressedSize.grouped) deflated ones can hold",
          found: "\(entry.size.grouped)")
      }
      let (sum, sumOverflow) = total.addingReportingOverflow(entry.size)
      total = sumOverflow ? Int.max : sum
    }
    let (most, overflow) = file.size.multipliedReportingOverflow(by: totalLimit)
    if total > totalFloor, !overflow, total > most {
      throw .refused(
        .ratio, path: file.path, place: "archive",
        expected: "members of at most \(totalLimit) times the file's \(file.size.grouped) bytes",
        found: "\(total.grouped) bytes unpacked")
    }
  }
}
