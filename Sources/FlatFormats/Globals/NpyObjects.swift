internal import Tensors

/// Arrays of Python objects: an npy header, and a pickle behind it.
enum NpyObjects {
  /// Where the pickle begins in an npy file with these first bytes; nil for arrays of numbers and other files.
  static func pickleStart(_ head: [UInt8]) -> Int? {
    guard let header = header(head), header.text.contains("O") else { return nil }
    return header.end
  }

  /// Whether the bytes begin an array of numbers, whose header ends within them.
  static func isPlainArray(_ head: [UInt8]) -> Bool { header(head).map { !$0.text.contains("O") } ?? false }

  /// The value of `descr`, and the first byte behind the header.
  private static func header(_ head: [UInt8]) -> (text: String, end: Int)? {
    guard head.starts(with: NpyHeader.magic), head.count > 12 else { return nil }
    let fields = ByteFields(head)
    let isShort = head[6] == 1
    guard let count = isShort ? fields.u16(8).map({ Int($0) }) : fields.u32(8).map({ Int($0) }) else {
      return nil
    }
    let start = isShort ? 10 : 12
    // An `O` stands in no key of the header, so that only types have one. Object arrays are short of text.
    let text = String(decoding: head.dropFirst(start).prefix(count), as: UTF8.self)
    return (text, start + count)
  }
}
