package import ByteFiles
internal import Synchronization
internal import Tensors

/// The files with a model's external data. Each is opened once, and only from the model's folder.
package final class ExternalFiles: Sendable {
  private let model: ReadableFile
  private let folder: String
  private let open = Mutex<[String: ReadableFile]>([:])

  /// More files than any exporter writes, and fewer than a process may open.
  private static let limit = 512

  package init(of model: ReadableFile) {
    self.model = model
    folder = SystemPath.folder(of: model.path)
  }

  /// Every file opened so far.
  package var all: [ReadableFile] { open.withLock { Array($0.values) } }

  /// The file with the elements of `tensor`, which take `byteCount` bytes, and the range of these bytes.
  package func range(
    of data: ExternalData, byteCount: Int, tensor: String
  ) throws(GraphError) -> (file: ReadableFile, range: Range<Int>) {
    let place = "tensor \(quoted(tensor))"
    let file = try file(data.location, place)
    let left = file.size - data.offset
    guard data.offset <= file.size, data.length ?? left <= left else {
      throw refusal(
        place, "its data within the \(file.size.grouped) bytes of \(quoted(data.location))",
        "offset \(data.offset)" + (data.length.map { ", length \($0)" } ?? ""))
    }
    guard data.length ?? left == byteCount else {
      throw refusal(place, "\(byteCount.grouped) bytes of external data", "\((data.length ?? left).grouped)")
    }
    return (file, data.offset..<(data.offset + byteCount))
  }

  private func file(_ location: String, _ place: String) throws(GraphError) -> ReadableFile {
    if let known = open.withLock({ $0[location] }) { return known }
    let file: ReadableFile
    do { file = try ReadableFile(named: location, within: folder) } catch {
      throw refusal(place, "a readable file in the model's folder", "\(quoted(location)): \(error.reason)")
    }
    guard file.identity != model.identity else {
      throw refusal(place, "external data in a separate file", "data in the model itself")
    }
    let isFull = open.withLock { files in
      files[location] = file
      return files.count > Self.limit
    }
    if isFull { throw refusal(place, "external data in at most \(Self.limit) files", "more") }
    return file
  }

  private func refusal(_ place: String, _ expected: String, _ found: String) -> GraphError {
    .refused(.external, path: model.path, place: place, expected: expected, found: found)
  }
}
