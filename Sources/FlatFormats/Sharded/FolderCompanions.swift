public import ByteFiles
internal import TensorStreams
internal import Tensors

/// The files of a model's folder other than its weights.
public struct FolderCompanions: Sendable {
  /// The files that belong to the model, by name.
  public let files: [CompanionFile]
  /// The names of all other files and folders, and of files that are too large or cannot be read.
  public let leftOut: [String]

  /// The most bytes of one file; a tokenizer of 256,000 tokens has 35 MB.
  static let fileLimit = 64 << 20
  /// The most files; a model has about ten.
  static let countLimit = 256
  /// The most bytes of all files; a checkpoint has room for 128 MiB, with the headers of the weights.
  static let totalLimit = 96 << 20

  /// Files that Hugging Face's libraries write beside the weights.
  private static let known: Set<String> = [
    "config.json", "generation_config.json", "adapter_config.json", "tokenizer.json", "tokenizer.model",
    "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json", "vocab.txt",
    "merges.txt", "spiece.model", "source.spm", "target.spm", "sentencepiece.bpe.model", "tekken.json",
    "chat_template.jinja", "chat_template.json", "preprocessor_config.json", "processor_config.json",
    "video_preprocessor_config.json", "normalizer.json", "modules.json", "sentence_bert_config.json",
    "config_sentence_transformers.json", "README.md", "USE_POLICY.md", "requirements.txt",
  ]
  private static let prefixes = ["LICENSE", "LICENCE", "NOTICE"]
  /// The folder with further chat templates.
  private static let templates = "additional_chat_templates"
  /// Weights in the folder of a module of sentence-transformers, such as a dense layer; they are not cut.
  private static let moduleWeights: Set<String> = ["model.safetensors", "pytorch_model.bin"]

  /// - Parameter weights: the names of the files with weights, and of their index.
  init(in folder: ShardFolder, beside weights: Set<String>) throws(FlatFormatError) {
    var files: [CompanionFile] = []
    var leftOut: [String] = []
    var total = 0
    // Python code can belong to the model. It is copied, never run.
    for name in try Self.names(in: folder) where !weights.contains(name) {
      guard Self.isKnown(name), files.count < Self.countLimit, let bytes = Self.bytes(of: name, in: folder),
        total + bytes.count <= Self.totalLimit
      else {
        leftOut.append(name)
        continue
      }
      total += bytes.count
      files.append(CompanionFile(name: name, bytes: bytes))
    }
    self.files = files
    self.leftOut = leftOut
  }

  /// The names in the folder; in place of a folder that may have files of the model, the paths of its files.
  private static func names(in folder: ShardFolder) throws(FlatFormatError) -> [String] {
    var names: [String] = []
    for name in try folder.names() {
      guard name == templates || isModule(name[...]), SystemPath.isLink(folder.file(name)) == false,
        let below = ShardFolder(folder.file(name)),
        case let files = try below.names(), !files.isEmpty
      else {
        names.append(name)
        continue
      }
      names += files.map { "\(name)/\($0)" }
    }
    return names
  }

  /// Whether a name is that of a file that is kept; names from a checkpoint are held to the same.
  static func isKnown(_ name: String) -> Bool {
    guard CompanionFile.isInside(name) else { return false }
    guard let slash = name.unicodeScalars.firstIndex(of: "/") else {
      return FlatFormats.kind(forName: name) == nil
        && (known.contains(name) || prefixes.contains(where: name.hasPrefix) || name.hasSuffix(".py"))
    }
    let (folder, file) = (
      name[..<slash], String(name.unicodeScalars[name.unicodeScalars.index(after: slash)...])
    )
    if folder == templates { return file.hasSuffix(".jinja") && !file.contains("/") }
    return isModule(folder) && (known.contains(file) || moduleWeights.contains(file))
  }

  /// Whether a folder has the name of a module of sentence-transformers: a number and a class, as in `1_Pooling`.
  private static func isModule(_ name: Substring) -> Bool {
    name.wholeMatch(of: #/[0-9]{1,3}_[A-Za-z]+/#) != nil
  }

  /// The bytes of a file; nil if it cannot be read, is too large, or is a link that leads out of the folder.
  private static func bytes(of name: String, in folder: ShardFolder) -> [UInt8]? {
    guard let path = try? folder.pathOfShard(name), let file = try? ReadableFile(path: path),
      file.size <= fileLimit
    else { return nil }
    return try? file.bytes(at: 0, count: file.size)
  }
}

extension FlatFormats {
  /// The other files of the folder that has the weights; nil if the user did not name a folder or an index.
  ///
  /// - Parameter path: the path that was opened as `source`.
  public static func companions(
    of source: any FlatWeightsSource, openedAs path: String
  ) throws(FlatFormatError) -> FolderCompanions? {
    if let rooted = source as? RootedWeights { return try companions(of: rooted.whole, openedAs: path) }
    let isSet = source.kind == .shardedSafetensors
    guard let folder = ShardFolder(path) ?? (isSet ? ShardFolder(ofFile: path) : nil) else { return nil }
    var weights = Set(source.files.map(SystemPath.bareName))
    if let index = source.shardSet?.index { weights.insert(index.name) }
    // Other weights are reported by the source.
    weights.formUnion(source.leftOut.map(\.name))
    return try FolderCompanions(in: folder, beside: weights)
  }
}
