internal import ByteFiles
internal import Tensors
internal import Zip

/// Describes a zip archive that is not a file of weights.
enum ZipListing {
  /// Its members or its defect, in words; nil for bytes that do not begin like an archive.
  static func words(_ file: ReadableFile) -> String? {
    let head = FileHead(of: file)
    guard head.starts(with: "PK\u{3}\u{4}") || head.starts(with: "PK\u{5}\u{6}") else { return nil }
    let archive: ZipArchive
    do throws(ZipError) { archive = try ZipArchive(file) } catch {
      guard case .refused(_, _, let place, let expected, let found) = error else {
        return "a damaged zip archive"
      }
      return "a damaged zip archive (\(place): expected \(expected), found \(found))"
    }
    let entries = archive.entries
    if entries.isEmpty { return "a zip archive without members" }
    let shown = entries.prefix(5).map { TensorName($0.name).quoted }.joined(separator: ", ")
    let more = entries.count > 5 ? ", …" : ""
    return "a zip archive with \(entries.count) \(entries.count == 1 ? "member" : "members"), "
      + "none of them weights: \(shown)\(more)"
  }
}
