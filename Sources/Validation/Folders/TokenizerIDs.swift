internal import StrictJSON

/// The largest id of a token in a tokenizer's file.
struct TokenizerID {
  /// The place in the file.
  let place: String
  let token: String
  let id: Int
  /// Whether the token was added to a finished vocabulary.
  let isAdded: Bool

  /// The largest ids in a `tokenizer.json`: in the model's vocabulary, and among the added tokens.
  static func inTokenizer(_ document: JSONObject) -> [TokenizerID] {
    var found: [TokenizerID] = []
    if case .object(let model)? = document["model"], let vocabulary = model["vocab"] {
      found += inVocabulary(vocabulary, place: "model.vocab").map { [$0] } ?? []
    }
    guard case .array(let added)? = document["added_tokens"] else { return found }
    let ids = added.compactMap { item -> (String, Int)? in
      guard case .object(let token) = item, case .integer(let id)? = token["id"] else { return nil }
      guard case .string(let content)? = token["content"] else { return ("", Int(id)) }
      return (content, Int(id))
    }
    if let last = ids.max(by: { $0.1 < $1.1 }) {
      found.append(TokenizerID(place: "added_tokens", token: last.0, id: last.1, isAdded: true))
    }
    return found
  }

  /// The largest id in an object from tokens to ids, or in a list of tokens (Unigram).
  static func inVocabulary(_ value: JSONValue, place: String, isAdded: Bool = false) -> TokenizerID? {
    switch value {
    case .array(let tokens):
      var token = ""
      if case .array(let last)? = tokens.last, case .string(let text)? = last.first { token = text }
      return TokenizerID(place: place, token: token, id: tokens.count - 1, isAdded: isAdded)
    case .object(let object):
      var largest: (token: String, id: Int64)?
      for member in object.members {
        guard case .integer(let id) = member.value, id > largest?.id ?? -1 else { continue }
        largest = (member.key, id)
      }
      return largest.map { TokenizerID(place: place, token: $0.token, id: Int($0.id), isAdded: isAdded) }
    default: return nil
    }
  }

  /// The largest id in a `vocab.txt`, which has a token on each line.
  static func inLines(_ bytes: [UInt8]) -> TokenizerID? {
    let ends = bytes.count { $0 == UInt8(ascii: "\n") }
    let lines = ends + (bytes.last == UInt8(ascii: "\n") || bytes.isEmpty ? 0 : 1)
    return lines == 0 ? nil : TokenizerID(place: "line \(lines)", token: "", id: lines - 1, isAdded: false)
  }

  /// The largest id in a SentencePiece model, a protobuf message whose field 1 is a piece; nil if it is none. Some
  /// tokenizers add an offset, so the ids of a model may be larger.
  static func inPieces(_ bytes: [UInt8]) -> TokenizerID? {
    var place = 0
    func varint() -> UInt64? {
      var value: UInt64 = 0
      for shift in stride(from: UInt64(0), to: 64, by: 7) {
        guard place < bytes.count else { return nil }
        let byte = bytes[place]
        place += 1
        value |= UInt64(byte & 0x7F) << shift
        if byte < 0x80 { return value }
      }
      return nil
    }
    var pieces = 0
    while place < bytes.count {
      guard let key = varint() else { return nil }
      let size: Int?
      switch key & 7 {
      case 0: size = varint().map { _ in 0 }
      case 1: size = 8
      case 2: size = varint().flatMap { Int(exactly: $0) }
      case 5: size = 4
      default: size = nil
      }
      guard let size, size <= bytes.count - place else { return nil }
      if key == 1 << 3 | 2 { pieces += 1 }
      place += size
    }
    return pieces == 0
      ? nil : TokenizerID(place: "piece \(pieces)", token: "", id: pieces - 1, isAdded: false)
  }
}
