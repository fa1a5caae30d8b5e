internal import ByteFiles
internal import Tensors

/// The JSON files of a folder, each opened once: for its own verdict and for rules about the folder.
final class OpenedDocuments {
  private var files: [TensorName: ReadableFile] = [:]

  func file(_ path: String) throws(FileError) -> ReadableFile {
    if let known = files[TensorName(path)] { return known }
    let file = try ReadableFile(path: path)
    if path.hasSuffix(".json"), files.count < OpenFileLimit.kept { files[TensorName(path)] = file }
    return file
  }
}
