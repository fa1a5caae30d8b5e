/// Searches in names, which are short and asked for many times: `contains` and `replacing` of the standard library make a
/// searcher for each call, which took a third of the conversion of 10,000 tensors.
extension StringProtocol {
  /// Whether a word, in ASCII, stands anywhere in the text.
  func has(_ word: StaticString) -> Bool { place(of: word) != nil }

  /// The text without a word, in ASCII, wherever it stands.
  func without(_ word: StaticString) -> String {
    guard var place = place(of: word) else { return String(self) }
    var bytes = Array(utf8)
    while true {
      bytes.removeSubrange(place..<place + word.utf8CodeUnitCount)
      let text = String(decoding: bytes, as: UTF8.self)
      guard let next = text.place(of: word) else { return text }
      place = next
    }
  }

  private func place(of word: StaticString) -> Int? {
    let pattern = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
    let place = utf8.withContiguousStorageIfAvailable { text in
      guard text.count >= pattern.count else { return -1 }
      return (0...text.count - pattern.count).first { start in
        pattern.indices.allSatisfy { text[start + $0] == pattern[$0] }
      } ?? -1
    }
    guard let place else { return String(self).nativePlace(of: word) }
    return place < 0 ? nil : place
  }

  private func nativePlace(of word: StaticString) -> Int? {
    var native = String(self)
    native.makeContiguousUTF8()
    return native.utf8.count < word.utf8CodeUnitCount ? nil : native[...].place(of: word)
  }
}
