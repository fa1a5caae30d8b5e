/// A name as people sort it: digits are compared as numbers, so that `ffn2` comes before `ffn10`.
struct NaturalOrder: Comparable {
  private enum Piece: Comparable {
    case number(digits: Int, text: [UInt8])
    case text([UInt8])

    static func < (a: Self, b: Self) -> Bool {
      switch (a, b) {
      case (.number(let count, let left), .number(let other, let right)):
        count == other ? left.lexicographicallyPrecedes(right) : count < other
      case (.text(let left), .text(let right)): left.lexicographicallyPrecedes(right)
      case (.number, .text): true
      case (.text, .number): false
      }
    }
  }

  private let pieces: [Piece]

  init(_ name: String) {
    var pieces: [Piece] = []
    var rest = Array(name.utf8)[...]
    func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    while let first = rest.first {
      let run = rest.prefix { isDigit($0) == isDigit(first) }
      // Numbers may have any length: the one with more digits, without leading zeros, is larger.
      let digits = run.drop { $0 == 0x30 }
      pieces.append(isDigit(first) ? .number(digits: digits.count, text: Array(digits)) : .text(Array(run)))
      rest = rest[run.endIndex...]
    }
    self.pieces = pieces
  }

  static func < (a: Self, b: Self) -> Bool { a.pieces.lexicographicallyPrecedes(b.pieces) }
}
