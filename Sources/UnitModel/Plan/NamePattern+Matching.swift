extension NamePattern {
  /// The fixed cost of trying a pattern on a name, in comparisons of bytes.
  private static let callWork = 12

  /// The texts that the wildcards match in a name; nil if the pattern does not match.
  ///
  /// - Parameter work: increased by the work, in comparisons of bytes.
  func match(_ name: UnsafeBufferPointer<UInt8>, work: inout Int) -> Captures? {
    var captures: Captures? = Captures()
    return matches(name, work: &work, captures: &captures) ? captures : nil
  }

  /// Whether the pattern matches a name.
  func matches(_ name: UnsafeBufferPointer<UInt8>, work: inout Int) -> Bool {
    var unwanted: Captures?
    return matches(name, work: &work, captures: &unwanted)
  }

  private func matches(
    _ name: UnsafeBufferPointer<UInt8>, work: inout Int, captures: inout Captures?
  ) -> Bool {
    work += Self.callWork
    // Literals at the ends have a fixed place, and most names do not have them.
    var middle = tokens[...]
    var low = 0
    var high = name.count
    if case .literal(let bytes) = middle.first {
      guard Self.has(name, bytes, at: 0, work: &work) else { return false }
      low = bytes.count
      middle.removeFirst()
    }
    if case .literal(let bytes) = middle.last {
      guard bytes.count <= high - low, Self.has(name, bytes, at: high - bytes.count, work: &work) else {
        return false
      }
      high -= bytes.count
      middle.removeLast()
    }
    if middle.isEmpty { return low == high }
    if name.count > NamePattern.lengthLimit { return false }
    let rest = UnsafeBufferPointer(rebasing: name[low..<high])
    return withUnsafeTemporaryAllocation(of: UInt64.self, capacity: rest.count + 1) { reach in
      WildcardTable(middle, of: rest, reach: reach).match(work: &work, captures: &captures)
    }
  }

  /// Whether the name has `bytes` at `position`.
  fileprivate static func has(
    _ name: UnsafeBufferPointer<UInt8>, _ bytes: [UInt8], at position: Int, work: inout Int
  ) -> Bool {
    guard bytes.count <= name.count - position else { return false }
    var index = 0
    while index < bytes.count, name[position + index] == bytes[index] { index += 1 }
    work += index + 1
    return index == bytes.count
  }
}

/// For each byte of a name, the tokens of the pattern that can match from there on: one word for each byte, one bit for
/// each token.
///
/// It is filled from the end of the name, then read from its start, so nothing is tried twice. The time is the name's
/// length times the number of literals, whatever the wildcards are.
private struct WildcardTable {
  private let name: UnsafeBufferPointer<UInt8>
  private let tokens: ArraySlice<NamePattern.Token>
  /// Bit t of `reach[p]` is set if the tokens from t on match the bytes from p on.
  private let reach: UnsafeMutableBufferPointer<UInt64>
  private let literals: [(bit: Int, bytes: [UInt8])]
  private let stars: UInt64
  private let components: UInt64

  /// A table in `reach`, which must have one word for each byte of the name and one for its end.
  init(
    _ tokens: ArraySlice<NamePattern.Token>, of name: UnsafeBufferPointer<UInt8>,
    reach: UnsafeMutableBufferPointer<UInt64>
  ) {
    self.name = name
    self.tokens = tokens
    self.reach = reach
    var literals: [(bit: Int, bytes: [UInt8])] = []
    var stars: UInt64 = 0
    var components: UInt64 = 0
    // With at most 16 wildcards and 17 literals, 33 tokens and the end fit into a word.
    for (bit, token) in tokens.enumerated() {
      switch token {
      case .literal(let bytes): literals.append((bit, bytes))
      case .anything: stars |= 1 << UInt64(bit)
      case .component: components |= 1 << UInt64(bit)
      }
    }
    self.literals = literals
    self.stars = stars
    self.components = components
  }

  func match(work: inout Int, captures: inout NamePattern.Captures?) -> Bool {
    fill(work: &work)
    guard reach[0] & 1 != 0 else { return false }
    if captures != nil { captures = walk(work: &work) }
    return true
  }

  private func fill(work: inout Int) {
    // Wildcards that began before a byte and can end at it or later.
    var open: UInt64 = 0
    for position in stride(from: name.count, through: 0, by: -1) {
      let isEnd = position == name.count
      let going = isEnd ? 0 : isSeparator(name[position]) ? open & stars : open
      // The tokens that match a byte here. Two stars are never neighbours, so one step adds the tokens that match no
      // byte.
      var here = going & (components | stars)
      if isEnd { here |= 1 << UInt64(tokens.count) }
      for (bit, bytes) in literals where !isEnd && bytes[0] == name[position] {
        guard bytes.count <= name.count - position,
          reach[position + bytes.count] >> UInt64(bit + 1) & 1 != 0,
          NamePattern.has(name, bytes, at: position, work: &work)
        else { continue }
        here |= 1 << UInt64(bit)
      }
      open = going
      if isBoundary(position) {
        here |= here >> 1 & stars
        open |= here >> 1 & (components | stars)
      }
      reach[position] = here
    }
    work += (name.count + 1) * (literals.count + 1)
  }

  /// Lets each wildcard, from left to right, match as little as possible while the rest still matches.
  private func walk(work: inout Int) -> NamePattern.Captures {
    var captures = NamePattern.Captures()
    var position = 0
    for (bit, token) in tokens.enumerated() {
      let start = position
      switch token {
      case .literal(let bytes):
        position += bytes.count
        continue
      case .component: position += 1
      case .anything: break
      }
      while position < name.count, !(isBoundary(position) && reach[position] >> UInt64(bit + 1) & 1 != 0) {
        position += 1
      }
      let taken = String(decoding: name[start..<position], as: UTF8.self)
      if token == .component { captures.components.append(taken) } else { captures.stars.append(taken) }
    }
    work += name.count
    return captures
  }

  private func isSeparator(_ byte: UInt8) -> Bool { byte == UInt8(ascii: ".") || byte == UInt8(ascii: "/") }

  /// Whether a character begins here; a wildcard never matches half a character.
  private func isBoundary(_ position: Int) -> Bool {
    position == name.count || name[position] & 0xC0 != 0x80
  }
}
