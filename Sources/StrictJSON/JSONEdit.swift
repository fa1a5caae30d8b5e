/// Changes single members of a JSON document and keeps every other byte: order, spaces and line ends.
///
/// The document must have been parsed; nothing is checked twice.
package struct JSONEdit {
  package private(set) var bytes: [UInt8]

  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// A value as Python's `json.dumps(value, indent=2)` writes it inside `depth` objects; this is the form of files that
  /// Hugging Face's libraries write.
  package static func text(_ value: JSONValue, depth: Int) throws(JSONError) -> String {
    let (open, close, items): (String, String, [String])
    switch value {
    case .array(let list) where !list.isEmpty:
      (open, close) = ("[", "]")
      items = try list.map { (item) throws(JSONError) in try text(item, depth: depth + 1) }
    case .object(let object) where !object.members.isEmpty:
      (open, close) = ("{", "}")
      items = try object.members.map { (member) throws(JSONError) in
        try "\"\(JSONWriter.escaped(member.key))\": \(text(member.value, depth: depth + 1))"
      }
    default: return try JSONWriter.text(value, layout: .compact)
    }
    let space = String(repeating: "  ", count: depth)
    return open + items.map { "\n\(space)  \($0)" }.joined(separator: ",") + "\n\(space)\(close)"
  }

  /// Replaces the value of a member. `path` names the objects around it, then the key.
  ///
  /// Returns false if there is no such member.
  package mutating func replace(_ path: [String], with text: String) -> Bool {
    guard let member = member(path) else { return false }
    bytes.replaceSubrange(member.value, with: text.utf8)
    return true
  }

  /// Inserts a member after another one of the same object, with the same space before it.
  ///
  /// Returns false if there is no such member.
  package mutating func insert(_ key: String, _ text: String, after path: [String]) -> Bool {
    guard let member = member(path) else { return false }
    let space = bytes[..<member.key.lowerBound].reversed().prefix(while: Self.isSpace).reversed()
    bytes.insert(
      contentsOf: Array(",".utf8) + space + Array("\"\(JSONWriter.escaped(key))\": \(text)".utf8),
      at: member.value.upperBound)
    return true
  }

  private typealias Member = (key: Range<Int>, value: Range<Int>)

  private func member(_ path: [String]) -> Member? {
    var start = skipSpace(0)
    for (depth, key) in path.enumerated() {
      guard let found = member(key, ofObjectAt: start) else { return nil }
      if depth == path.count - 1 { return found }
      start = found.value.lowerBound
    }
    return nil
  }

  private func member(_ key: String, ofObjectAt start: Int) -> Member? {
    guard byte(start) == UInt8(ascii: "{") else { return nil }
    let wanted = Array("\"\(JSONWriter.escaped(key))\"".utf8)
    var place = skipSpace(start + 1)
    while byte(place) == UInt8(ascii: "\"") {
      let keyRange = place..<endOfValue(place)
      // Behind the key and the colon.
      let valueStart = skipSpace(skipSpace(keyRange.upperBound) + 1)
      let value = valueStart..<endOfValue(valueStart)
      if bytes[keyRange].elementsEqual(wanted) { return (keyRange, value) }
      place = skipSpace(value.upperBound)
      guard byte(place) == UInt8(ascii: ",") else { return nil }
      place = skipSpace(place + 1)
    }
    return nil
  }

  /// The end of the value that begins at `start`.
  private func endOfValue(_ start: Int) -> Int {
    var depth = 0
    var place = start
    var isText = false
    while let byte = byte(place) {
      if isText {
        if byte == UInt8(ascii: "\\") { place += 1 } else if byte == UInt8(ascii: "\"") { isText = false }
        if !isText, depth == 0 { return place + 1 }
      } else {
        switch byte {
        case UInt8(ascii: "\""): isText = true
        case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
          if depth == 0 { return place }
          depth -= 1
          if depth == 0 { return place + 1 }
        case UInt8(ascii: ","), UInt8(ascii: ":"): if depth == 0 { return place }
        default: if depth == 0, Self.isSpace(byte) { return place }
        }
      }
      place += 1
    }
    return min(place, bytes.count)
  }

  private func skipSpace(_ start: Int) -> Int {
    var place = start
    while let byte = byte(place), Self.isSpace(byte) { place += 1 }
    return place
  }

  private func byte(_ place: Int) -> UInt8? { bytes.indices.contains(place) ? bytes[place] : nil }

  private static func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }
}
