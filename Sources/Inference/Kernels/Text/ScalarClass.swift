/// A class of scalars in a regular expression, such as `[a-z]` or `\pL`.
struct ScalarClass {
  /// Ranges of scalars and general categories; negated, the other scalars.
  struct Part {
    var ranges: [ClosedRange<UInt32>] = []
    var categories: Categories = []
    var isNegated = false

    /// In the order of their first scalars, so that `contains` can search them.
    fileprivate func sorted() -> Part {
      var part = self
      part.ranges.sort { $0.lowerBound < $1.lowerBound }
      var merged: [ClosedRange<UInt32>] = []
      for range in part.ranges {
        if let last = merged.last, range.lowerBound <= last.upperBound {
          merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
        } else {
          merged.append(range)
        }
      }
      part.ranges = merged
      return part
    }

    fileprivate func contains(_ scalar: Unicode.Scalar) -> Bool {
      var (low, high) = (0, ranges.count)
      while low < high {
        let middle = (low + high) / 2
        if ranges[middle].upperBound < scalar.value { low = middle + 1 } else { high = middle }
      }
      if low < ranges.count, ranges[low].lowerBound <= scalar.value { return true }
      return !categories.isEmpty && categories.contains(Categories(scalar.properties.generalCategory))
    }
  }

  private let parts: [Part]
  private let isNegated: Bool
  private let ignoresCase: Bool

  init(_ parts: [Part], isNegated: Bool = false, ignoresCase: Bool = false) {
    // One search in all parts that are not negated.
    var joined = Part()
    for part in parts where !part.isNegated {
      joined.ranges += part.ranges
      joined.categories.formUnion(part.categories)
    }
    self.parts = ([joined] + parts.filter(\.isNegated)).map { $0.sorted() }
    self.isNegated = isNegated
    self.ignoresCase = ignoresCase
  }

  /// The number of searches for one scalar.
  var cost: Int { parts.count }

  /// If case is ignored, a part contains a scalar if it contains one that differs only in case.
  func contains(_ scalar: Unicode.Scalar) -> Bool {
    let orbit = ignoresCase ? scalar.caseOrbit : [scalar]
    return parts.contains { part in orbit.contains(where: part.contains) != part.isNegated } != isNegated
  }
}

/// A set of Unicode's general categories.
struct Categories: OptionSet {
  let rawValue: UInt32

  init(rawValue: UInt32) { self.rawValue = rawValue }

  init(_ category: Unicode.GeneralCategory) {
    rawValue = Self.names.firstIndex { $0.category == category }.map { 1 << UInt32($0) } ?? 0
  }

  /// The categories whose names begin with `name`; nil if there is none. Unassigned scalars have no category here, as in
  /// RE2.
  init?(named name: String) {
    let found = Self.names.indices.filter { Self.names[$0].name.hasPrefix(name) }
    guard !found.isEmpty, name.utf8.count <= 2 else { return nil }
    rawValue = found.reduce(0) { $0 | 1 << UInt32($1) }
  }

  private static let names: [(name: String, category: Unicode.GeneralCategory)] = [
    ("Lu", .uppercaseLetter), ("Ll", .lowercaseLetter), ("Lt", .titlecaseLetter), ("Lm", .modifierLetter),
    ("Lo", .otherLetter), ("Mn", .nonspacingMark), ("Mc", .spacingMark), ("Me", .enclosingMark),
    ("Nd", .decimalNumber), ("Nl", .letterNumber), ("No", .otherNumber), ("Pc", .connectorPunctuation),
    ("Pd", .dashPunctuation), ("Ps", .openPunctuation), ("Pe", .closePunctuation),
    ("Pi", .initialPunctuation),
    ("Pf", .finalPunctuation), ("Po", .otherPunctuation), ("Sm", .mathSymbol), ("Sc", .currencySymbol),
    ("Sk", .modifierSymbol), ("So", .otherSymbol), ("Zs", .spaceSeparator), ("Zl", .lineSeparator),
    ("Zp", .paragraphSeparator), ("Cc", .control), ("Cf", .format), ("Cs", .surrogate), ("Co", .privateUse),
  ]
}

extension ScalarClass.Part {
  static func ascii(_ ranges: ClosedRange<UInt8>...) -> Self {
    Self(ranges: ranges.map { UInt32($0.lowerBound)...UInt32($0.upperBound) })
  }

  static let everything = Self(ranges: [0...0x10FFFF])

  /// `\d`, `\s` and `\w`, by their letters: only ASCII, as in RE2.
  static let perl: [Unicode.Scalar: Self] = [
    "d": ascii(0x30...0x39), "s": ascii(0x09...0x0A, 0x0C...0x0D, 0x20...0x20), "w": word,
  ]

  /// `[:alpha:]` and so on.
  static let posix: [String: Self] = [
    "alnum": ascii(0x30...0x39, 0x41...0x5A, 0x61...0x7A), "alpha": ascii(0x41...0x5A, 0x61...0x7A),
    "ascii": ascii(0...0x7F), "blank": ascii(0x09...0x09, 0x20...0x20), "cntrl": ascii(0...0x1F, 0x7F...0x7F),
    "digit": ascii(0x30...0x39), "graph": ascii(0x21...0x7E), "lower": ascii(0x61...0x7A),
    "print": ascii(0x20...0x7E), "punct": ascii(0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E),
    "space": ascii(0x09...0x0D, 0x20...0x20), "upper": ascii(0x41...0x5A), "word": word,
    "xdigit": ascii(0x30...0x39, 0x41...0x46, 0x61...0x66),
  ]

  private static let word = ascii(0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A)
}
