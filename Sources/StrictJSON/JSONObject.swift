/// The members of an object, in order, with distinct keys.
public struct JSONObject: Hashable, Sendable {
  /// The members in the order of the text.
  public private(set) var members: [JSONMember]

  /// An object without members.
  public init() { members = [] }

  /// An object with these members; nil if two keys have the same bytes.
  public init?(_ members: [JSONMember]) {
    guard JSONObject.repeatedKey(in: members) == nil else { return nil }
    self.members = members
  }

  /// An object with members that the parser has found to have distinct keys.
  init(distinct members: [JSONMember]) { self.members = members }

  /// The value of a key, found by a linear search; nil if the object lacks the key. Setting a value replaces it in
  /// place or appends it; setting nil removes it.
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

  /// The index of the first member whose key occurs earlier; nil if all keys are distinct.
  static func repeatedKey(in members: [JSONMember]) -> Int? {
    // Most objects are small; for these, comparing takes less time than hashing.
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
  /// The value; members may have any kind of value.
  public let value: JSONValue

  /// A member with a key and a value.
  public init(key: String, value: JSONValue) {
    self.key = key
    self.value = value
  }

  func hasKey(_ other: String) -> Bool { haveSameBytes(key, other) }

  /// Whether two members are equal; texts are compared byte for byte.
  public static func == (a: Self, b: Self) -> Bool { a.hasKey(b.key) && a.value == b.value }

  /// Hashes the same parts that `==` compares.
  public func hash(into hasher: inout Hasher) {
    UTF8Key(key).hash(into: &hasher)
    hasher.combine(value)
  }
}
