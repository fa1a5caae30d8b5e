/// The members of an object, in order, no key twice.
public struct JSONObject: Hashable, Sendable {
  /// The members as they stand in the text.
  public private(set) var members: [JSONMember]

  /// An object without members.
  public init() { members = [] }

  /// An object with these members; nil when two keys have the same bytes.
  public init?(_ members: [JSONMember]) {
    guard JSONObject.repeatedKey(in: members) == nil else { return nil }
    self.members = members
  }

  /// Members whose keys the parser has found distinct.
  init(distinct members: [JSONMember]) { self.members = members }

  /// The value of a key, found by going through the members; setting replaces it in place or appends it, setting
  /// nil removes it.
  public subscript(key: String) -> JSONValue? {
    get { members.first { $0.hasKey(key) }?.value }
    set {
      let place = members.firstIndex { $0.hasKey(key) }
      switch (place, newValue) {
      case (let place?, let value?): members[place] = JSONMember(key: key, value: value)
      case (let place?, nil): members.remove(at: place)
      case (nil, let value?): members.append(JSONMember(key: key, value: value))
      case (nil, nil): break
      }
    }
  }

  /// Whether the object has no members.
  public var isEmpty: Bool { members.isEmpty }

  /// The index of the first member whose key came before; nil when all are distinct.
  static func repeatedKey(in members: [JSONMember]) -> Int? {
    // Most objects are small, and comparing is cheaper than hashing there.
    if members.count <= 8 {
      for index in members.indices.dropFirst() {
        for earlier in 0..<index where members[earlier].hasKey(members[index].key) { return index }
      }
      return nil
    }
    var seen = Set<UTF8Key>(minimumCapacity: members.count)
    return members.firstIndex { !seen.insert(UTF8Key($0.key)).inserted }
  }
}

/// One member of an object.
public struct JSONMember: Hashable, Sendable {
  /// The key, compared by its UTF-8 bytes.
  public let key: String
  /// The value.
  public let value: JSONValue

  /// A member.
  public init(key: String, value: JSONValue) {
    self.key = key
    self.value = value
  }

  func hasKey(_ other: String) -> Bool { haveSameBytes(key, other) }

  /// Whether two values are the same, texts byte for byte.
  public static func == (a: Self, b: Self) -> Bool { a.hasKey(b.key) && a.value == b.value }

  /// Feeds what `==` compares.
  public func hash(into hasher: inout Hasher) {
    UTF8Key(key).hash(into: &hasher)
    hasher.combine(value)
  }
}
