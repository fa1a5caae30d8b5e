/// The rules for names of members.
///
/// No member is unpacked to disk by its name, but an archive with a forbidden name was made to attack programs that do
/// so.
package enum ZipName {
  /// The defect of a name, in words; nil for a valid one.
  package static func problem(_ bytes: [UInt8]) -> String? {
    if bytes.isEmpty { return "an empty name" }
    if bytes.contains(0) { return "a name with a NUL" }
    if bytes.contains(UInt8(ascii: "\\")) { return "a name with a backslash" }
    if bytes[0] == UInt8(ascii: "/") { return "an absolute path" }
    if isDrive(bytes) { return "a path on a drive" }
    let dots = Array("..".utf8)
    let parts = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    if parts.contains(where: { $0.elementsEqual(dots) }) { return "a path with '..'" }
    return nil
  }

  /// Whether a name begins with a drive, such as `C:x` and `C:/x`; not `w:0.npy`, a variable with a one-letter name.
  private static func isDrive(_ bytes: [UInt8]) -> Bool {
    guard bytes.count >= 2, bytes[1] == UInt8(ascii: ":") else { return false }
    let letter = bytes[0] | 0x20
    guard letter >= UInt8(ascii: "a"), letter <= UInt8(ascii: "z") else { return false }
    return bytes.count == 2 || !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[2])
  }
}
