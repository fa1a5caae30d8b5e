internal import ArgumentParser
internal import ByteFiles
internal import FlatFormats

/// The files that a command line names: what is read, and what is written.
///
/// A name that leads to the same file under both is a slip in the line, and found before any work is done. `FilesRead`
/// holds every output against what is only found on the way, such as shards, external data or a study's results.
enum DeclaredFiles {
  /// Throws where the output is one of the inputs, by identity: links and other spellings are seen through.
  ///
  /// - Parameters:
  ///   - output: its name in the usage, and its path.
  ///   - inputs: the same of what is read; an option that was not given has no path.
  static func require(
    _ output: (name: String, path: String?), apartFrom inputs: KeyValuePairs<String, String?>
  ) throws(ValidationError) {
    guard let path = output.path, let identity = FileIdentity(path: path) else { return }
    for (name, input) in inputs {
      guard let input, FileIdentity(path: input) == identity else { continue }
      let kind = FlatFormats.isFolder(path) ? "folder" : "file"
      throw ValidationError(
        "\(output.name) '\(path)' would replace \(name): they are the same \(kind), which this command reads")
    }
  }
}
