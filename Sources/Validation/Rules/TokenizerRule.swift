internal import Planning
internal import StrictJSON
internal import Tensors

/// Every token of the tokenizer, and every token that a configuration names, has a row in the embedding.
///
/// An embedding may have more rows than the tokenizer has tokens. A token that was added without a row fails only if a
/// text has it, so it is a warning.
enum TokenizerRule: ValidationRule {
  static let summary = "Every token of a model's folder has a row in the embedding."
  static let subjects: RuleSubjects = .folder
  static let advice =
    "Resize the embedding of the model to the tokenizer, or use the tokenizer of this model."

  static func findings(in subject: FolderSubject) -> [Finding] {
    let tokens = Self.tokens(of: subject)
    guard let (tensor, rows) = subject.check?.vocabulary else {
      if tokens.isEmpty || subject.check == nil { return [] }
      return [
        subject.finding(
          .unexamined, subject.note, tokens[0].name, "",
          "expected an embedding with vocab_size rows, found none: the tokenizer is not compared")
      ]
    }
    let limit = "expected ids below \(rows), the rows of tensor \(tensor.quoted), found"
    var findings: [Finding] = []
    for (name, token) in tokens where token.id >= rows {
      findings.append(
        subject.finding(
          .tokenizer, token.isAdded ? .warning : .error, name, token.place,
          "\(limit) \(token.id)" + (token.token.isEmpty ? "" : " for \(TensorName(token.token).quoted)")))
    }
    for name in ["config.json", "generation_config.json"] {
      for (key, id) in Self.ids(in: subject.document(name)) where id >= rows {
        // Some embeddings cannot be built with a padding row that they lack. Other ids are only never produced.
        let isPadding = key == "pad_token_id" && name == "config.json"
        findings.append(
          subject.finding(
            .tokenizer, isPadding && (subject.check?.padsByRow ?? false) ? .error : .note, name, key,
            "\(limit) \(id)"))
      }
    }
    return findings
  }

  /// The ids of tokens in a configuration, by key.
  private static func ids(in document: JSONObject?) -> [(key: String, id: Int)] {
    let keys = [
      "bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id", "image_token_index",
      "image_token_id", "video_token_id", "audio_token_id",
    ]
    return keys.flatMap { key -> [(String, Int)] in
      let values: [JSONValue]
      switch document?[key] {
      case .array(let list)?: values = list
      case let value?: values = [value]
      case nil: values = []
      }
      return values.compactMap { if case .integer(let id) = $0 { (key, Int(id)) } else { nil } }
    }
  }

  /// The largest ids in the files of the tokenizer.
  private static func tokens(of subject: FolderSubject) -> [(name: String, token: TokenizerID)] {
    let limit = FolderSubject.tokenizerLimit
    var found: [(String, TokenizerID)] = []
    func add(_ name: String, _ tokens: [TokenizerID?]) {
      found += tokens.compactMap { $0.map { (name, $0) } }
    }
    if let document = subject.document("tokenizer.json", limit: limit) {
      add("tokenizer.json", TokenizerID.inTokenizer(document))
    }
    for name in ["vocab.json", "added_tokens.json"] {
      guard let document = subject.document(name, limit: limit) else { continue }
      add(
        name,
        [TokenizerID.inVocabulary(.object(document), place: "", isAdded: name == "added_tokens.json")])
    }
    if let bytes = subject.bytes("vocab.txt", limit: limit) { add("vocab.txt", [TokenizerID.inLines(bytes)]) }
    for name in ["tokenizer.model", "spiece.model", "sentencepiece.bpe.model"] {
      if let bytes = subject.bytes(name, limit: limit) { add(name, [TokenizerID.inPieces(bytes)]) }
    }
    return found
  }
}
