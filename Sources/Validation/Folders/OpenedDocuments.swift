internal import ByteFiles
internal import Tensors

/// The JSON files of a folder, each opened once: for its own verdict and for rules about the folder.
final class OpenedDocuments {
  private var files: [TensorName: ReadableFile] = [:]
  /// The most files that stay open; a model has about ten.
  private static let limit = 256

  func file(_ path: String) throws(FileError) -> ReadableFile {
    if let known = files[TensorName(path)] { return known }
    let file = try ReadableFile(path: path)
    if path.hasSuffix(".json"), files.count < Self.limit { files[TensorName(path)] = file }
    return file
  }
}
