import TestSupport
import Validation

extension RuleFixture {
  /// A PyTorch file, with a change.
  private static func pytorch(
    _ rule: RuleID, _ label: String, _ name: String, severity: Severity = .error, says words: String...,
    by change: @escaping @Sendable (inout [UInt8]) -> Void = { _ in }
  ) -> RuleFixture {
    RuleFixture(rule: rule, severity: severity, label: "PyTorch: \(label)", words: words) { folder in
      var bytes = try TemporaryFolder.bytes(of: "\(SourceFolder.fixtures)/pytorch/\(name)")
      change(&bytes)
      return try folder.write(bytes, as: name)
    }
  }

  /// Files that PyTorch reads without a message, and others that it does not read.
  static let pytorch = [
    pytorch(
      .pickleGlobals, "a class that makes plain data", "lightning.ckpt", severity: .note,
      says: "argparse.Namespace"),
    pytorch(.unexamined, "a sparse tensor", "foreign.pt", severity: .warning, says: "'sparse'"),
    RuleFixture(rule: .format, severity: .error, label: "PyTorch: named safetensors", words: ["pytorch"]) {
      folder in
      let bytes = try TemporaryFolder.bytes(of: "\(SourceFolder.fixtures)/pytorch/ties.pt")
      return try folder.write(bytes, as: "m.safetensors")
    },
    RuleFixture(
      rule: .pickleGlobals, severity: .error, label: "PyTorch: a pickle that runs a command",
      words: ["posix.system"]
    ) { folder in
      try folder.write([0x80, 2] + Array("cposix\nsystem\n(U\u{4}truetR.".utf8), as: "m.pkl")
    },
    pytorch(.strides, "a row four times", "views.pt", severity: .warning, says: "'expanded'", "[0, 1]"),
    pytorch(.strides, "windows", "views-legacy.pt", severity: .warning, says: "'windows'", "[2, 1]"),
    pytorch(.tiles, "a slice of a storage", "slice.pt", severity: .note, says: "storage '0'", "360 that"),
    pytorch(.tiles, "bytes after the storages", "ties-legacy.pt", severity: .warning, says: "3 more bytes") {
      $0 += [1, 2, 3]
    },
    pytorch(.tiles, "a storage cut off", "ties-legacy.pt", says: "cut off") { $0.removeLast(3) },
    pytorch(.structure, "bytes after the archive", "ties.pt", says: "comment") { $0 += [1] },
    pytorch(.structure, "cut off", "ties.pt", says: "interrupted download") { $0.removeLast(1000) },
    pytorch(.structure, "another name in a local header", "ties.pt", says: "'ties/dat0/0'") {
      $0.replaceFirst(Array("ties/data/0FB".utf8), by: Array("ties/dat0/0".utf8))
    },
    pytorch(.names, "two members of one name", "ties.pt", says: "'ties/data/0'", "twice") { bytes in
      for _ in 0..<2 { bytes.replaceFirst(Array("ties/data/1".utf8), by: Array("ties/data/0".utf8)) }
    },
    pytorch(.memberChecksum, "a flipped byte of a storage", "ties.pt", says: "CRC-32") { bytes in
      bytes.flipByte(after: Array("ties/data/2FB".utf8), by: 64)
    },
  ]
}

extension [UInt8] {
  fileprivate mutating func replaceFirst(_ old: [UInt8], by new: [UInt8]) {
    guard let place = indices.first(where: { self[$0...].starts(with: old) }) else { return }
    replaceSubrange(place..<(place + new.count), with: new)
  }

  /// Changes the first byte at a multiple of `alignment` after `mark`.
  fileprivate mutating func flipByte(after mark: [UInt8], by alignment: Int) {
    guard let place = indices.first(where: { self[$0...].starts(with: mark) }) else { return }
    self[(place / alignment + 1) * alignment] ^= 1
  }
}
