internal import ByteFiles
package import ONNXGraph

/// An ONNX model whose files are stored without the elements of its tensors. Its graph is decoded once, on first use.
public final class StoredModel: Sendable {
  /// The model and the files of its external data.
  public let files: [HollowFile]
  private let path: String
  private let decoded = Once<Model>()

  /// - Parameter path: the graph's name in messages.
  public init(_ files: [HollowFile], path: String) {
    self.files = files
    self.path = path
  }

  /// The graph. It takes no more memory than its own bytes: the elements of tensors are holes of a sparse file.
  package var model: Model {
    get throws(GraphError) {
      try decoded.value { () throws(GraphError) in
        let file: ReadableFile
        do throws(FileError) { file = try sparseFile() } catch { throw .file(error) }
        return try Model(file)
      }
    }
  }

  private func sparseFile() throws(FileError) -> ReadableFile {
    guard let model = files.first else { return try NamelessFile().readable(as: path) }
    return try model.sparse(as: path)
  }
}

extension HollowFile {
  /// The file in memory, where holes take no space.
  func sparse(as path: String) throws(FileError) -> ReadableFile {
    let memory = try NamelessFile()
    if let size {
      for (position, range) in stretches { try memory.write(Array(bytes[range]), at: position) }
      try memory.extend(to: size)
    }
    return try memory.readable(as: path)
  }
}
