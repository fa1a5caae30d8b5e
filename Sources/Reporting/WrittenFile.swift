internal import Tensors

/// The file or the set of shards that `convert` wrote.
package struct WrittenFile: Sendable {
  /// The path as the user gave it.
  private let path: String
  private let tensors: Int
  /// The number of shards and their index; 1 for a single file.
  private let files: Int
  /// The bytes of all files.
  private let byteCount: Int

  package init(path: String, tensors: Int, files: Int, byteCount: Int) {
    self.path = path
    self.tensors = tensors
    self.files = files
    self.byteCount = byteCount
  }

  /// One line.
  package var text: String {
    let place = files > 1 ? " in \(files) files" : ""
    return
      "wrote \(PrintableText.line(path)): \(tensors) tensor\(tensors == 1 ? "" : "s"), "
      + "\(byteCount.grouped) bytes\(place)\n"
  }
}
