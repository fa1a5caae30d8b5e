internal import ArgumentParser
internal import ByteFiles
internal import FlatFormats

/// The files on a command line: those that are read, and those that are written.
///
/// A file among both is a mistake, which is reported before any work is done. `FilesRead` compares every output with
/// files that are found later, such as shards, external data or a study's results.
enum DeclaredFiles {
  /// Throws if the output is one of the inputs, by identity, so that links and other spellings are recognised.
  ///
  /// - Parameters:
  ///   - output: its name in the usage, and its path.
  ///   - inputs: the same for each input; an option that was not given has no path.
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
