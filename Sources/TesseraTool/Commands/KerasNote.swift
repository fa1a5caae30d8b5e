internal import FlatFormats
internal import Reporting

/// The note about a file of Keras whose name makes Keras choose the wrong loader.
enum KerasNote {
  /// Prints the note if the file that was written needs it.
  static func tell(of path: String) {
    guard FlatFormats.needsOlderLoader(path) else { return }
    Output.standardError(
      WrappedSentence.text(
        "note: a file in Keras's older form; Keras loads it under a name that ends in .h5, and not in .weights.h5",
        width: Output.errorIsTerminal ? Terminal.errorWidth : nil))
  }
}
