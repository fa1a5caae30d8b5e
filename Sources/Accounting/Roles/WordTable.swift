internal import Tensors

/// A few words that are looked up in tens of thousands of names, first by length, then byte by byte.
struct WordTable {
  private var words: [[[UInt8]]] = []

  init(_ words: [String]) {
    for word in words.map({ Array($0.utf8) }) {
      while self.words.count <= word.count { self.words.append([]) }
      self.words[word.count].append(word)
    }
  }

  /// Whether a component is one of the words.
  func contains(_ component: ArraySlice<UInt8>) -> Bool {
    component.count < words.count && words[component.count].contains { $0.elementsEqual(component) }
  }

  /// Whether a component ends in one of the words.
  func endsAny(_ component: ArraySlice<UInt8>) -> Bool {
    for length in words.indices where length <= component.count && !words[length].isEmpty {
      let end = component.suffix(length)
      if words[length].contains(where: { $0.elementsEqual(end) }) { return true }
    }
    return false
  }
}

/// The components of a name, in lower case: split at dots, slashes and colons.
struct NameComponents {
  private(set) var list: [ArraySlice<UInt8>] = []

  init(_ name: TensorName) {
    let bytes = name.text.utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
    var start = 0
    for index in 0...bytes.count {
      let isEnd = index == bytes.count || bytes[index] == 0x2E || bytes[index] == 0x2F || bytes[index] == 0x3A
      guard isEnd else { continue }
      if index > start { list.append(bytes[start..<index]) }
      start = index + 1
    }
  }

  /// A component as text.
  static func text(_ component: ArraySlice<UInt8>) -> String { String(decoding: component, as: UTF8.self) }
}
