internal import ByteFiles
internal import Tensors

/// The metadata of a piece of a model: `split.count` pieces, of which this is `split.no`, counted from 0
/// (llama-gguf-split of llama.cpp). `split.tensors.count` is the number of tensors of all pieces.
enum GGUFSplit {
  private static let suffix = ".gguf"
  /// The command of llama.cpp that makes one file of the pieces.
  static func command(first: String) -> String { "llama-gguf-split --merge \(first) OUT\(suffix)" }

  /// Throws for one of several pieces: it has some tensors of the model only, and the metadata perhaps not.
  static func requireWhole(_ metadata: GGUFMetadata, path: String) throws(FlatFormatError) {
    func number(_ key: String) -> Int? { metadata.pairs.first { $0.key == key }.flatMap { Int($0.value) } }
    guard let count = number("split.count"), count > 1 else { return }
    let name = SystemPath.bareName(of: path)
    let piece =
      number("split.no").flatMap { (0..<count).contains($0) ? "piece \($0 + 1)" : nil } ?? "one piece"
    throw .refused(
      .ggufSplit, path: path, place: "metadata",
      expected: "a whole model; '\(command(first: first(of: name) ?? "FIRST-PIECE"))' joins the pieces",
      found: "\(piece) of \(count)")
  }

  /// Several files of a folder, one of which has the name of a piece.
  static func inWords(_ count: Int, _ piece: String) -> String {
    "\(count) files of weights, such as \(TensorName(piece).quoted); if they are pieces of one model, "
      + "'\(command(first: first(of: piece) ?? "FIRST-PIECE"))' joins them"
  }

  /// The name of the first of the numbered pieces; nil for names of another form.
  static func first(of name: String) -> String? {
    guard name.hasSuffix(suffix),
      let parts = ShardName.parts(of: String(name.dropLast(suffix.count)) + ShardName.suffix)
    else { return nil }
    let first = ShardName.numbered(parts.stem, 1, of: parts.count)
    return TensorName(String(first.dropLast(ShardName.suffix.count)) + suffix).escaped
  }
}
