internal import ArgumentParser
internal import Tessera

/// One of several models in SOURCE.
struct RootOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Take only the tensors of SOURCE whose names begin with ROOT and a dot, and remove that part.",
      discussion: "For files with several models: model_ema.module.",
      valueName: "root"))
  var root: String?

  func validate() throws {
    if let root, root.allSatisfy({ $0 == "." || $0 == "/" }) {
      throw ValidationError("--root: expected the first part of tensor names, found '\(root)'")
    }
  }

  /// The file, or the part of it below ROOT.
  func applied(to opened: OpenedFile) throws -> OpenedFile { try root.map(opened.below) ?? opened }
}
