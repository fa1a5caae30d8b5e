/// The number of terminal columns that a text takes.
enum DisplayWidth {
  /// Characters whose East Asian Width (Unicode Standard Annex 11) is wide or fullwidth, and emoji that terminals draw
  /// as wide.
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x231A...0x231B, 0x23E9...0x23EC, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4E00...0xA4CF,
    0xA960...0xA97C, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6,
    0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1FAFF, 0x20000...0x3FFFD,
  ]

  /// The columns of a text.
  static func columns(of text: String) -> Int {
    // Names are nearly always ASCII, and tables can have tens of thousands of names.
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
    return text.reduce(0) { $0 + columns(of: $1) }
  }

  /// The columns of one displayed character: 2 if its first scalar is wide, else 1.
  static func columns(of character: Character) -> Int {
    guard let first = character.unicodeScalars.first?.value, first >= 0x1100 else { return 1 }
    return wide.contains { $0.contains(first) } ? 2 : 1
  }
}
