package import ByteFiles
internal import Tensors

/// Distinguishes the files of a source from others whose tensors have the same names, dtypes and shapes.
///
/// It is XXH3 over the sizes of the files and over samples of their bytes, because a part reads the bytes of its own
/// tensors alone. A change outside the samples is not seen. Paths and times do not enter, so copies of the files have
/// the same fingerprint.
package struct SourceFingerprint: Sendable, Equatable {
  private let value: UInt64

  /// The bytes of one sample.
  static let windowBytes = 4096
  /// The most samples of one file.
  private static let windowLimit = 64
  /// The samples of all files together. A file of a larger set still has `leastWindows`.
  private static let windowBudget = 4096
  private static let leastWindows = 8

  package init(_ value: UInt64) { self.value = value }

  /// The fingerprint of some files, which are opened one after the other.
  ///
  /// - Parameters:
  ///   - root: the part of names below which tensors were taken; two roots of one file can have tensors of the same
  ///     names and shapes.
  ///   - file: opens a file by its number; the order of the files must not depend on the machine.
  package init(root: String?, count: Int, file: (Int) throws -> ReadableFile) throws {
    let checksum = RunChecksum()
    func add(_ number: Int) {
      withUnsafeBytes(of: UInt64(number).littleEndian) { checksum.update($0) }
    }
    let root = Array((root ?? "").utf8)
    add(root.count)
    root.withUnsafeBytes { checksum.update($0) }
    add(count)
    let most = Self.windowCount(files: count)
    for number in 0..<count {
      let file = try file(number)
      add(file.size)
      for window in Self.windows(size: file.size, most: most) {
        try file.bytes(at: window.lowerBound, count: window.count).withUnsafeBytes { checksum.update($0) }
      }
    }
    value = checksum.finish()
  }

  /// The most samples of each of `count` files.
  static func windowCount(files count: Int) -> Int {
    max(leastWindows, min(windowLimit, windowBudget / max(count, 1)))
  }

  /// The sampled bytes of a file: all of a small one, otherwise `most` windows from its first to its last byte.
  static func windows(size: Int, most: Int) -> [Range<Int>] {
    if size <= most * windowBytes {
      return stride(from: 0, to: size, by: windowBytes).map { $0..<min($0 + windowBytes, size) }
    }
    return (0..<most).map { number in
      // A sparse file can have 2⁶³ − 1 bytes.
      let start = (most - 1).dividingFullWidth((size - windowBytes).multipliedFullWidth(by: number)).quotient
      return start..<start + windowBytes
    }
  }

  // MARK: The text in a file

  /// 16 hexadecimal digits.
  var text: String { hex(value) }

  /// Reads `text`; nil for anything else.
  init?(_ text: String) {
    guard let value = UInt64(text, radix: 16), hex(value) == text else { return nil }
    self.value = value
  }
}
