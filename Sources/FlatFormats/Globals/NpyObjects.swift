internal import ByteFiles
internal import Tensors

/// Arrays of Python objects: an npy header, then a pickle.
enum NpyObjects {
  /// The position of the pickle in an npy file with these first bytes; nil for numeric arrays and other files.
  static func pickleStart(_ head: [UInt8]) -> Int? {
    guard let header = header(head), header.text.contains("O") else { return nil }
    return header.end
  }

  /// Whether the bytes begin a numeric array and contain its whole header.
  static func isPlainArray(_ head: [UInt8]) -> Bool { header(head).map { !$0.text.contains("O") } ?? false }

  /// The header's dictionary as text, and the position of the first byte after it.
  private static func header(_ head: [UInt8]) -> (text: String, end: Int)? {
    guard head.starts(with: NpyHeader.magic), head.count > 12 else { return nil }
    let fields = ByteFields(head)
    let isShort = head[6] == 1
    guard let count = isShort ? fields.u16(8).map({ Int($0) }) : fields.u32(8).map({ Int($0) }) else {
      return nil
    }
    let start = isShort ? 10 : 12
    // No key of the header has an `O`. So an `O` means an object dtype, and its dictionary is short.
    let text = String(decoding: head.dropFirst(start).prefix(count), as: UTF8.self)
    return (text, start + count)
  }
}
