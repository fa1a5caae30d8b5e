internal import ArgumentParser

/// Options of every command that writes weights.
struct WritingOptions: ParsableArguments {
  @Flag(name: [.customShort("n"), .long], help: "Fail if DEST exists.")
  var noClobber = false

  @Flag(help: "Write dtypes that NumPy lacks (BF16, FP8) to NumPy files as raw bytes.")
  var opaque = false
}
