internal import ArgumentParser
internal import ByteFiles
internal import FlatFormats

/// The files that a command line names: those that are read, and those that are written.
///
/// If a file is in both groups, the command line is wrong; this is reported before any work is done. `FilesRead`
/// compares every output with files that are found later, such as shards, external data or a study's results.
enum DeclaredFiles {
  /// Throws if the output is one of the inputs. Files are compared by identity, so links and other spellings are
  /// recognised.
  ///
  /// - Parameters:
  ///   - output: its name in the usage text, and its path.
  ///   - inputs: the same for each input; the path is nil for an option that was not given.
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
