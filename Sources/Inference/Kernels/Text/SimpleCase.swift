/// Case mappings of one scalar to one scalar: Unicode's simple mappings, as C's `towlower` and `towupper` have them.
///
/// Swift has only the full mappings, which may give several scalars ("ß" becomes "SS"). A scalar whose full mapping has
/// several scalars has no simple one, with two exceptions: U+0130, and Greek letters with an iota below, whose simple
/// uppercase is their titlecase.
extension Unicode.Scalar {
  var simpleLowercase: Unicode.Scalar {
    if value < 0x80 { return (0x41...0x5A).contains(value) ? Unicode.Scalar(UInt8(value + 0x20)) : self }
    return value == 0x130 ? "i" : Self.only(properties.lowercaseMapping) ?? self
  }

  var simpleUppercase: Unicode.Scalar {
    if value < 0x80 { return (0x61...0x7A).contains(value) ? Unicode.Scalar(UInt8(value - 0x20)) : self }
    return Self.only(properties.uppercaseMapping) ?? Self.only(properties.titlecaseMapping) ?? self
  }

  /// All scalars that are equal to this one if case is ignored, by Unicode's simple case folding; often only itself.
  var caseOrbit: [Unicode.Scalar] { Self.orbits[folded] ?? [self] }

  /// The same for all scalars of an orbit. The dotted and the dotless i of Turkish fold to themselves.
  private var folded: Unicode.Scalar {
    value == 0x130 || value == 0x131 ? self : simpleUppercase.simpleLowercase
  }

  /// The orbits of several scalars.
  private static let orbits: [Unicode.Scalar: [Unicode.Scalar]] = {
    var orbits: [Unicode.Scalar: [Unicode.Scalar]] = [:]
    // Every scalar with case is below U+1F000; the mappings themselves are slow.
    for scalar in (0..<0x1F000).lazy.compactMap({ Unicode.Scalar(UInt32($0)) })
    where scalar.properties.changesWhenCaseMapped {
      let folded = scalar.folded
      orbits[folded, default: []].append(scalar)
    }
    return orbits.filter { $0.value.count > 1 }
  }()

  private static func only(_ text: String) -> Unicode.Scalar? {
    let scalars = text.unicodeScalars
    return scalars.count == 1 ? scalars.first : nil
  }
}

extension String {
  /// The text with a mapping of single scalars.
  func mapped(_ mapping: (Unicode.Scalar) -> Unicode.Scalar) -> String {
    var result = UnicodeScalarView()
    result.append(contentsOf: unicodeScalars.lazy.map(mapping))
    return String(result)
  }
}
